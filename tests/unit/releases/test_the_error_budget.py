"""What a new version may get wrong before it goes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from secretaria.releases.watching import BudgetSpent, Counted, between, read_counters, watch_errors

METRICS = """
# TYPE secretaria_webhook_received_total counter
secretaria_webhook_received_total{status="accepted"} 40.0
secretaria_webhook_received_total{status="unavailable"} 2.0
# TYPE secretaria_handoffs_total counter
secretaria_handoffs_total{reason="fault"} 1.0
secretaria_handoffs_total{reason="pedido_explicito"} 9.0
# TYPE secretaria_whaticket_errors_total counter
secretaria_whaticket_errors_total{outcome="refused"} 3.0
# TYPE secretaria_turns_total counter
secretaria_turns_total{state="answered"} 5.0
"""


def looks(*counted: Counted) -> Callable[[], Mapping[str, Counted]]:
    """Return a look at one process that shows one count after the other."""
    shown = iter(counted)
    return lambda: {"http://10.0.0.2:8000": next(shown)}


def test_counters_are_good_bad_or_neither() -> None:
    """That a customer asked for a person is no failure."""
    counted = read_counters(METRICS)
    assert counted.good == 45.0
    assert counted.bad == {"eventos não aceitos": 2.0, "respostas que falharam": 1.0, "envios que falharam": 3.0}


def test_only_what_happened_since_counts() -> None:
    """Errors of the version before are not the new one's."""
    spent = between({"a": Counted(100, {"x": 7})}, {"a": Counted(110, {"x": 8}), "b": Counted(1, {"x": 1})})
    assert (spent.errors, spent.total) == (2.0, 13.0)


def test_process_that_began_anew_is_not_counted_backwards() -> None:
    """Its counters begin at zero."""
    assert between({"a": Counted(100, {"x": 7})}, {"a": Counted(1, {})}).total == 0.0


def test_too_many_errors_end_the_watch_at_once() -> None:
    """Nobody waits for the rest of the time."""
    with pytest.raises(BudgetSpent, match=r"3 de 13 falharam \(23.1%\): x 3"):
        watch_errors(600, 0.02, looks(Counted(0, {}), Counted(10, {"x": 3})), sleep=lambda _: None)


def test_two_errors_of_a_quiet_night_are_no_verdict() -> None:
    """A part of next to nothing says nothing."""
    spent = watch_errors(1, 0.02, looks(Counted(0, {}), Counted(0, {"x": 2})), sleep=lambda _: None)
    assert spent.errors == 2


def test_errors_below_the_limit_pass() -> None:
    """The limit is the operator's."""
    spent = watch_errors(1, 0.05, looks(Counted(0, {}), Counted(97, {"x": 3})), sleep=lambda _: None)
    assert spent.ratio == pytest.approx(0.03)
