"""The next two weeks written out, so that the model never has to work out a weekday or guess a closed day."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from secretaria.knowledge.business import BusinessCard
from secretaria.knowledge.hours import is_closed, is_holiday

DAYS = 14
WEEKDAYS = ("segunda", "terça", "quarta", "quinta", "sexta", "sábado", "domingo")
SHORT_WEEKDAY = 3
NAMED_DAYS = ("hoje", "amanhã")


def calendar_lines(now: datetime, card: BusinessCard) -> list[str]:
    """Return one line for each of the next 14 days, today first, in the zone of the business.

    Args:
        now: An aware moment.
        card: The business, for its zone, hours and closed holidays.
    """
    today = now.astimezone(card.identity.timezone).date()
    return [_line(today, ahead, card) for ahead in range(DAYS)]


def written_moment(now: datetime, card: BusinessCard) -> str:
    """Return a moment in the zone of the business, for instance ``segunda 10/08/2026 09:14``."""
    local = now.astimezone(card.identity.timezone)
    return f"{WEEKDAYS[local.weekday()]} {local:%d/%m/%Y %H:%M}"


def _line(today: date, ahead: int, card: BusinessCard) -> str:
    day = today + timedelta(days=ahead)
    notes = list(NAMED_DAYS[ahead : ahead + 1])
    if is_closed(card, day):
        notes.append("fechado, feriado" if is_holiday(card, day) else "fechado")
    written = f"{WEEKDAYS[day.weekday()][:SHORT_WEEKDAY]} {day:%d/%m}"
    return f"{written} ({', '.join(notes)})" if notes else written
