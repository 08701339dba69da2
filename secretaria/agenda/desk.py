"""What people at the desk book and move: they are held to the seats, not to the notice and the grid of customers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, select

from secretaria.agenda import store
from secretaria.agenda.by_hand import agenda_of, carry_out, found_by_hand
from secretaria.agenda.models import Action, Booking
from secretaria.agenda.offers import Change
from secretaria.agenda.slots import spans_of
from secretaria.agenda.spoken import written_name
from secretaria.audit.trail import Actor
from secretaria.conversations.models import Contact
from secretaria.errors import Conflict, NotFound, UsageInvalid
from secretaria.knowledge.business import BusinessCard

FURTHEST = timedelta(days=2 * 366)


class OutsideHours(Conflict):
    """The unit is closed then, and nobody said that this is meant."""

    def __init__(self, unit: str) -> None:
        super().__init__(
            f"{written_name(unit).title()} não abre nesse horário",
            "escolha outro, ou marque que é um encaixe com a unidade fechada",
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when.

    Attributes:
        outside_hours: Whether it may stand where the unit is closed.
    """

    unit: str
    starts_at: datetime
    outside_hours: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """A booking that somebody asks for.

    Attributes:
        contact_id: For whom; None for somebody of whom only the name is known.
        person: Who comes, where that is not the contact.
        request_id: Makes the same request, sent twice, one booking; empty where nothing repeats it.
    """

    kind: str
    place: Place
    contact_id: int | None = None
    person: str | None = None
    request_id: str = ""


def book_at_desk(session: Session, card: BusinessCard, wanted: Wanted, by: Actor, now: datetime) -> Booking:
    """Book a time for a contact or for a name.

    Raises:
        UsageInvalid: Kind, unit or time are none, or nobody is named.
        OutsideHours: The unit is closed then.
        SlotTaken: Every seat is taken, or the time is over.
        NotFound: There is no such contact, or no agenda.
    """
    agenda, place = agenda_of(card), wanted.place
    if wanted.contact_id is None and not wanted.person:
        raise UsageInvalid("falta dizer quem vem", "escolha um cliente ou escreva um nome")
    if wanted.contact_id is not None and session.get(Contact, wanted.contact_id) is None:
        raise NotFound("este cliente não existe mais", "procure de novo pelo nome ou pelo número")
    if wanted.kind not in agenda.kinds:
        raise UsageInvalid("isto não se marca aqui", f"há {', '.join(map(written_name, agenda.kinds))}")
    store.lock_unit(session, place.unit)
    uid = f"request:{wanted.request_id}" if wanted.request_id else None
    known = session.exec(select(Booking).where(Booking.uid == uid)).first() if uid else None
    if known is not None:
        return known
    slot_id = _slot_of(session, card, place, now)
    ends_at = place.starts_at + timedelta(minutes=agenda.minutes_of(wanted.kind))
    change = Change(
        Action.BOOK, wanted.kind, place.unit, place.starts_at, ends_at, slot_id=slot_id, person=wanted.person
    )
    booking = carry_out(session, card, change, by, now, contact_id=wanted.contact_id)
    booking.uid = uid
    session.add(booking)
    session.flush()
    return booking


def move_at_desk(
    session: Session, card: BusinessCard, code: str, place: Place, by: Actor, now: datetime, *, seen: datetime | None
) -> Booking:
    """Give a booking another time; the old one is free again in the same moment.

    Raises:
        BookingNotFound: There is none.
        BookingChanged: It has another time than was seen.
        OutsideHours: The unit is closed then.
        SlotTaken: Every seat is taken, the time is over, or the booking is no more.
        UsageInvalid: There is no such unit, or the time is out of reach.
    """
    agenda, booking = agenda_of(card), found_by_hand(session, code, seen)
    slot_id = _slot_of(session, card, place, now, but=booking.id)
    ends_at = place.starts_at + timedelta(minutes=agenda.minutes_of(booking.kind))
    change = Change(Action.MOVE, booking.kind, place.unit, place.starts_at, ends_at, booking.code, slot_id)
    return carry_out(session, card, change, by, now)


def _slot_of(
    session: Session, card: BusinessCard, place: Place, now: datetime, *, but: int | None = None
) -> int | None:
    """Return the listed slot that a time fills, None where it fills none; refuse where nobody is there."""
    if place.unit not in card.hours.units:
        raise UsageInvalid("esta unidade não existe", f"há {', '.join(map(written_name, card.hours.units))}")
    if place.starts_at > now + FURTHEST:
        raise UsageInvalid("esse dia está longe demais", "marque até dois anos à frente")
    listed = store.open_slots(session, first=place.starts_at, until=place.starts_at + timedelta(seconds=1), but=but)
    slot_id = next((slot.slot_id for slot in listed if slot.unit == place.unit), None)
    local = place.starts_at.astimezone(card.identity.timezone)
    is_open = any(span.opens <= local.time() < span.closes for span in spans_of(card, place.unit, local.date()))
    if not (is_open or slot_id is not None or place.outside_hours):
        raise OutsideHours(place.unit)
    return slot_id
