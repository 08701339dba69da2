"""How the model is told of slots and bookings: compact, complete, and only what the database said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from zoneinfo import ZoneInfo

from secretaria.agenda.models import Booking, BookingState
from secretaria.agenda.offers import Change
from secretaria.agenda.slots import Slot
from secretaria.agenda.spoken import written_at, written_day, written_name
from secretaria.knowledge.agenda_rules import Agenda

HOURS_A_DAY = 24
STATES = {
    BookingState.BOOKED: "ainda não confirmada",
    BookingState.CONFIRMED: "confirmada",
    BookingState.CANCELLED: "cancelada",
}


def told_slots(slots: Sequence[Slot], zone: ZoneInfo) -> str:
    """Return one line a day: ``segunda 10/08/2026: centro 15:30, 17:00; palmeiras 18:30``."""

    def day_of(slot: Slot) -> date:
        return slot.starts_at.astimezone(zone).date()

    return "\n".join(
        f"{written_day(day)}: {_by_unit(list(of_day), zone)}" for day, of_day in groupby(slots, key=day_of)
    )


def told_booking(booking: Booking, zone: ZoneInfo, now: datetime) -> str:
    """Return one booking: code, what, where, when, how it stands, and how far away it is."""
    whose = f", para {booking.person}" if booking.person else ""
    far = f", faltam {_far(booking.starts_at - now)}" if booking.starts_at > now else ""
    what = f"{booking.code} {written_name(booking.kind)}, {written_name(booking.unit)}"
    return f"{what}, {written_at(booking.starts_at, zone)}{whose} ({STATES[BookingState(booking.state)]}{far})"


def told_when(change: Change, zone: ZoneInfo, agenda: Agenda, now: datetime, person: str | None) -> str:
    """Return what is written with this reply, and whether a reminder will follow."""
    whose = f", para {person}" if person else ""
    told = f"{written_name(change.kind)}, {written_name(change.unit)}, {written_at(change.starts_at, zone)}{whose}."
    leads = [hours for hours in agenda.reminders.hours_before if change.starts_at - timedelta(hours=hours) > now]
    if leads:
        on_the_eve = any(hours >= HOURS_A_DAY for hours in leads)
        told += f" Um lembrete vai sozinho {'na véspera' if on_the_eve else 'antes'}."
    return told


def _by_unit(slots: list[Slot], zone: ZoneInfo) -> str:
    ordered = sorted(slots, key=attrgetter("unit", "starts_at"))
    groups = groupby(ordered, key=attrgetter("unit"))
    return "; ".join(
        f"{written_name(unit)} " + ", ".join(f"{slot.starts_at.astimezone(zone):%H:%M}" for slot in of_unit)
        for unit, of_unit in groups
    )


def _far(left: timedelta) -> str:
    hours, rest = divmod(int(left.total_seconds()) // 60, 60)
    return f"{hours} h" if hours >= HOURS_A_DAY else f"{hours} h {rest:02d} min"
