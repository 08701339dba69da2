"""How long a program that keeps dying waits before it is started again."""

from __future__ import annotations

from secretaria.local.supervisor import failures_after, pause_seconds


def test_the_pause_doubles_up_to_half_a_minute() -> None:
    """Each failure in a row doubles the pause, from half a second to thirty seconds and never beyond."""
    pauses = [pause_seconds(failures) for failures in (1, 2, 3, 4, 5, 6, 7, 8, 100_000)]

    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_good_run_forgives_what_came_before() -> None:
    """A minute of running makes the next failure the first again; anything shorter adds to the row."""
    assert failures_after(0, ran_seconds=0.1) == 1
    assert failures_after(4, ran_seconds=59.9) == 5
    assert failures_after(4, ran_seconds=60.0) == 1
