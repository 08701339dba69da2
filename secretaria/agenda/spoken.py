"""What a text says of times and days, and how people write them: accents, case and any script's digits; pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEKDAYS = ("segunda", "terca", "quarta", "quinta", "sexta", "sabado", "domingo")
WRITTEN_WEEKDAYS = ("segunda", "terça", "quarta", "quinta", "sexta", "sábado", "domingo")
SHORT = 3
HALF_A_DAY = 12
LAST_HOUR, LAST_MINUTE = 23, 59
CLOCK = re.compile(
    r"(?<![\d/.,:])(?P<hour>\d{1,2})\s?(?:h(?:rs?|s|oras?)?\b\s?(?P<half>e meia)?|(?:[h:](?P<minute>\d{2})(?!\d)))"
)
BARE = re.compile(r"\b(?:as|pelas|das|umas|la pelas|pras?|ate as)\s+(?P<hour>\d{1,2})(?P<half> e meia)?(?![\d/:h])\b")
ALONE = re.compile(r"\s*(?P<hour>\d{1,2})\s*[.!]*\s*")
SPOKEN_HOURS = {"meio dia": time(12), "meio-dia": time(12), "meia noite": time(0), "meia-noite": time(0)}
DAY_AND_MONTH = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})(?!\d)")
DAY_ALONE = re.compile(r"\bdia (\d{1,2})\b")


def plain(text: str) -> str:
    """Return a text without accents and case, digits of any script as 0 to 9, blanks collapsed."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    kept = (_plain_character(character) for character in decomposed if not unicodedata.combining(character))
    return " ".join("".join(kept).split())


def same_word(one: str, other: str) -> bool:
    """Say whether two names are the same but for accents, case and the sign between words."""
    return _name(one) == _name(other)


def times_in(text: str) -> set[time]:
    """Return the times of day that a text names; ``as 7`` counts as seven, and so does a message that is only ``7``."""
    said = plain(text)
    found = {at for words, at in SPOKEN_HOURS.items() if words in said}
    matches: Iterator[re.Match[str]] = (match for form in (CLOCK, BARE) for match in form.finditer(said))
    alone = ALONE.fullmatch(said)
    return found | {at for match in matches if (at := _time(match)) is not None} | _alone(alone)


def same_time(said: time, meant: time) -> bool:
    """Say whether a time that was said may mean another one: twelve hours apart is how people say the afternoon."""
    return said.minute == meant.minute and said.hour % HALF_A_DAY == meant.hour % HALF_A_DAY


def names_day(text: str, day: date, today: date) -> bool:
    """Say whether a text names a day: its weekday, ``hoje``, ``amanha``, ``14/08`` or ``dia 14``."""
    said = plain(text)
    words = set(re.findall(r"\w+", said))
    if WEEKDAYS[day.weekday()] in words or WEEKDAYS[day.weekday()][:SHORT] in words:
        return True
    if ("hoje" in words or "hj" in words) and day == today:
        return True
    if words & {"amanha", "amnh", "amanh"} and day == today + timedelta(days=1):
        return True
    numbers = {(int(a), int(b)) for a, b in DAY_AND_MONTH.findall(said)}
    return (day.day, day.month) in numbers or str(day.day) in DAY_ALONE.findall(said) or str(day) in said


def written_day(day: date) -> str:
    """Return a day as the prompt and the tools write it, ``terça 11/08/2026``."""
    return f"{WRITTEN_WEEKDAYS[day.weekday()]} {day:%d/%m/%Y}"


def written_at(at: datetime, zone: ZoneInfo) -> str:
    """Return a moment in the zone of the business, ``terça 11/08/2026 19:00``."""
    local = at.astimezone(zone)
    return f"{written_day(local.date())} {local:%H:%M}"


def written_name(name: str) -> str:
    """Return the name of a kind or unit as people read it."""
    return name.replace("_", " ")


def written_code(text: str) -> str:
    """Return the code of a booking as it is kept, however somebody typed it."""
    return plain(text).upper().replace("\0", "")


def _plain_character(character: str) -> str:
    return str(unicodedata.decimal(character)) if character.isdecimal() else character


def _name(text: str) -> str:
    return re.sub(r"[\W_]+", " ", plain(text)).strip()


def _alone(match: re.Match[str] | None) -> set[time]:
    at = _time(match) if match is not None else None
    return {at} if at is not None else set()


def _time(match: re.Match[str]) -> time | None:
    parts = match.groupdict()
    hour = int(parts["hour"])
    minute = int(parts.get("minute") or 0) if not parts.get("half") else 30
    return time(hour, minute) if hour <= LAST_HOUR and minute <= LAST_MINUTE else None
