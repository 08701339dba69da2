"""Time is aware and in UTC, whoever holds it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from secretaria.clock import HeldClock, SystemClock

BRASILIA = timezone(timedelta(hours=-3))


def test_the_machine_s_clock_is_aware_and_in_utc() -> None:
    """The present moment lies between two looks at the machine's own clock."""
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert before <= now <= datetime.now(UTC)
    assert now.utcoffset() == timedelta(0)


def test_a_held_clock_moves_only_when_told() -> None:
    """It stands where it was put, in UTC whatever the zone was, and advances by what is asked."""
    clock = HeldClock(datetime(2026, 8, 11, 10, 0, tzinfo=BRASILIA))
    assert clock.now() == clock.now() == datetime(2026, 8, 11, 13, 0, tzinfo=UTC)
    assert clock.now().tzinfo is UTC
    clock.advance(90.5)
    assert clock.now() == datetime(2026, 8, 11, 13, 1, 30, 500_000, tzinfo=UTC)
