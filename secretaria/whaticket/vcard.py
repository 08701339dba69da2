"""Finds the name on a contact card (vCard)."""

from __future__ import annotations

import re

_FULL_NAME = re.compile(r"^(?:[\w-]+\.)?FN(?:;[^:\n]*)?:(.*)$", re.MULTILINE | re.IGNORECASE)
_LINE_BREAK = re.compile(r"\r\n?")
_ESCAPED = re.compile(r"\\(.)")


def vcard_name(card: object) -> str:
    """Return the full name (FN) written on a vCard, or an empty string."""
    if not isinstance(card, str):
        return ""
    lines = _LINE_BREAK.sub("\n", card).replace("\n ", "").replace("\n\t", "")
    found = _FULL_NAME.search(lines)
    return _ESCAPED.sub(lambda escaped: " " if escaped[1] in "nN" else escaped[1], found[1]).strip() if found else ""
