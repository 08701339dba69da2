"""What is done to the agenda: one complete change, written with its history or refused by the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from loguru import logger
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from secretaria.agenda import store
from secretaria.agenda.models import Action, Booking, BookingChange, BookingState, Source
from secretaria.agenda.offers import Change
from secretaria.agenda.reminders import withdraw_reminders
from secretaria.agenda.slots import Opening, fit
from secretaria.errors import Conflict, NotFound
from secretaria.knowledge.agenda_rules import Agenda

MOST_AHEAD = 10  # live bookings of one contact: more is a mistake, or somebody who empties the agenda for others


class SlotTaken(Conflict):
    """What was free a moment ago is not free any more, or the booking is not what it was."""

    def __init__(self, message: str = "este horário acabou de ser ocupado") -> None:
        super().__init__(message, "escolha outro horário livre; no terminal: secretaria agenda slots")


class BookingNotFound(NotFound):
    """There is no such booking; another contact's is none either."""

    def __init__(self) -> None:
        super().__init__("não há marcação com esse código", "confira na agenda; no terminal: secretaria agenda list")


@dataclass(frozen=True, slots=True)
class By:
    """Who does it: for whom, in which turn, and the name that the history keeps."""

    name: str
    contact_id: int | None = None
    turn_id: int | None = None
    source: Source = Source.OPERATOR


def execute_change(session: Session, agenda: Agenda, change: Change, by: By, now: datetime) -> Booking:
    """Do one thing to the agenda in the caller's transaction; a turn that did its one thing does nothing more.

    Raises:
        SlotTaken: The time is not free any more, or the booking was cancelled or has begun.
        BookingNotFound: The booking is not there, or is another contact's.
    """
    done = store.change_of_turn(session, by.turn_id) if by.turn_id is not None else None
    if done is not None:
        return session.get_one(Booking, done.booking_id)
    try:
        with session.begin_nested():
            booking = _execute(session, agenda, change, by, now)
            session.flush()
    except IntegrityError as refused:
        raise SlotTaken from refused
    logger.bind(action=str(change.action), booking_id=booking.id, turn_id=by.turn_id).info("agenda_changed")
    return booking


def _execute(session: Session, agenda: Agenda, change: Change, by: By, now: datetime) -> Booking:
    if change.action == Action.BOOK:
        return _book(session, agenda, change, by, now)
    booking = store.find_booking(session, change.booking or "")
    if booking is None or (by.contact_id is not None and booking.contact_id != by.contact_id):
        raise BookingNotFound
    if booking.state == BookingState.CANCELLED or booking.starts_at <= now:
        raise SlotTaken("esta marcação não vale mais")
    before = booking.starts_at
    if change.action == Action.MOVE:
        _move(session, agenda, booking, change, now)
    elif change.action == Action.CANCEL:
        booking.state = BookingState.CANCELLED
    else:
        booking.state = BookingState.CONFIRMED
    session.add(booking)
    session.flush()
    if change.action != Action.CONFIRM:
        withdraw_reminders(session, booking.id or 0)
    _remember(session, booking, Action(change.action), by, now, before)
    return booking


def _book(session: Session, agenda: Agenda, change: Change, by: By, now: datetime) -> Booking:
    if by.contact_id is not None and store.count_ahead(session, by.contact_id, now) >= MOST_AHEAD:
        raise SlotTaken("este contato já tem muitas marcações abertas")
    lane = _free_lane(session, agenda, change, None, now)
    booking = Booking(
        code=store.next_code(session),
        contact_id=by.contact_id,
        person=change.person,
        kind=change.kind,
        unit=change.unit,
        starts_at=change.starts_at,
        ends_at=change.ends_at,
        lane=lane,
        slot_id=change.slot_id,
        source=by.source,
        arranged_at=now,
        created_at=now,
    )
    session.add(booking)
    session.flush()
    _remember(session, booking, Action.BOOK, by, now, None)
    return booking


def _move(session: Session, agenda: Agenda, booking: Booking, change: Change, now: datetime) -> None:
    booking.lane = _free_lane(session, agenda, change, booking.id, now)
    booking.unit, booking.slot_id = change.unit, change.slot_id
    booking.starts_at, booking.ends_at = change.starts_at, change.ends_at
    booking.state, booking.arranged_at = BookingState.BOOKED, now
    booking.person = booking.person or change.person


def _free_lane(session: Session, agenda: Agenda, change: Change, but: int | None, now: datetime) -> int:
    """Look once more, now that nobody else books in this unit; the constraint stands behind it."""
    if change.starts_at <= now:
        raise SlotTaken("este horário já passou")
    store.lock_unit(session, change.unit)
    taken = store.taken_between(session, first=change.starts_at, until=change.ends_at, but=but)
    slot = fit(agenda, Opening(change.unit, change.starts_at, change.slot_id), change.kind, taken)
    if slot is None:
        raise SlotTaken
    return slot.lane


def _remember(
    session: Session, booking: Booking, action: Action, by: By, now: datetime, before: datetime | None
) -> None:
    session.add(
        BookingChange(
            booking_id=booking.id or 0,
            turn_id=by.turn_id,
            action=action,
            by=by.name,
            unit=booking.unit,
            starts_at=booking.starts_at,
            moved_from=before if action is Action.MOVE else None,
            at=now,
        )
    )
    session.flush()
