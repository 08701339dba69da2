"""How many business hours lie between two moments: what counts when nobody has written for a while."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from secretaria.knowledge.hours import open_seconds
from secretaria.knowledge.snapshot import Business

FRIDAY_17H = datetime(2026, 8, 14, 20, 0, tzinfo=UTC)  # 17:00 in São Paulo; the last unit closes at 20:00


@pytest.mark.parametrize(
    ("hours_later", "counted"),
    [(0.5, 0.5), (1, 1.0), (8, 3.0)],
    ids=["still open", "until it closes", "over night"],
)
def test_only_open_hours_count(business: Business, hours_later: float, counted: float) -> None:
    """What lies behind the end of the day does not count."""
    since = FRIDAY_17H
    seconds = open_seconds(business.card, since, since + timedelta(hours=hours_later))
    assert seconds == pytest.approx(counted * 3600)


def test_nothing_lies_between_a_moment_and_an_earlier_one(business: Business) -> None:
    """A clock that was set back makes no silence."""
    assert open_seconds(business.card, FRIDAY_17H, FRIDAY_17H - timedelta(hours=2)) == 0.0


def test_years_of_silence_are_counted_in_no_time(business: Business) -> None:
    """After a month it is enough."""
    month = open_seconds(business.card, FRIDAY_17H - timedelta(days=31), FRIDAY_17H)
    assert open_seconds(business.card, FRIDAY_17H - timedelta(days=3000), FRIDAY_17H) == month > 0
