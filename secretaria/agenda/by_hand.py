"""The agenda in people's hands: what is free, booked, moved, cancelled, confirmed or imported; each noted in the audit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime, time, timedelta

from sqlmodel import Session

from secretaria.agenda import store
from secretaria.agenda.booking import BookingNotFound, By, SlotTaken, execute_change
from secretaria.agenda.importing import Imported, Incoming, import_agenda
from secretaria.agenda.models import Action, Booking
from secretaria.agenda.offers import Change
from secretaria.agenda.slots import Slot, Wish, free_slots
from secretaria.agenda.spoken import written_code
from secretaria.audit.trail import Actor, note
from secretaria.conversations.models import Contact
from secretaria.conversations.store import upsert_contact
from secretaria.errors import Conflict, NotFound, UsageInvalid
from secretaria.knowledge.agenda_rules import Agenda
from secretaria.knowledge.business import BusinessCard
from secretaria.privacy import keyed_hash
from secretaria.whaticket.numbers import first_number, identity_key

DONE = {Action.BOOK: "booked", Action.MOVE: "moved", Action.CANCEL: "cancelled", Action.CONFIRM: "confirmed"}


class NoAgenda(NotFound):
    """The business declares no agenda."""

    def __init__(self) -> None:
        super().__init__("este negócio não tem agenda", "declare [agenda] em negocio.toml")


class BookingChanged(Conflict):
    """Somebody moved the booking since it was looked at."""

    def __init__(self) -> None:
        super().__init__(
            "esta marcação mudou enquanto você olhava", "veja como ela ficou, e faça de novo se ainda valer"
        )


def agenda_of(card: BusinessCard) -> Agenda:
    """Return the rules of booking of a business.

    Raises:
        NoAgenda: It has none.
    """
    if card.agenda is None:
        raise NoAgenda
    return card.agenda


def free_between(
    session: Session, card: BusinessCard, *, kind: str | None, unit: str | None, first: date, days: int, now: datetime
) -> list[Slot]:
    """Return what is free on some days, by the rules the secretary follows.

    Args:
        session: An open session.
        card: The business.
        kind: What would be booked; the first kind by default.
        unit: Where; anywhere by default.
        first: The first day, in the zone of the business.
        days: How many.
        now: The present moment.

    Raises:
        NoAgenda: The business has none.
        UsageInvalid: It has no such kind or unit.
    """
    agenda = agenda_of(card)
    require_known("o tipo", kind, agenda.kinds)
    require_known("a unidade", unit, card.hours.units)
    begins = datetime.combine(first, time(), tzinfo=card.identity.timezone)
    ends = datetime.combine(first + timedelta(days=days), time(), tzinfo=card.identity.timezone)
    listed = store.open_slots(session, first=begins, until=ends)
    taken = store.taken_between(session, first=begins, until=ends + timedelta(days=1))
    wish = Wish(kind or agenda.kinds[0], unit, first, first + timedelta(days=days - 1))
    return free_slots(card, agenda, listed, taken, wish, now)


def require_known(what: str, named: str | None, known: Iterable[str]) -> None:
    """Refuse a name that the business does not have.

    Raises:
        UsageInvalid: It is none of them.
    """
    listed = list(known)
    if named is not None and named not in listed:
        raise UsageInvalid(f"{what} '{named}' não existe", f"existem: {', '.join(listed)}")


def book_by_hand(
    session: Session,
    card: BusinessCard,
    *,
    starts_at: datetime,
    unit: str,
    number: str,
    kind: str | None,
    person: str | None,
    by: Actor,
    now: datetime,
) -> Booking:
    """Book a free moment for the customer of a number, known or new.

    Raises:
        NoAgenda: The business has none.
        UsageInvalid: The number cannot be used, or there is no such kind or unit.
        SlotTaken: The moment is not free.
    """
    digits = first_number([[number]])
    if digits is None:
        raise UsageInvalid("o número não é utilizável", "escreva com DDI e DDD, como 5511988887777")
    slot = _slot_at(session, card, kind, unit, starts_at, now)
    contact = upsert_contact(session, identity_key=identity_key(digits), number=digits, name=None, now=now)
    change = Change(Action.BOOK, slot.kind, slot.unit, slot.starts_at, slot.ends_at, None, slot.slot_id, person)
    return carry_out(session, card, change, by, now, contact_id=contact)


def cancel_by_hand(
    session: Session, card: BusinessCard, code: str, *, by: Actor, now: datetime, seen: datetime | None = None
) -> Booking:
    """Cancel a booking; its reminders are not sent any more.

    Raises:
        BookingNotFound: There is none of this code.
        BookingChanged: It has another time than whoever decides this has seen.
        SlotTaken: It no longer stands.
    """
    return _end(session, card, Action.CANCEL, found_by_hand(session, code, seen), by, now)


def confirm_by_hand(
    session: Session, card: BusinessCard, code: str, *, by: Actor, now: datetime, seen: datetime | None = None
) -> Booking:
    """Confirm a booking.

    Raises:
        BookingNotFound: There is none of this code.
        BookingChanged: It has another time than whoever decides this has seen.
        SlotTaken: It no longer stands.
    """
    return _end(session, card, Action.CONFIRM, found_by_hand(session, code, seen), by, now)


def import_by_hand(
    session: Session, card: BusinessCard, incoming: Incoming, *, named: str, by: Actor, now: datetime
) -> Imported:
    """Take in what a file says.

    Args:
        session: An open session.
        card: The business.
        incoming: What the file says.
        named: Its name, for the audit.
        by: Who imports it.
        now: The present moment.
    """
    done = import_agenda(session, card, incoming, now)
    note(session, by, "agenda.imported", named, at=now, after=asdict(done))
    return done


def found_by_hand(session: Session, code: str, seen: datetime | None = None) -> Booking:
    """Return the booking that somebody is about to change, locked.

    Args:
        session: The caller's transaction.
        code: However it was typed.
        seen: The time it had when somebody decided this; None where that was not looked at.

    Raises:
        BookingNotFound: There is none.
        BookingChanged: It has another time by now.
    """
    found = store.find_booking(session, written_code(code))
    if found is None:
        raise BookingNotFound
    if seen is not None and found.starts_at != seen:
        raise BookingChanged
    return found


def carry_out(
    session: Session, card: BusinessCard, change: Change, by: Actor, now: datetime, contact_id: int | None = None
) -> Booking:
    """Do one thing to the agenda as somebody of the team, and write it into the audit.

    Raises:
        SlotTaken: The time is not free any more, or the booking no longer stands.
        BookingNotFound: The booking is not there.
    """
    before = store.find_booking(session, change.booking) if change.booking else None
    was = _told(before) if before else None
    booking = execute_change(session, agenda_of(card), change, By(by.signature, contact_id=contact_id), now)
    contact = session.get(Contact, booking.contact_id) if booking.contact_id else None
    subject = keyed_hash(contact.identity_key) if contact else None
    act = f"agenda.{DONE[Action(change.action)]}"
    note(session, by, act, booking.code, at=now, subject=subject, before=was, after=_told(booking))
    return booking


def _end(session: Session, card: BusinessCard, action: Action, found: Booking, by: Actor, now: datetime) -> Booking:
    change = Change(action, found.kind, found.unit, found.starts_at, found.ends_at, found.code)
    return carry_out(session, card, change, by, now)


def _slot_at(
    session: Session, card: BusinessCard, kind: str | None, unit: str, starts_at: datetime, now: datetime
) -> Slot:
    day = starts_at.astimezone(card.identity.timezone).date()
    free = free_between(session, card, kind=kind, unit=unit, first=day, days=1, now=now)
    slot = next((one for one in free if one.starts_at == starts_at), None)
    if slot is None:
        raise SlotTaken("este horário não está livre")
    return slot


def _told(booking: Booking) -> dict[str, str]:
    return {
        "kind": booking.kind,
        "unit": booking.unit,
        "starts_at": booking.starts_at.isoformat(),
        "state": str(booking.state),
    }
