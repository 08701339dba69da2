"""When a reminder goes: as long before as the owner wants, never at night, each of use until the next."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretaria.agenda.reminders import due_reminders
from secretaria.knowledge.agenda_rules import ReminderRules

ZONE = ZoneInfo("America/Sao_Paulo")
RULES = ReminderRules()


def at(text: str) -> datetime:
    """Return a moment as the clinic's clock shows it."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def written(moment: datetime) -> str:
    """Return a moment as the clinic's clock shows it."""
    return f"{moment.astimezone(ZONE):%d %H:%M}"


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ("2026-08-12 15:00", ["11 15:00", "12 14:00"]),
        ("2026-08-12 08:30", ["11 08:30", "11 19:45"]),  # 7h30 of the day itself is night
        ("2026-08-12 21:00", ["11 19:45", "12 19:45"]),  # 21h of the eve and 20h of the day are both night
        ("2026-08-12 20:30", ["11 19:45", "12 19:30"]),
        ("2026-08-12 07:30", ["10 19:45", "11 19:45"]),
        ("2026-08-12 09:00", ["11 09:00", "12 08:00"]),
    ],
)
def test_reminders_go_before_the_night_that_they_would_fall_into(starts: str, expected: list[str]) -> None:
    """The nearest allowed time before, a quarter of an hour before the night begins."""
    assert [written(due.at) for due in due_reminders(RULES, at(starts), ZONE)] == expected


def test_a_reminder_is_of_use_until_the_next_or_until_it_is_too_late() -> None:
    """The one of the eve ends where the last one begins, the last one ten minutes before the booking."""
    first, last = due_reminders(RULES, at("2026-08-12 15:00"), ZONE)
    assert (written(first.until), written(last.until)) == ("12 14:00", "12 14:50")


def test_two_that_fall_on_the_same_moment_are_one() -> None:
    """Eight and nine hours before a booking at 5h are both in the night before: one reminder."""
    rules = ReminderRules(horas_antes=(9, 8))
    assert [due.lead_minutes for due in due_reminders(rules, at("2026-08-12 05:00"), ZONE)] == [480]


def test_no_leads_are_no_reminders() -> None:
    """The owner may turn them off."""
    assert due_reminders(ReminderRules(horas_antes=()), at("2026-08-12 05:00"), ZONE) == []


@given(
    st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 1, 1)),  # noqa: DTZ001  # made aware below
    st.lists(st.integers(1, 300), max_size=4),
)
def test_no_reminder_is_ever_due_at_night_or_after_its_end(local: datetime, leads: list[int]) -> None:
    """Whatever the booking and the leads, in a zone whose clocks change."""
    zone = ZoneInfo("America/Santiago")
    starts_at = local.replace(tzinfo=zone)
    for due in due_reminders(ReminderRules(horas_antes=tuple(leads)), starts_at, zone):
        assert 8 <= due.at.astimezone(zone).hour < 20
        assert due.at < due.until
