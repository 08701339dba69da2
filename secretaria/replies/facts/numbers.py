"""Numbers as they are written and said: ``1.290,00``, ``mil duzentos e noventa``, ``meia dúzia`` is not one of them."""

from __future__ import annotations

import re
from decimal import Decimal

UNITS = {
    "zero": 0, "um": 1, "uma": 1, "dois": 2, "duas": 2, "tres": 3, "quatro": 4, "cinco": 5, "seis": 6, "sete": 7,
    "oito": 8, "nove": 9, "dez": 10, "onze": 11, "doze": 12, "treze": 13, "quatorze": 14, "catorze": 14,
    "quinze": 15, "dezesseis": 16, "dezessete": 17, "dezoito": 18, "dezenove": 19, "vinte": 20, "trinta": 30,
    "quarenta": 40, "cinquenta": 50, "sessenta": 60, "setenta": 70, "oitenta": 80, "noventa": 90, "cem": 100,
    "cento": 100, "duzentos": 200, "duzentas": 200, "trezentos": 300, "trezentas": 300, "quatrocentos": 400,
    "quinhentos": 500, "seiscentos": 600, "setecentos": 700, "oitocentos": 800, "novecentos": 900,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100,
    "uno": 1, "dos": 2, "cuatro": 4, "siete": 7, "ocho": 8, "nueve": 9, "diez": 10, "veinte": 20, "treinta": 30,
    "cuarenta": 40, "cien": 100,
}  # fmt: skip
THOUSAND = "mil"
DIGITS = r"\d{1,3}(?:\.\d{3})+(?:,\d{1,2})?|\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?(?!\d)|\d{1,9}(?:[.,]\d{1,2})?(?!\d)"
_WORD = "|".join(sorted([*UNITS, THOUSAND], key=len, reverse=True))
SPELLED = rf"(?:{_WORD})(?: (?:e )?(?:{_WORD})){{0,9}}(?![a-z])"


def amount(digits: str) -> Decimal:
    """Return the value of digits with separators; the last one followed by one or two digits marks the cents."""
    head, mark, tail = digits.replace(",", ".").rpartition(".")
    if mark and len(tail) <= 2:  # noqa: PLR2004 - cents have at most two digits
        return Decimal(f"{head.replace('.', '') or '0'}.{tail}").normalize()
    return Decimal(digits.replace(".", "").replace(",", "")).normalize()


def spelled(words: str) -> Decimal:
    """Return the value of a number in words, for instance ``mil duzentos e noventa``."""
    total = group = 0
    for word in re.findall(r"[a-z]+", words):
        if word == THOUSAND:
            total, group = total + (group or 1) * 1000, 0
        else:
            group += UNITS.get(word, 0)
    return Decimal(total + group).normalize()


def value_of(text: str) -> Decimal:
    """Return the value of a number in digits or in words."""
    return amount(text) if text[:1].isdigit() else spelled(text)
