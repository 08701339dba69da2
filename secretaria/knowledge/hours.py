"""When the business is open and when people answer, always judged in its own time zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from secretaria.knowledge.business import BusinessCard, WeekHours
from secretaria.knowledge.tables import Interval

SATURDAY = 5
SUNDAY = 6
LOOKED_BACK = timedelta(days=31)


def is_attended(card: BusinessCard, at: datetime) -> bool:
    """Say whether people of the team answer at an aware moment."""
    return _covers(card, card.hours.human, at)


def open_units(card: BusinessCard, at: datetime) -> tuple[str, ...]:
    """Return the units that are open at an aware moment, none on a closed holiday."""
    return tuple(name for name, hours in card.hours.units.items() if _covers(card, hours, at))


def is_closed(card: BusinessCard, day: date) -> bool:
    """Say whether no unit opens on a day, being a closed holiday or a day of the week without hours."""
    return is_holiday(card, day) or not any(interval_of(hours, day) for hours in card.hours.units.values())


def is_holiday(card: BusinessCard, day: date) -> bool:
    """Say whether the owner closed this date."""
    return day in card.hours.closed_dates


def interval_of(hours: WeekHours, day: date) -> Interval | None:
    """Return when a place opens on a day of the week, whatever the holidays; None where it does not."""
    return {SATURDAY: hours.saturday, SUNDAY: hours.sunday}.get(day.weekday(), hours.weekdays)


def open_seconds(card: BusinessCard, since: datetime, until: datetime) -> float:
    """Return how many seconds of business hours lie between two aware moments: some unit is open or the team answers.

    Args:
        card: Whose hours they are.
        since: More than a month before the other it counts as a month before.
        until: The later moment.
    """
    zone = card.identity.timezone
    begun, ended = max(since, until - LOOKED_BACK).astimezone(zone), until.astimezone(zone)
    seconds, day = 0.0, begun.date()
    while day <= ended.date():
        found = [interval_of(hours, day) for hours in (card.hours.human, *card.hours.units.values())]
        spans = [interval for interval in found if interval is not None]
        if spans and not is_holiday(card, day):
            opens = datetime.combine(day, min(span.opens for span in spans), zone)
            closes = datetime.combine(day, max(span.closes for span in spans), zone)
            seconds += max((min(closes, ended) - max(opens, begun)).total_seconds(), 0.0)
        day += timedelta(days=1)
    return seconds


def opening_lines(card: BusinessCard) -> list[str]:
    """Return one Portuguese line for each unit, then one for the team that answers messages."""
    lines = [f"{name.replace('_', ' ')}: {_week(hours)}" for name, hours in card.hours.units.items()]
    return [*lines, f"equipe humana nas mensagens: {_week(card.hours.human)}"]


def _covers(card: BusinessCard, hours: WeekHours, at: datetime) -> bool:
    local = at.astimezone(card.identity.timezone)
    interval = None if is_holiday(card, local.date()) else interval_of(hours, local.date())
    return interval is not None and interval.opens <= local.time() < interval.closes


def _week(hours: WeekHours) -> str:
    days = {"segunda a sexta": hours.weekdays, "sábado": hours.saturday, "domingo": hours.sunday}
    return "; ".join(f"{day} {_hours(interval)}" for day, interval in days.items())


def _hours(interval: Interval | None) -> str:
    return f"{interval.opens:%H:%M}-{interval.closes:%H:%M}" if interval else "fechado"
