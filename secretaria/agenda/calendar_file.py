"""The agenda as an iCalendar file: bookings go out as events, and events come in as bookings or free slots, by UID."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from icalendar import Calendar, Event

from secretaria.agenda.importing import AgendaFileInvalid, BookedRow, FreeRow, Incoming
from secretaria.agenda.models import Booking, BookingState
from secretaria.agenda.spoken import plain, same_word, written_name
from secretaria.knowledge.agenda_rules import Agenda
from secretaria.knowledge.business import BusinessCard
from secretaria.whaticket.numbers import first_number

CODE, NUMBER = "X-SECRETARIA-CODE", "X-SECRETARIA-NUMBER"
STATUS = {
    BookingState.BOOKED: "TENTATIVE",
    BookingState.CONFIRMED: "CONFIRMED",
    BookingState.CANCELLED: "CANCELLED",
}
BUSY = "ocupado"  # what an event takes its time for where it does not say a kind of ours


def write_calendar(bookings: Sequence[Booking], card: BusinessCard, numbers: Mapping[int, str], now: datetime) -> bytes:
    """Return bookings as one iCalendar file.

    Args:
        bookings: What is exported.
        card: The business.
        numbers: The number of each contact.
        now: When it is written.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Secretaria Virtual//agenda//PT")
    calendar.add("version", "2.0")
    for booking in bookings:
        event = Event()
        event.add("uid", f"{booking.code}@{card.identity.id}")
        event.add("dtstamp", now.astimezone(UTC))
        event.add("dtstart", booking.starts_at.astimezone(UTC))
        event.add("dtend", booking.ends_at.astimezone(UTC))
        event.add("summary", " - ".join(filter(None, [written_name(booking.kind), booking.person])))
        event.add("location", written_name(booking.unit))
        event.add("categories", [booking.kind])
        event.add("status", STATUS[BookingState(booking.state)])
        event.add(CODE, booking.code)
        if booking.contact_id in numbers:
            event.add(NUMBER, numbers[booking.contact_id or 0])
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def read_calendar(content: bytes, card: BusinessCard, unit: str | None = None) -> Incoming:
    """Read an iCalendar file: transparent events, and those called "livre", are free slots, the others take time.

    Args:
        content: The file.
        card: The business; a time without a zone is its time.
        unit: Where an event is that names no unit of ours in its place.

    Raises:
        AgendaFileInvalid: It is no calendar, or the business has no agenda.
    """
    if card.agenda is None:
        raise AgendaFileInvalid(["o negócio não tem [agenda] em negocio.toml"])
    try:
        calendar = Calendar.from_ical(content)
        events = [event for event in calendar.walk("VEVENT") if isinstance(event, Event)]
    except (ValueError, TypeError, AttributeError) as error:
        raise AgendaFileInvalid(["o arquivo não é um iCalendar"]) from error
    free: list[FreeRow] = []
    booked: list[BookedRow] = []
    skipped: list[str] = []
    for place, event in enumerate(events, 1):
        try:
            row = _row(event, card, card.agenda, unit)
        except _Skipped as reason:
            skipped.append(f"evento {place}: {reason}")
            continue
        if isinstance(row, FreeRow):
            free.append(row)
        else:
            booked.append(row)
    return Incoming(free, booked, replaces_free=False, skipped=tuple(skipped))


class _Skipped(Exception):
    """An event that cannot be used; the words say why, without quoting it."""


def _row(event: Event, card: BusinessCard, agenda: Agenda, unit: str | None) -> FreeRow | BookedRow:
    uid = _text(event, "UID")
    if not uid:
        raise _Skipped("não tem UID")
    if "RRULE" in event or "RDATE" in event:
        raise _Skipped("é repetido; exporte cada ocorrência como um evento")
    begins, ends = _moment(event, "DTSTART", card), _moment(event, "DTEND", card)
    if begins is None:
        raise _Skipped("é de dia inteiro ou não tem início; feche o dia em feriados_fechado")
    place = _text(event, "LOCATION")
    where = next((one for one in card.hours.units if place and same_word(one, place)), unit)
    if where is None:
        raise _Skipped("não diz a unidade; use --unit")
    summary = _text(event, "SUMMARY")
    if _text(event, "TRANSP").upper() == "TRANSPARENT" or plain(summary) == "livre":
        return FreeRow(uid, where, begins)
    if ends is not None and ends <= begins:
        raise _Skipped("termina antes de começar")
    said = [str(one) for one in getattr(event.get("CATEGORIES"), "cats", [])]
    kind = next((kind for kind in agenda.kinds for one in [*said, summary] if same_word(kind, one)), BUSY)
    code = _text(event, CODE) or None
    return BookedRow(
        uid=uid,
        unit=where,
        kind=kind,
        starts_at=begins,
        ends_at=ends,
        code=code,
        number=first_number([[_text(event, NUMBER)]]),
        person=summary.partition(" - ")[2][:80] or None if code else None,
        cancelled=_text(event, "STATUS").upper() == "CANCELLED",
    )


def _text(event: Event, name: str) -> str:
    return str(event.get(name, "")).strip()


def _moment(event: Event, name: str, card: BusinessCard) -> datetime | None:
    """A floating time is of the zone of the business; a day without a time is none."""
    found = getattr(event.get(name), "dt", None)
    if not isinstance(found, datetime):
        return None
    local = found if found.tzinfo is not None else found.replace(tzinfo=card.identity.timezone)
    return local.astimezone(UTC)
