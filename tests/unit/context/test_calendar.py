"""The calendar in the prompt tells true weekdays and closed days in the zone of the business."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretaria.context.calendar import DAYS, calendar_lines, written_moment
from secretaria.knowledge.snapshot import Business


def test_two_weeks_from_today(business: Business) -> None:
    """Fourteen days, today and tomorrow named, Sundays closed."""
    lines = calendar_lines(datetime(2026, 8, 10, 12, 14, tzinfo=UTC), business.card)
    assert len(lines) == DAYS
    assert lines[:3] == ["seg 10/08 (hoje)", "ter 11/08 (amanhã)", "qua 12/08"]
    assert [line for line in lines if "fechado" in line] == ["dom 16/08 (fechado)", "dom 23/08 (fechado)"]


def test_holidays_are_marked(business: Business) -> None:
    """20 November 2026, a Friday, is a closed holiday; the Saturday after it is open."""
    lines = calendar_lines(datetime(2026, 11, 19, 12, tzinfo=UTC), business.card)
    assert lines[:4] == ["qui 19/11 (hoje)", "sex 20/11 (amanhã, fechado, feriado)", "sáb 21/11", "dom 22/11 (fechado)"]


@pytest.mark.parametrize(
    ("moment", "today"),
    [
        (datetime(2026, 8, 11, 2, 59, tzinfo=UTC), "seg 10/08 (hoje)"),
        (datetime(2026, 8, 11, 3, 0, tzinfo=UTC), "ter 11/08 (hoje)"),
        (datetime(2027, 1, 1, 2, 0, tzinfo=UTC), "qui 31/12 (hoje)"),
        (datetime(2026, 11, 1, 3, 0, tzinfo=UTC), "dom 01/11 (hoje, fechado)"),
    ],
)
def test_the_day_turns_at_local_midnight(business: Business, moment: datetime, today: str) -> None:
    """The zone has had no summer time since 2019: midnight is at 03:00 UTC, also in November."""
    assert calendar_lines(moment, business.card)[0] == today


def test_the_moment_is_written_in_full(business: Business) -> None:
    """The present moment comes with weekday, year and local time."""
    assert written_moment(datetime(2026, 8, 10, 12, 14, tzinfo=UTC), business.card) == "segunda 10/08/2026 09:14"


@given(st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2035, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - the strategy adds the zone
def test_days_follow_each_other(business: Business, now: datetime) -> None:
    """From any moment the lines are the next fourteen dates without a gap."""
    today = now.astimezone(business.card.identity.timezone).date()
    written = [line.split()[1] for line in calendar_lines(now, business.card)]
    assert written == [f"{today + timedelta(days=ahead):%d/%m}" for ahead in range(DAYS)]
