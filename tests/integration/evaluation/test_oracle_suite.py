"""With a model that says what the labels say, the pipeline does what they say, in businesses of two trades."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from secretaria.evaluation.labelled import Bench
from secretaria.evaluation.oracle import run_oracle
from secretaria.evaluation.report import Report, read_lines

WORKSHOP = Path(__file__).parents[2] / "fixtures" / "oficina-rota"


def test_the_workshop_is_answered_as_labelled(engine: Engine, tmp_path: Path) -> None:
    """Every turn is graded, written down while it is played, and as its labels say."""
    with Report(tmp_path) as report:
        result = run_oracle(Bench(engine, WORKSHOP, report.add))
        page = report.close_with(result)
    assert result.mismatches == []
    assert (result.turns, len(read_lines(tmp_path))) == (28, 28)
    assert "28 de 28 como esperado" in page.read_text(encoding="utf-8")
