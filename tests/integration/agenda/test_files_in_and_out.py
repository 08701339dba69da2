"""Files in and out: the same again changes nothing, what was changed here stays, and a bad file changes nothing."""

from __future__ import annotations

import json

import pytest

from secretaria.agenda import store
from secretaria.agenda.calendar_file import read_calendar, write_calendar
from secretaria.agenda.importing import AgendaFileInvalid, Imported, Incoming, import_agenda, read_agenda_json
from secretaria.database.transaction import transaction
from tests.agenda_counter import MONDAY, SAMPLE, Counter
from tests.builders import rows

CALENDAR = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//Outra//Agenda//PT\r
{events}END:VCALENDAR\r
"""
EVENT = "BEGIN:VEVENT\r\nUID:{uid}\r\n{lines}END:VEVENT\r\n"
FLOATING = "DTSTART:20260819T090000\r\nDTEND:20260819T093000\r\nLOCATION:Centro\r\n"


def take_in(clinic: Counter, incoming: Incoming) -> Imported:
    """Import something."""
    with transaction(clinic.engine) as session:
        return import_agenda(session, clinic.card, incoming, clinic.now)


def calendar(*events: tuple[str, str]) -> bytes:
    """Write a calendar of events by UID."""
    return CALENDAR.format(events="".join(EVENT.format(uid=uid, lines=lines) for uid, lines in events)).encode()


def exported(clinic: Counter) -> bytes:
    """Write every booking out."""
    with transaction(clinic.engine) as session:
        bookings = store.bookings_between(session, MONDAY, MONDAY.replace(month=9))
        return write_calendar(bookings, clinic.card, store.numbers_of(session, bookings), clinic.now)


def test_the_sample_comes_in_once(clinic: Counter) -> None:
    """The slots and five bookings; the second time nothing changes, and new codes stand after the imported ones."""
    assert (len(rows(clinic.engine, "agenda_slot")), len(clinic.bookings())) == (51, 5)
    again = clinic.import_sample()
    assert (again.slots_added, again.slots_removed, again.bookings_added, again.bookings_changed) == (0, 0, 0, 0)
    clinic.serve("horarios", "tem amanhã?", bubbles=["19h?"], date="2026-08-11")
    clinic.serve("agendar", "pode ser às 19h", date="2026-08-11", time="19:00")
    assert clinic.bookings()[-1]["code"] == "A-2046"


def test_a_slot_that_the_list_lost_is_not_offered_any_more(clinic: Counter) -> None:
    """On the days of the new list it is all there is; other days stay."""
    file = json.dumps({"livres": {"centro": {"2026-08-11": ["10:40"]}}}).encode()
    done = take_in(clinic, read_agenda_json(file, clinic.card))
    assert (done.slots_added, done.slots_removed) == (0, 3)
    assert "centro 10:40;" in clinic.ask("horarios", "terça?", date="2026-08-11").told


def test_what_was_changed_here_stays_as_it_is(clinic: Counter) -> None:
    """The customer cancelled with us; the list of yesterday does not bring the booking back."""
    clinic.serve("cancelar", "não vou poder ir", number="5520900000103")
    document = json.loads((SAMPLE / "agenda.json").read_bytes())
    document["marcados"][0]["inicio"] = "2026-08-12T15:30:00-03:00"
    done = take_in(clinic, read_agenda_json(json.dumps(document).encode(), clinic.card))
    assert done.kept == ["A-2041"]
    assert clinic.booking("A-2041")["state"] == "cancelled"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"livres": {"shopping": {"2026-08-11": ["10:40"]}}}, "unidade 'shopping' não existe"),
        ({"livres": {"centro": {"2026-08-32": ["10:40"]}}}, "livres.centro"),
        ({"livres": {"centro": {"2026-08-11": ["25:40"]}}}, "livres.centro"),
        ({"marcados": [{"codigo": "A-1", "tipo": "canal", "unidade": "centro", "inicio": "2026-08-12T14:00-03:00"}]}, "tipo 'canal'"),
        ({"marcados": [{"codigo": "A-1", "tipo": "limpeza", "unidade": "centro", "inicio": "2026-08-12T14:00"}]}, "marcados.0.inicio"),
        ("banana", "object"),
    ],
)  # fmt: skip
def test_a_bad_file_changes_nothing(clinic: Counter, change: object, told: str) -> None:
    """It is refused with what is wrong where."""
    with pytest.raises(AgendaFileInvalid, match=told):
        read_agenda_json(json.dumps(change).encode(), clinic.card)
    assert len(clinic.bookings()) == 5


def test_a_calendar_goes_round(clinic: Counter) -> None:
    """What was exported comes in as what it was: recognised by code and UID, nothing is added or moved."""
    incoming = read_calendar(exported(clinic), clinic.card)
    assert (len(incoming.booked), incoming.skipped) == (5, ())
    first = incoming.booked[1]
    assert (first.code, first.kind, first.unit, first.number) == ("A-2041", "limpeza", "centro", "5520900000103")
    done = take_in(clinic, incoming)
    assert (done.unchanged, done.bookings_added, done.bookings_changed, done.kept) == (5, 0, 0, [])


def test_foreign_events_take_their_time_and_free_ones_open_it(clinic: Counter) -> None:
    """A floating time is the business's; a transparent event is a slot; the same UID again moves, not doubles."""
    busy = ("busy@outra", FLOATING + "SUMMARY:Reunião\r\n")
    free = ("free@outra", FLOATING.replace("T09", "T11") + "TRANSP:TRANSPARENT\r\n")
    done = take_in(clinic, read_calendar(calendar(busy, free), clinic.card))
    assert (done.bookings_added, done.slots_added) == (1, 1)
    assert clinic.newest() == ("ocupado", "centro", "2026-08-19 09:00", "booked")
    assert "11:00" in clinic.ask("horarios", "quarta?", date="2026-08-19").told
    moved = ("busy@outra", FLOATING.replace("T09", "T15"))
    again = take_in(clinic, read_calendar(calendar(moved, free), clinic.card))
    assert (again.bookings_changed, again.slots_added, len(clinic.bookings())) == (1, 0, 6)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (FLOATING + "RRULE:FREQ=DAILY\r\n", "repetido"),
        ("DTSTART;VALUE=DATE:20260819\r\nLOCATION:Centro\r\n", "dia inteiro"),
        (FLOATING.replace("Centro", "Marte"), "--unit"),
    ],
)
def test_events_that_cannot_be_used_are_told(clinic: Counter, lines: str, told: str) -> None:
    """One line each, the others come in."""
    incoming = read_calendar(calendar(("a@x", lines), ("b@x", FLOATING)), clinic.card)
    assert len(incoming.booked) == 1
    assert told in incoming.skipped[0]


@pytest.mark.parametrize("content", [b"", b"banana", b"BEGIN:VEVENT\r\n", b"\xff\xfe\x00"])
def test_what_is_no_calendar_is_refused(clinic: Counter, content: bytes) -> None:
    """With one sentence."""
    with pytest.raises(AgendaFileInvalid):
        read_calendar(content, clinic.card)
