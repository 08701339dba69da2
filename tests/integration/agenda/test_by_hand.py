"""What people do to the agenda is done by the same rules, and stands in the audit or was not done."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from secretaria.agenda.booking import BookingNotFound, SlotTaken
from secretaria.agenda.by_hand import (
    book_by_hand,
    cancel_by_hand,
    confirm_by_hand,
    free_between,
    import_by_hand,
)
from secretaria.agenda.desk import Place, move_at_desk
from secretaria.agenda.importing import Incoming
from secretaria.agenda.models import Booking
from secretaria.database.transaction import transaction
from secretaria.errors import UsageInvalid
from tests.agenda_counter import Counter
from tests.builders import NUMBER, OWNER, rows


def book(clinic: Counter, at: datetime, number: str = NUMBER, unit: str = "centro") -> Booking:
    """Book as a page or a command does."""
    with transaction(clinic.engine) as session:
        return book_by_hand(
            session,
            clinic.card,
            starts_at=at,
            unit=unit,
            number=number,
            kind=None,
            person="Zilda",
            by=OWNER,
            now=clinic.now,
        )


def free_times(clinic: Counter) -> list[str]:
    """Return what is free at the centre on Tuesday."""
    with transaction(clinic.engine) as session:
        found = free_between(
            session, clinic.card, kind=None, unit="centro", first=date(2026, 8, 11), days=1, now=clinic.now
        )
    return [f"{slot.starts_at.astimezone(clinic.card.identity.timezone):%H:%M}" for slot in found]


def test_a_booking_lives_and_ends_in_the_audit(clinic: Counter) -> None:
    """Booked, moved, confirmed, cancelled: each has its entry with what was before, and no name or number in it."""
    first, second, *_ = free_times(clinic)
    at, later = (datetime.fromisoformat(f"2026-08-11T{one}:00-03:00") for one in (first, second))
    code = book(clinic, at).code
    with transaction(clinic.engine) as session:
        move_at_desk(session, clinic.card, code, Place("centro", later), OWNER, clinic.now, seen=None)
    for act in (confirm_by_hand, cancel_by_hand):
        with transaction(clinic.engine) as session:
            act(session, clinic.card, f" {code.lower()}", by=OWNER, now=clinic.now)
    noted = rows(clinic.engine, "audit_entry")
    assert [(entry["action"], entry["target"]) for entry in noted] == [
        (f"agenda.{done}", code) for done in ("booked", "moved", "confirmed", "cancelled")
    ]
    assert {entry["actor"] for entry in noted} == {"dona"}
    assert all(entry["subject"] for entry in noted)
    assert noted[1]["before"]["starts_at"] != noted[1]["after"]["starts_at"]
    assert (noted[3]["before"]["state"], noted[3]["after"]["state"]) == ("confirmed", "cancelled")
    assert not any("Zilda" in str(entry) or NUMBER in str(entry) for entry in noted)
    assert free_times(clinic)[:2] == [first, second]


def test_what_is_refused_leaves_nothing(clinic: Counter) -> None:
    """A taken moment, an unknown unit, code or number changes neither agenda nor audit."""
    at = datetime.fromisoformat(f"2026-08-11T{free_times(clinic)[0]}:00-03:00")
    book(clinic, at)
    before = rows(clinic.engine, "booking"), rows(clinic.engine, "audit_entry"), rows(clinic.engine, "contact")
    with pytest.raises(SlotTaken):
        book(clinic, at, number="5520900000999")
    with pytest.raises(UsageInvalid, match="unidade"):
        book(clinic, at, unit="lua")
    with pytest.raises(UsageInvalid, match="número"):
        book(clinic, at, number="12")
    with pytest.raises(BookingNotFound), transaction(clinic.engine) as session:
        cancel_by_hand(session, clinic.card, "A-9", by=OWNER, now=clinic.now)
    after = rows(clinic.engine, "booking"), rows(clinic.engine, "audit_entry"), rows(clinic.engine, "contact")
    assert after == before


def test_an_import_is_noted_with_its_numbers(clinic: Counter) -> None:
    """Which file came in, by whom, and how much it changed."""
    with transaction(clinic.engine) as session:
        import_by_hand(session, clinic.card, Incoming((), ()), named="agenda.json", by=OWNER, now=clinic.now)
    (entry,) = rows(clinic.engine, "audit_entry")
    assert (entry["action"], entry["target"], entry["after"]["bookings_added"]) == ("agenda.imported", "agenda.json", 0)
