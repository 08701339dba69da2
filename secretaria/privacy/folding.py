"""One reading of a text for whoever looks for personal data: plain digits and letters, with the way back to the original."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

ESCAPED = re.compile(
    r"\\u[0-9a-fA-F]{4}"  # JSON
    r"|\\+[\"']"  # a quote inside a quoted text, however often it was quoted
    r"|(?:\\x[c-fC-F][0-9a-fA-F])(?:\\x[89abAB][0-9a-fA-F]){1,3}"  # UTF-8 in the repr of bytes
    r"|%[c-fC-F][0-9a-fA-F](?:%[89abAB][0-9a-fA-F]){1,3}"  # UTF-8 in a URL
    r"|%(?:09|0[aAdD]|2[0-2689b-fB-F]|3[a-dA-DfF]|40|7[bdBD])"  # punctuation in a URL
    r"|\\x[0-9a-fA-F]{2}|\\[nrtbf\\/]"
    r"|&#(?:x[0-9a-fA-F]{1,5}|[0-9]{1,6});|&(?:nbsp|amp|commat|plus|quot);"
    r"|\x1b\[[0-9;]{0,20}[A-Za-z]"  # colours of a terminal
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
)
FOREIGN = re.compile(r"[^\x00-\x7f]+")
CONTROL = {"n": "\n", "r": "\n", "t": " ", "b": "", "f": " "}
ENTITIES = {"&nbsp;": " ", "&amp;": "&", "&commat;": "@", "&plus;": "+", "&quot;": "”"}
FOLDS = {
    "“": "”", "„": "”", "−": "-", "·": ".", "•": ".", "∙": ".", "⁄": "/", "∕": "/",
    "\u2028": "\n", "\u2029": "\n", "\x85": "\n", "\u2800": " ", "\u3164": "", "\u115f": "", "\u1160": "", "\uffa0": "",
}  # fmt: skip
DROPPED_CATEGORIES = {"Cf", "Mn", "Me"}  # joiners, direction marks, variation selectors, accents, keycaps
LAST_CODE_POINT = 0x10FFFF


@dataclass(frozen=True, slots=True)
class Folded:
    """A text as it is searched.

    Attributes:
        text: The original.
        plain: The same with ASCII digits, without accents, invisible characters and escapes.
        low: The same in small letters, position by position.
        starts: Where each folded character begins in the original; None where both are the same.
    """

    text: str
    plain: str
    low: str
    starts: Sequence[int] | None

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Return the place in the original of a place in the folded text; what was dropped goes with what it follows."""
        if self.starts is None:
            return start, end
        return self.starts[start], self.starts[end] if end < len(self.starts) else len(self.text)


def fold(text: str) -> Folded:
    """Fold a text; every folded character stands for a whole piece of the original, never for half an escape."""
    if text.isascii() and ESCAPED.search(text) is None:
        return Folded(text, text, text.lower(), None)
    plain: list[str] = []
    starts: list[int] = []
    position = 0
    for escape in ESCAPED.finditer(text):
        _take(text, position, escape.start(), plain, starts)
        character = _unescape(escape[0])
        if character:
            plain.append(character)
            starts.append(escape.start())
        position = escape.end()
    _take(text, position, len(text), plain, starts)
    folded = "".join(plain)
    low = folded.lower()
    if len(low) != len(folded):  # a few letters of other alphabets become two
        low = "".join(map(_small, folded))
    return Folded(text, folded, low, starts)


def _take(text: str, start: int, end: int, plain: list[str], starts: list[int]) -> None:
    for piece in FOREIGN.finditer(text, start, end):
        if start < piece.start():
            plain.append(text[start : piece.start()])
            starts.extend(range(start, piece.start()))
        start = piece.end()
        for position in range(piece.start(), start):
            folded = fold_character(text[position])
            if folded:
                plain.append(folded)
                starts.append(position)
    plain.append(text[start:end])
    starts.extend(range(start, end))


def _unescape(escape: str) -> str:
    if escape.startswith("\x1b") or len(escape) == 1:
        return ""
    if escape[-1] in "\"'":
        return "”"
    if escape.startswith("&"):
        return ENTITIES.get(escape) or _character(escape[2:-1].replace("x", "0x", 1))
    if escape.startswith("\\u"):
        return _character("0x" + escape[2:])
    if escape.startswith(("\\x", "%")):
        return _character_of(bytes.fromhex(escape.replace("\\x", "").replace("%", "")))
    return CONTROL.get(escape[1], escape[1])


def _character(number: str) -> str:
    code = int(number, 0) if number.startswith("0x") else int(number)
    return fold_character(chr(code)) if code <= LAST_CODE_POINT else " "


def _character_of(encoded: bytes) -> str:
    decoded = encoded.decode("utf-8", errors="replace")
    return fold_character(decoded[0])


@lru_cache(maxsize=8192)
def fold_character(character: str) -> str:
    """Return the one plain character that a character stands for, or nothing where it is invisible."""
    if character in FOLDS:
        return FOLDS[character]
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    category = unicodedata.category(character)
    if category in DROPPED_CATEGORIES or (category == "Cc" and character not in "\n\t\r"):
        return ""
    if category == "Zs":
        return " "
    if category == "Pd":
        return "-"
    kept = [part for part in unicodedata.normalize("NFKD", character) if unicodedata.category(part) != "Mn"]
    return kept[0] if len(kept) == 1 else character


@lru_cache(maxsize=8192)
def _small(character: str) -> str:
    small = character.lower()
    return small if len(small) == 1 else character
