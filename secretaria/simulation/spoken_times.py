"""Clock times, dates and money in Portuguese sentences, written one way so that they can be compared."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, time

CLOCK = re.compile(
    r"(?<![\d/,.])([01]?\d|2[0-3])(?:\s?h(?:oras?)?\s?([0-5]\d)(?!\d)|\s?h(?:oras?\b|rs?\b|\b)|:([0-5]\d)(?::00)?(?:\s?h\b)?(?!\d))"
)
DAY = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})(?:/(\d{4}))?(?![\d/])")
MONEY = re.compile(r"r\$\s*(\d{1,3}(?:\.\d{3})+|\d+)(?:,(\d{2}))?(?!\d)")


def canonical(text: str) -> str:
    """Return a text without accents and case, times as ``15:30``, money as ``r$1290`` or ``r$1290,50``, single spaces."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    plain = MONEY.sub(lambda found: _money(found[1], found[2]), plain)
    plain = CLOCK.sub(lambda found: f"{int(found[1]):02d}:{found[2] or found[3] or '00'}", plain)
    return " ".join(plain.split())


def clock_times(text: str) -> list[time]:
    """Return the times of a text in order."""
    return [time(int(found[1]), int(found[2] or found[3] or 0)) for found in CLOCK.finditer(text.casefold())]


def days(text: str, near: date) -> list[date]:
    """Return the dates written as ``17/08`` or ``17/08/2026`` in order; without a year, the next such day from ``near``."""
    found = []
    for day, month, year in DAY.findall(text):
        try:
            chosen = date(int(year or near.year), int(month), int(day))
            found.append(chosen if year or chosen >= near else chosen.replace(year=near.year + 1))
        except ValueError:
            continue
    return found


def _money(whole: str, cents: str | None) -> str:
    return f"r${whole.replace('.', '')}" + (f",{cents}" if cents and cents != "00" else "")
