"""How times, days and numbers are written on a page, and that every code it may show has a word."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from secretaria.agenda.models import Action, BookingState
from secretaria.inbox.models import EventState
from secretaria.outbox.models import ItemState
from secretaria.replies.references import QUEUES
from secretaria.web.panel.formats import hour, long_day, masked, short_day
from secretaria.web.panel.wording import WORDS


def test_days_and_hours_are_written_as_people_say_them() -> None:
    """In the zone of the business."""
    assert hour(datetime(2026, 3, 1, 2, 5, tzinfo=UTC), ZoneInfo("America/Sao_Paulo")) == "23:05"
    assert long_day(date(2026, 3, 1)) == "domingo, 1 de março de 2026"
    assert short_day(date(2026, 2, 28)) == "sáb 28/02"


def test_a_number_is_masked_and_none_is_a_dash() -> None:
    """Whoever looks at queues need not know whose it is."""
    assert (masked("5520900000101"), masked(None)) == ("5520*****0101", "–")


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("booking", BookingState), ("booking_change", Action), ("queue", QUEUES),
        ("row_state", [*ItemState, *EventState]), ("component", ["postgresql", "redis", "workers", "whaticket", "model"]),
    ],
)  # fmt: skip
def test_every_code_has_a_word(kind: str, codes: list[str]) -> None:
    """Nothing English reaches an attendant."""
    assert set(map(str, codes)) <= set(WORDS[kind])
