"""With a model that says what the labels say, the pipeline does what they say, in businesses of two trades."""

from __future__ import annotations

import shutil
from pathlib import Path

from sqlalchemy import Engine

from secretaria.evaluation.labelled import Bench
from secretaria.evaluation.oracle import run_oracle
from secretaria.evaluation.report import Report, read_lines
from tests.integration.evaluation.conftest import Played

WORKSHOP = Path(__file__).parents[2] / "fixtures" / "oficina-rota"


def test_the_clinic_is_answered_as_labelled(clinic: Played) -> None:
    """The sample's 34 conversations: hand-offs, silences, bookings and labels, without one difference."""
    assert clinic.oracle is not None
    assert clinic.oracle.mismatches == []
    assert clinic.oracle.turns == 93


def test_a_business_without_an_agenda_of_ours_is_played_too(engine: Engine, tmp_path: Path) -> None:
    """What the labels call a tool is then a system of theirs, which tells and does what they say."""
    folder = tmp_path / "oficina"
    shutil.copytree(WORKSHOP, folder)
    (folder / "agenda.json").unlink()
    conversations = (folder / "conversations.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "conversations.jsonl").write_text("\n".join(conversations[2:4] + conversations[8:9]), encoding="utf-8")
    assert run_oracle(Bench(engine, folder)).mismatches == []


def test_an_agenda_that_cannot_be_read_is_a_finding(engine: Engine, tmp_path: Path) -> None:
    """What needs the agenda says so; the other conversations are played."""
    folder = tmp_path / "oficina"
    shutil.copytree(WORKSHOP, folder)
    (folder / "agenda.json").write_text("{", encoding="utf-8")
    conversations = (folder / "conversations.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "conversations.jsonl").write_text("\n".join(conversations[2:3] + conversations[9:10]), encoding="utf-8")
    result = run_oracle(Bench(engine, folder))
    assert {mismatch.conversation for mismatch in result.mismatches} == {"of-03"}
    assert "agenda_file" in {mismatch.kind for mismatch in result.mismatches}


def test_the_workshop_is_answered_as_labelled(engine: Engine, tmp_path: Path) -> None:
    """Every turn is graded, written down while it is played, and as its labels say."""
    with Report(tmp_path) as report:
        result = run_oracle(Bench(engine, WORKSHOP, report.add))
        page = report.close_with(result)
    assert result.mismatches == []
    assert (result.turns, len(read_lines(tmp_path))) == (28, 28)
    assert "28 de 28 como esperado" in page.read_text(encoding="utf-8")
