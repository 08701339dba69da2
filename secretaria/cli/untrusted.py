"""What customers wrote, as a terminal may show it: nothing in it moves the cursor, turns the line around or ends it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping

LINE_BREAK = " ⏎ "
JOINER = "\u200d"  # holds the parts of one emoji together, and can do nothing else
UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
LEADING_TO_TROUBLE = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def shown(text: str, limit: int | None = None) -> str:
    """Return a text on one line, what cannot be seen written out.

    Args:
        text: As it came.
        limit: Characters after which it is cut; None for all of it.
    """
    lines = text.replace("\r\n", "\n").replace("\n", LINE_BREAK).replace("\t", " ")
    safe = "".join(_visible(character) for character in lines)
    return safe if limit is None or len(safe) <= limit else safe[: limit - 1] + "…"


def json_line(value: Mapping[str, object]) -> str:
    """Return one line of JSON that does nothing to a terminal it is printed on, and reads back as it was."""
    written = json.dumps(value, ensure_ascii=False, default=str)
    return UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", written)


def _visible(character: str) -> str:
    if character == JOINER or unicodedata.category(character) not in LEADING_TO_TROUBLE:
        return character
    return f"<{ord(character):02x}>"
