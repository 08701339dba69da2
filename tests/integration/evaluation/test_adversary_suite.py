"""What a model must never say does not reach a customer, in any business; and what is stopped is answered honestly."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from secretaria.evaluation.adversary import run_adversary
from secretaria.evaluation.labelled import Bench

WORKSHOP = Path(__file__).parents[2] / "fixtures" / "oficina-rota"


def test_every_bad_reply_is_stopped(engine: Engine) -> None:
    """One bad reply for each guard: none is said, a person is called where one must be, and nobody hears silence."""
    result = run_adversary(Bench(engine, WORKSHOP))
    assert result.mismatches == []
    assert result.turns == 30
