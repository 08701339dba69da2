"""Which moments are free: openings minus what is booked, by the rules of the business; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from secretaria.knowledge.agenda_rules import Agenda, Grade
from secretaria.knowledge.business import BusinessCard
from secretaria.knowledge.hours import SATURDAY, SUNDAY, interval_of, is_holiday
from secretaria.knowledge.tables import Interval

PERIODS = {
    "manha": Interval(time(0), time(12)),
    "tarde": Interval(time(12), time(18)),
    "noite": Interval(time(18), time.max),
}


@dataclass(frozen=True, slots=True)
class Opening:
    """A moment that may be offered if nothing stands against it; ``slot_id`` where the business listed it."""

    unit: str
    starts_at: datetime
    slot_id: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A live booking: where, when, on which seat, and whether it was imported."""

    unit: str
    starts_at: datetime
    ends_at: datetime
    lane: int = 0
    imported: bool = False


@dataclass(frozen=True, slots=True)
class Slot:
    """A free moment for something that is to be booked; ``lane`` is the seat it would take."""

    kind: str
    unit: str
    starts_at: datetime
    ends_at: datetime
    slot_id: int | None
    lane: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What is looked for: a kind, where (None for anywhere), on which days, in which period of the day."""

    kind: str
    unit: str | None
    first: date
    last: date
    period: str | None = None


def free_slots(
    card: BusinessCard, agenda: Agenda, listed: Sequence[Opening], taken: Sequence[Taken], wish: Wish, now: datetime
) -> list[Slot]:
    """Return what is free for a wish, by time and then by unit.

    Args:
        card: The business: zone, hours, closed dates.
        agenda: Its rules of booking.
        listed: The slots it listed itself and that no live booking fills.
        taken: The live bookings around these days.
        wish: What is looked for.
        now: The present moment; nothing is free before it and the minimum notice.
    """
    zone = card.identity.timezone
    openings = [*listed, *_weekly(card, agenda, wish)]
    earliest = now + timedelta(hours=agenda.minimum_notice_hours)
    found: dict[tuple[datetime, str], Slot] = {}
    for opening in openings:
        if wish.unit not in {None, opening.unit} or opening.starts_at < earliest:
            continue
        if not _is_within(opening.starts_at.astimezone(zone), card, wish):
            continue
        slot = fit(agenda, opening, wish.kind, taken)
        if slot is not None:
            found.setdefault((slot.starts_at, slot.unit), slot)
    return [found[key] for key in sorted(found)]


def fit(agenda: Agenda, opening: Opening, kind: str, taken: Sequence[Taken]) -> Slot | None:
    """Return the slot that a kind takes from an opening, on its first free seat; None where none is free.

    An imported booking that was under way when a listed slot begins does not stand against it: the business listed
    both, so they are on different seats.
    """
    ends_at = opening.starts_at + timedelta(minutes=agenda.minutes_of(kind))
    overlapping = [
        one for one in taken if one.unit == opening.unit and one.starts_at < ends_at and opening.starts_at < one.ends_at
    ]
    against = [
        one
        for one in overlapping
        if not (opening.slot_id is not None and one.imported and one.starts_at <= opening.starts_at)
    ]
    grade = agenda.grades.get(opening.unit)
    if len(against) >= (grade.seats if grade else 1):
        return None
    lanes = {one.lane for one in overlapping}
    lane = next(number for number in range(len(overlapping) + 1) if number not in lanes)
    return Slot(kind, opening.unit, opening.starts_at, ends_at, opening.slot_id, lane)


def spans_of(card: BusinessCard, unit: str, day: date) -> tuple[Interval, ...]:
    """Return when somebody is in a unit on a day: its hours, or what its grade says; nothing on a closed date."""
    if is_holiday(card, day):
        return ()
    grade = card.agenda.grades.get(unit) if card.agenda else None
    return _open_on(card, grade or Grade(), unit, day)


def local_moment(day: date, at: time, zone: ZoneInfo) -> datetime | None:
    """Return a wall-clock time as a moment in UTC; None where the clocks skip it."""
    local = datetime.combine(day, at, tzinfo=zone)
    moment = local.astimezone(UTC)
    return moment if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None) else None


def _is_within(local: datetime, card: BusinessCard, wish: Wish) -> bool:
    if not wish.first <= local.date() <= wish.last or is_holiday(card, local.date()):
        return False
    period = PERIODS.get(wish.period or "")
    return period is None or period.opens <= local.time() < period.closes


def _weekly(card: BusinessCard, agenda: Agenda, wish: Wish) -> Iterator[Opening]:
    length = timedelta(minutes=agenda.minutes_of(wish.kind))
    for unit, grade in agenda.grades.items():
        if wish.unit not in {None, unit}:
            continue
        step = timedelta(minutes=grade.step_minutes) if grade.step_minutes else length
        for offset in range((wish.last - wish.first).days + 1):
            day = wish.first + timedelta(days=offset)
            for interval in _open_on(card, grade, unit, day):
                yield from _grid(unit, day, interval, step, length, card.identity.timezone)


def _open_on(card: BusinessCard, grade: Grade, unit: str, day: date) -> tuple[Interval, ...]:
    own = {SATURDAY: grade.saturday, SUNDAY: grade.sunday}.get(day.weekday(), grade.weekdays)
    if own is not None:
        return own
    interval = interval_of(card.hours.units[unit], day)
    return (interval,) if interval else ()


def _grid(
    unit: str, day: date, interval: Interval, step: timedelta, length: timedelta, zone: ZoneInfo
) -> Iterator[Opening]:
    """Walk along the wall clock, so that nine o'clock stays nine o'clock on a day the clocks change."""
    at = datetime.combine(day, interval.opens)
    closes = local_moment(day, interval.closes, zone)
    while closes is not None and at.date() == day:
        moment = local_moment(day, at.time(), zone)
        if moment is not None and moment + length <= closes:
            yield Opening(unit, moment)
        elif at.time() >= interval.closes:
            return
        at += step
