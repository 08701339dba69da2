"""When a ratio counts as fallen, and what a figure says of its target."""

from __future__ import annotations

import pytest

from benchmarks.figures import Figure
from benchmarks.guard import fallen_behind

RECORDED = {"rate": 1.0, "wait": 1.0}


@pytest.mark.parametrize(("now", "fallen"), [(1.3, False), (0.71, False), (0.69, True)])
def test_a_rate_may_fall_by_thirty_percent(now: float, *, fallen: bool) -> None:
    """More is better: what is left of the recorded rate decides."""
    figure = Figure.of("events a second", [now], at_least=0.6, key="rate")
    assert bool(fallen_behind([figure], RECORDED)) is fallen


@pytest.mark.parametrize(("now", "fallen"), [(0.5, False), (1.4, False), (1.5, True)])
def test_a_wait_may_grow_as_much(now: float, *, fallen: bool) -> None:
    """Less is better: the other way round."""
    figure = Figure.of("milliseconds", [now], at_most=1.7, key="wait")
    assert bool(fallen_behind([figure], RECORDED)) is fallen


def test_what_was_never_recorded_is_not_guarded() -> None:
    """A new figure fails nothing, and neither does one without a key."""
    assert fallen_behind([Figure.of("new", [0.1], key="new"), Figure.of("told", [0.1])], RECORDED) == {}


def test_the_median_of_the_rounds_is_judged() -> None:
    """One slow round does not miss a target that the others hold."""
    assert Figure.of("rate", [0.1, 0.7, 0.8], at_least=0.6).verdict == "met"
    assert Figure.of("wait", [0.1, 1.8, 1.9], at_most=1.7).verdict == "missed"
    assert Figure.of("told", [0.1]).verdict == "told"
