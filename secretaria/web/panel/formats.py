"""How values are written on a page: moments in the business's zone, numbers as in Brazil, text without tricks; pure."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from secretaria.privacy import mask_number

# Controls and direction marks can make a page read otherwise than it is written (CVE-2021-42574 is the same trick in code).
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
REPLACED = "\N{REPLACEMENT CHARACTER}"
MINUTE, HOUR, DAY = 60, 3600, 86_400
MICROS = 1_000_000
UNKNOWN = "–"
WEEKDAYS = ("segunda", "terça", "quarta", "quinta", "sexta", "sábado", "domingo")
MONTHS = (
    "janeiro", "fevereiro", "março", "abril", "maio", "junho",
    "julho", "agosto", "setembro", "outubro", "novembro", "dezembro",
)  # fmt: skip
SHORT = 3


def neutralised(value: Any) -> Any:  # noqa: ANN401  # what a template puts out may be anything
    """Replace what is not seen in a text, wherever it stands on a page; markup of ours stays."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return UNSEEN.sub(REPLACED, value)
    return value


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Write a moment in full: ``25/11/2026 14:05``."""
    return f"{at.astimezone(zone):%d/%m/%Y %H:%M}"


def short_moment(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Write a moment as shortly as it is still clear: the hour today, the day before that, the year of another one."""
    local, today = at.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    return f"{local:%d/%m %H:%M}" if local.year == today.year else f"{local:%d/%m/%Y}"


def hour(at: datetime, zone: ZoneInfo) -> str:
    """Write the time of day: ``14:05``."""
    return f"{at.astimezone(zone):%H:%M}"


def long_day(day: date) -> str:
    """Write a day in full: ``quarta, 25 de novembro de 2026``."""
    return f"{WEEKDAYS[day.weekday()]}, {day.day} de {MONTHS[day.month - 1]} de {day.year}"


def short_day(day: date) -> str:
    """Write a day in a narrow column: ``qua 25/11``."""
    return f"{WEEKDAYS[day.weekday()][:SHORT]} {day:%d/%m}"


def span(length: timedelta | float | None) -> str:
    """Write how long something took: ``45 s``, ``3 min``, ``1 h 05``, ``2 d 3 h``."""
    if length is None:
        return UNKNOWN
    seconds = max(0, round(length.total_seconds() if isinstance(length, timedelta) else length))
    if seconds < MINUTE:
        return f"{seconds} s"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min"
    if seconds < DAY:
        return f"{seconds // HOUR} h {seconds % HOUR // MINUTE:02d}"
    return f"{seconds // DAY} d {seconds % DAY // HOUR} h"


def number(value: float | None, places: int = 0) -> str:
    """Write a number as in Brazil: ``1.234,5``."""
    if value is None:
        return UNKNOWN
    return f"{value:,.{places}f}".translate(str.maketrans(",.", ".,"))


def masked(number: str | None) -> str:
    """Write a phone number as those may see it who need not know whose it is."""
    return mask_number(number) if number else UNKNOWN


def percent(share: float | None) -> str:
    """Write a share of one in per cent."""
    return UNKNOWN if share is None else f"{share * 100:.0f}%"


def dollars(micros: int | None) -> str:
    """Write micro-dollars, in which models are paid: ``US$ 0,0123``."""
    if micros is None:
        return UNKNOWN
    return f"US$ {number(micros / MICROS, 2 if micros >= MICROS else 4)}"
