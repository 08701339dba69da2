"""The agenda as people look at it: day by day and unit by unit, what is booked, for whom, and what is still free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, or_, select

from secretaria.agenda import store
from secretaria.agenda.booking import BookingNotFound
from secretaria.agenda.models import Booking, BookingChange, BookingState
from secretaria.agenda.slots import Slot, Wish, free_slots, spans_of
from secretaria.agenda.spoken import written_code
from secretaria.conversations.models import Contact
from secretaria.database.columns import folded
from secretaria.knowledge.agenda_rules import Agenda
from secretaria.knowledge.business import BusinessCard
from secretaria.knowledge.hours import is_closed, is_holiday
from secretaria.knowledge.tables import Interval
from secretaria.knowledge.words import fold
from secretaria.privacy import mask_number
from secretaria.whaticket.numbers import first_number, identity_key

SHORTEST_SEARCH = 2


@dataclass(frozen=True, slots=True)
class Visit:
    """One booking with whom it is for.

    Attributes:
        who: The name that was given, else the contact's; None where neither is known.
        number: Masked; None where the booking has no contact.
    """

    code: str
    kind: str
    unit: str
    starts_at: datetime
    ends_at: datetime
    state: str
    source: str
    who: str | None
    number: str | None

    @property
    def stands(self) -> bool:
        """Whether it was not cancelled."""
        return self.state != BookingState.CANCELLED


@dataclass(frozen=True, slots=True)
class UnitDay:
    """One unit on one day.

    Attributes:
        spans: When somebody is there; empty where it is closed.
        visits: What is booked, in order; cancelled ones too.
        free: When the kind that is looked for could begin, as the secretary would offer it.
    """

    unit: str
    spans: Sequence[Interval]
    visits: Sequence[Visit]
    free: Sequence[datetime]


@dataclass(frozen=True, slots=True)
class Day:
    """One day of all units, or of the one that was asked for.

    Attributes:
        holiday: Whether the owner closed this date.
        closed: Whether no unit opens, for whatever reason.
    """

    date: date
    holiday: bool
    closed: bool
    units: Sequence[UnitDay]

    @property
    def count(self) -> int:
        """How many come."""
        return sum(visit.stands for unit in self.units for visit in unit.visits)


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody a booking may be for; the number is masked."""

    contact_id: int
    name: str | None
    number: str


def read_days(
    session: Session, card: BusinessCard, agenda: Agenda, first: date, days: int, now: datetime, unit: str | None = None
) -> list[Day]:
    """Return some days in a row.

    Args:
        session: The caller's transaction.
        card: The business.
        agenda: Its rules.
        first: The first day.
        days: How many.
        now: The present moment: nothing before it is free.
        unit: Only this one.
    """
    zone = card.identity.timezone
    begins, until = _midnight(first, zone), _midnight(first + timedelta(days=days), zone)
    visits = _visits(session, store.bookings_between(session, begins, until))
    free = _free(session, card, agenda, Wish(agenda.kinds[0], unit, first, first + timedelta(days=days - 1)), now)
    units = [name for name in _units(card, visits) if unit in {None, name}]
    return [
        Day(
            date=day,
            holiday=is_holiday(card, day),
            closed=is_closed(card, day),
            units=[
                UnitDay(
                    unit=name,
                    spans=spans_of(card, name, day) if name in card.hours.units else (),
                    visits=[one for one in visits if one.unit == name and _day_of(one.starts_at, zone) == day],
                    free=[one.starts_at for one in free if one.unit == name and _day_of(one.starts_at, zone) == day],
                )
                for name in units
            ],
        )
        for day in (first + timedelta(days=offset) for offset in range(days))
    ]


def read_visit(session: Session, code: str) -> tuple[Visit, Sequence[BookingChange]]:
    """Return one booking and all that was done to it, the oldest first.

    Raises:
        BookingNotFound: There is none.
    """
    booking = session.exec(select(Booking).where(Booking.code == written_code(code))).first()
    if booking is None:
        raise BookingNotFound
    changes = select(BookingChange).where(BookingChange.booking_id == booking.id).order_by(col(BookingChange.id))
    return _visits(session, [booking])[0], session.exec(changes).all()


def free_times(
    session: Session, card: BusinessCard, agenda: Agenda, kind: str, unit: str, day: date, now: datetime
) -> list[datetime]:
    """Return when something could begin that a person books: the notice that customers must give does not bind them."""
    unbound = agenda.model_copy(update={"minimum_notice_hours": 0})
    return [slot.starts_at for slot in _free(session, card, unbound, Wish(kind, unit, day, day), now)]


def find_clients(session: Session, written: str, limit: int = 8) -> list[Client]:
    """Return the contacts that a part of a name or a whole number means, by name."""
    asked = written.strip().replace("\0", "")
    if len(asked) < SHORTEST_SEARCH:
        return []
    named = folded(Contact.name).contains(fold(asked), autoescape=True)
    number = number_in(asked)
    wanted = or_(named, Contact.identity_key == identity_key(number)) if number else named
    found = session.exec(
        select(Contact)
        .where(wanted, col(Contact.number) != "")
        .order_by(col(Contact.name), col(Contact.id))
        .limit(limit)
    ).all()
    return [Client(one.id or 0, one.name, mask_number(one.number)) for one in found]


def number_in(written: str) -> str | None:
    """Return the number that somebody typed, with its country code; None where it is none."""
    return first_number([[written]])


def _free(session: Session, card: BusinessCard, agenda: Agenda, wish: Wish, now: datetime) -> list[Slot]:
    zone = card.identity.timezone
    first, until = _midnight(wish.first, zone), _midnight(wish.last + timedelta(days=1), zone)
    listed = store.open_slots(session, first=first, until=until)
    taken = store.taken_between(session, first=first, until=until + timedelta(days=1))
    return free_slots(card, agenda, listed, taken, wish, now)


def _visits(session: Session, bookings: Sequence[Booking]) -> list[Visit]:
    contacts = _contacts(session, bookings)
    visits = []
    for one in bookings:
        contact = contacts.get(one.contact_id or 0)
        visits.append(
            Visit(
                code=one.code,
                kind=one.kind,
                unit=one.unit,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
                state=one.state,
                source=one.source,
                who=one.person or (contact.name if contact else None),
                number=mask_number(contact.number) if contact and contact.number else None,
            )
        )
    return visits


def _contacts(session: Session, bookings: Sequence[Booking]) -> Mapping[int, Contact]:
    owners = {one.contact_id for one in bookings if one.contact_id is not None}
    found = session.exec(select(Contact).where(col(Contact.id).in_(owners))).all() if owners else []
    return {contact.id or 0: contact for contact in found}


def _units(card: BusinessCard, visits: Sequence[Visit]) -> list[str]:
    """The units of the business, and those that it has no more while something is booked in them."""
    return list(dict.fromkeys([*card.hours.units, *(visit.unit for visit in visits)]))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)


def _day_of(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()
