"""The suites that cost money, with a simulated model in place of a paid one: grades, pass^k, limit, and what is kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from secretaria.evaluation.dialogues import estimate_customers, run_customers, run_scripted
from secretaria.evaluation.labelled import CAPPED, Bench, asked_of_model, run_labelled
from secretaria.evaluation.oracle import simulated_chat
from secretaria.evaluation.report import Report, read_lines
from secretaria.evaluation.results import TurnResult
from secretaria.evaluation.scenarios import Scenario, load_scenarios
from secretaria.evaluation.spending import CappedChat, estimate_usd
from secretaria.llm.pricing import PriceList
from secretaria.simulation import SAMPLE_BUSINESS
from secretaria.simulation.drafts import Drafter
from secretaria.simulation.llm_customer import ScriptedDialogue
from secretaria.simulation.llm_oracle import Oracle
from secretaria.simulation.llm_protocol import MODEL, Writer
from secretaria.simulation.rhythm import load_conversations

WORKSHOP = Path(__file__).parents[2] / "fixtures" / "oficina-rota"
PRICES = PriceList([f"{MODEL} 1 1"])
TODAY = date(2026, 11, 25)
MOST_WRITTEN = 900
TURNS = 7  # of the first two conversations


@pytest.fixture
def workshop(tmp_path: Path) -> Path:
    """The workshop with its first two conversations."""
    folder = tmp_path / "oficina"
    shutil.copytree(WORKSHOP, folder)
    file = folder / "conversations.jsonl"
    file.write_text("\n".join(file.read_text(encoding="utf-8").splitlines()[:2]), encoding="utf-8")
    return folder


@contextmanager
def paid(folder: Path, writer: Writer, limit_usd: float = 10.0) -> Iterator[CappedChat]:
    """Put a price on a simulated model."""
    with simulated_chat(folder, writer) as chat:
        yield CappedChat(chat, PRICES, MODEL, limit_usd, TODAY, MOST_WRITTEN)


def scenario(name: str) -> Scenario:
    """Return one scenario of the workshop."""
    return next(one for one in load_scenarios(WORKSHOP) if one.name == name)


def test_a_model_that_knows_the_labels_passes_every_try(engine: Engine, workshop: Path) -> None:
    """Every turn is asked for as often as was wanted, graded, and its cost counted."""
    with paid(workshop, Oracle(workshop)) as chat:
        result = run_labelled(Bench(engine, workshop), chat, MODEL, trials=2)
    assert result.mismatches == []
    assert result.turns == 2 * TURNS
    assert result.measures == {"pass^1": 1.0, "pass^2": 1.0}
    assert result.cost_usd > 0
    assert not result.stopped


def test_a_model_that_does_not_is_told_so(engine: Engine, workshop: Path) -> None:
    """The one of the demo asks no tool, so the bookings it should have made are missing, and the run says so."""
    with paid(workshop, Drafter(workshop)) as chat:
        result = run_labelled(Bench(engine, workshop), chat, MODEL, trials=1)
    assert {"booking", "draft", "handoff"} & {mismatch.kind for mismatch in result.mismatches}
    assert 0 < result.measures["pass^1"] < 1


def test_the_limit_stops_and_keeps_what_was_graded(engine: Engine, workshop: Path, tmp_path: Path) -> None:
    """The call that could pass the limit is not made; the turns before it stand in the file."""
    asked = asked_of_model(load_conversations(workshop))
    whole = estimate_usd(PRICES, MODEL, asked, TODAY)
    with Report(tmp_path / "saida") as report, paid(workshop, Oracle(workshop), whole / 3) as chat:
        result = run_labelled(Bench(engine, workshop, report.add), chat, MODEL, trials=4)
        report.close_with(result)
    assert result.stopped == CAPPED
    assert 0 < result.turns < 4 * TURNS
    assert result.cost_usd <= whole / 3
    assert result.mismatches == []
    assert len(read_lines(tmp_path / "saida")) == result.turns


@pytest.mark.parametrize(("folder", "scenarios"), [(WORKSHOP, 4), (SAMPLE_BUSINESS, 3)])
def test_the_scripts_end_as_wanted(engine: Engine, tmp_path: Path, folder: Path, scenarios: int) -> None:
    """Booked, cancelled, handed off, and said; through the whole pipeline, without a model."""
    with Report(tmp_path) as report:
        result = run_scripted(Bench(engine, folder, report.add), load_scenarios(folder))
        page = report.close_with(result).read_text(encoding="utf-8")
    assert result.mismatches == []
    assert (result.turns, result.measures) == (scenarios, {"pass^1": 1.0})
    assert "secretaria: " in page


def test_what_is_not_reached_or_wrongly_said_fails(engine: Engine) -> None:
    """Another end, another judge's answer, and a script that is not followed are each named."""
    booked = scenario("troca-de-oleo-amanha").model_dump(by_alias=True)
    booked["espera"] |= {"pessoa": True, "agenda": [], "diz": ["R$ 999"], "nao_diz": ["10h10"]}
    other = Scenario.model_validate(json.loads(json.dumps(booked, default=str))).model_copy(update={"name": "outro"})
    unscripted = scenario("cancelar-hoje").model_copy(update={"script": ()})
    result = run_scripted(Bench(engine, WORKSHOP), [other, unscripted])
    assert result.turns == 1  # the other one cannot be played without a model
    assert {one.kind for one in result.mismatches} == {"handoff", "booking", "must_include", "must_not_include"}


def test_pass_powers_count_the_tries_of_a_scenario(engine: Engine) -> None:
    """A customer who only finds words once passes one try of two."""
    played = scenario("desconto-na-revisao")
    script = ScriptedDialogue()
    script.begin(played.scripted_lines, {})
    heard: list[TurnResult] = []
    with paid(WORKSHOP, script) as chat:
        result = run_customers(Bench(engine, WORKSHOP, heard.append), chat, MODEL, [played], trials=2)
    assert [one.matched for one in heard] == [True, False]
    assert "customer" in {one.kind for one in result.mismatches}
    assert result.measures == {"pass^1": 0.5, "pass^2": 0.0}
    assert result.cost_usd > 0


def test_the_limit_stops_the_customers_too(engine: Engine) -> None:
    """A dialogue that was cut short tells nothing and is left out."""
    scenarios = load_scenarios(WORKSHOP)
    assert estimate_customers(PRICES, MODEL, scenarios, 4, TODAY) > 0
    with paid(WORKSHOP, ScriptedDialogue(), limit_usd=0.0) as chat:
        result = run_customers(Bench(engine, WORKSHOP), chat, MODEL, scenarios, trials=4)
    assert (result.turns, result.stopped, result.passed) == (0, CAPPED, False)
