"""When a turn is due: a quiet period after each message, never past the deadline of the first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretaria.conversations.turns import deadline_of, due_after
from secretaria.settings import TurnsSection

FIRST = datetime(2026, 8, 11, 13, 0, tzinfo=UTC)
RULES = TurnsSection(quiet_period_seconds=8, deadline_seconds=25, max_messages=4)


def due(seconds: float, messages: int, rules: TurnsSection = RULES) -> float:
    """Return when a turn is due, in seconds from its first message, after a message at ``seconds``."""
    deadline = deadline_of(rules, FIRST)
    at = FIRST + timedelta(seconds=seconds)
    return (due_after(rules, message_at=at, deadline=deadline, messages=messages) - FIRST).total_seconds()


@pytest.mark.parametrize(
    ("seconds", "messages", "expected"),
    [(0, 1, 8), (3, 2, 11), (16.9, 2, 24.9), (17, 2, 25), (24, 3, 25), (25, 3, 25), (90, 3, 90), (1, 4, 1), (1, 5, 1)],
)
def test_a_turn_is_due_after_a_quiet_period(seconds: float, messages: int, expected: float) -> None:
    """Each message starts the quiet period again, the deadline cuts it, and the last message allowed ends it."""
    assert due(seconds, messages) == expected


@pytest.mark.parametrize("deadline", [0.0, 25.0])
def test_a_wait_of_zero_is_no_wait(deadline: float) -> None:
    """Either time set to zero switches the waiting off."""
    rules = TurnsSection(quiet_period_seconds=0 if deadline else 8, deadline_seconds=deadline)
    assert [due(seconds, 1, rules) for seconds in (0, 5)] == [0, 5]


@given(
    quiet=st.floats(0, 120),
    deadline=st.floats(0, 600),
    most=st.integers(1, 200),
    gaps=st.lists(st.floats(0, 300), min_size=1, max_size=30),
)
def test_nobody_waits_longer_than_promised(quiet: float, deadline: float, most: int, gaps: list[float]) -> None:
    """Whatever the rules and the rhythm, a turn is never due before its newest message, nor later than either limit."""
    rules = TurnsSection(quiet_period_seconds=quiet, deadline_seconds=deadline, max_messages=most)
    limit, at = deadline_of(rules, FIRST), FIRST
    for messages, gap in enumerate(gaps, start=1):
        at += timedelta(seconds=gap)
        moment = due_after(rules, message_at=at, deadline=limit, messages=messages)
        assert at <= moment <= at + timedelta(seconds=quiet)
        assert moment <= max(limit, at)
