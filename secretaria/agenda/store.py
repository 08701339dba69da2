"""The queries over slots, bookings and their history; the caller holds the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from secretaria.agenda.models import CODES, AgendaSlot, Booking, BookingChange, BookingState, Reminder, Source
from secretaria.agenda.slots import Opening, Taken
from secretaria.conversations.models import Contact
from secretaria.database.compiled import CompiledStatement
from secretaria.knowledge.agenda_rules import LONGEST_VISIT

UNIT_LOCK = 7_305_415
LONGEST = timedelta(minutes=LONGEST_VISIT)


def open_slots(session: Session, *, first: datetime, until: datetime, but: int | None = None) -> list[Opening]:
    """Return the listed slots that no live booking fills.

    Args:
        session: The caller's transaction.
        first: From when on.
        until: Until when.
        but: A booking that is to be moved, whose own slot counts as open.
    """
    fills = select(Booking.id).where(
        col(Booking.slot_id) == AgendaSlot.id,
        Booking.state != BookingState.CANCELLED,
        col(Booking.id).is_distinct_from(but),
    )
    statement = select(AgendaSlot).where(
        col(AgendaSlot.starts_at) >= first, col(AgendaSlot.starts_at) < until, ~fills.exists()
    )
    slots = session.exec(statement.order_by(col(AgendaSlot.starts_at), col(AgendaSlot.id))).all()
    return [Opening(slot.unit, slot.starts_at, slot.id) for slot in slots]


def taken_between(session: Session, *, first: datetime, until: datetime, but: int | None = None) -> list[Taken]:
    """Return the live bookings that touch a stretch of time, but for one that is to be moved."""
    statement = select(Booking).where(
        Booking.state != BookingState.CANCELLED,
        col(Booking.starts_at) < until,
        col(Booking.starts_at) > first - LONGEST,
        col(Booking.ends_at) > first,
        col(Booking.id).is_distinct_from(but),
    )
    return [
        Taken(one.unit, one.starts_at, one.ends_at, one.lane, imported=one.source == Source.IMPORT)
        for one in session.exec(statement).all()
    ]


def lock_unit(session: Session, unit: str) -> None:
    """Let one booking at a time be written in a unit.

    The constraint alone would do, but two that conflict may wait for each other and end as a deadlock, which says
    nothing of a slot that is taken.
    """
    lock = text("SELECT pg_advisory_xact_lock(:space, hashtext(:unit))")
    session.execute(lock, {"space": UNIT_LOCK, "unit": unit})


def find_booking(session: Session, code: str) -> Booking | None:
    """Return a booking by its code, locked until the transaction ends."""
    statement = select(Booking).where(Booking.code == code).with_for_update()
    return session.exec(statement.execution_options(populate_existing=True)).first()


def bookings_ahead(session: Session, contact_id: int, now: datetime) -> Sequence[Booking]:
    """Return a contact's live bookings that have not begun, the next one first."""
    statement = select(Booking).where(
        Booking.contact_id == contact_id, Booking.state != BookingState.CANCELLED, col(Booking.starts_at) > now
    )
    return session.exec(statement.order_by(col(Booking.starts_at))).all()


STANDS = CompiledStatement("""
    SELECT EXISTS (SELECT FROM booking WHERE contact_id = :contact_id AND state <> 'cancelled' AND starts_at > :now)
        OR EXISTS (
            SELECT FROM agenda_offer
            WHERE conversation_id = :conversation_id AND contact_id = :contact_id AND expires_at > :now
        ) AS found
""")


def stands(session: Session, contact_id: int, conversation_id: int, now: datetime) -> bool:
    """Say whether a contact has a booking ahead or an offer that has not expired: most who write have neither."""
    known = {"contact_id": contact_id, "conversation_id": conversation_id, "now": now}
    return bool(STANDS.one(session, known).found)


def booking_of(session: Session, contact_id: int, code: str) -> Booking | None:
    """Return a contact's booking by its code; another contact's does not exist for them."""
    return session.exec(select(Booking).where(Booking.contact_id == contact_id, Booking.code == code)).first()


def bookings_between(session: Session, first: datetime, until: datetime) -> Sequence[Booking]:
    """Return every booking that begins in a stretch of time, cancelled ones too, in order."""
    statement = select(Booking).where(col(Booking.starts_at) >= first, col(Booking.starts_at) < until)
    return session.exec(statement.order_by(col(Booking.starts_at), col(Booking.id))).all()


def numbers_of(session: Session, bookings: Sequence[Booking]) -> dict[int, str]:
    """Return the number of each contact of some bookings."""
    owners = {one.contact_id for one in bookings if one.contact_id is not None}
    found = session.exec(select(Contact.id, Contact.number).where(col(Contact.id).in_(owners))).all() if owners else []
    return {identifier or 0: number for identifier, number in found}


def change_of_turn(session: Session, turn_id: int) -> BookingChange | None:
    """Return what a turn did to the agenda, if it did something."""
    return session.exec(select(BookingChange).where(BookingChange.turn_id == turn_id)).first()


def was_reminded(session: Session, booking: Booking) -> bool:
    """Say whether a reminder of a booking, at the time it has now, was placed."""
    statement = select(Reminder.id).where(
        Reminder.booking_id == booking.id, col(Reminder.starts_at) == booking.starts_at
    )
    return session.exec(statement.limit(1)).first() is not None


def next_code(session: Session) -> str:
    """Return a code that no booking has: imported ones may stand ahead of the sequence."""
    while True:
        code = f"A-{session.scalar(select(func.nextval(CODES)))}"
        if session.exec(select(Booking.id).where(Booking.code == code)).first() is None:
            return code


def count_ahead(session: Session, contact_id: int, now: datetime) -> int:
    """Return how many live bookings of a contact have not begun."""
    statement = select(func.count()).where(
        Booking.contact_id == contact_id, Booking.state != BookingState.CANCELLED, col(Booking.starts_at) > now
    )
    return session.exec(statement).one()
