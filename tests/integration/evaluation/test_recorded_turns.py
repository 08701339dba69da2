"""Recorded turns are answered again: exactly as before where nothing changed, and compared where something did."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import SQLModel

from secretaria.audit.trail import Actor
from secretaria.database.transaction import transaction
from secretaria.evaluation.again import Change
from secretaria.evaluation.labelled import CAPPED
from secretaria.evaluation.recorded import Archive
from secretaria.evaluation.repeating import estimate_again, run_again
from secretaria.evaluation.results import SuiteResult
from secretaria.evaluation.spending import CappedChat
from secretaria.knowledge.folder import load_business_folder, read_folder
from secretaria.knowledge.store import load_business, write_version
from secretaria.llm.budget import Budget
from secretaria.llm.chat import ChatAnswer, ChatRequest
from secretaria.llm.pricing import PriceList
from secretaria.replies.cases import ExpectationInvalid, Expected, TurnNotRecorded, drop_case, keep_as_case, list_cases
from secretaria.settings import BudgetSection
from secretaria.simulation import SAMPLE_BUSINESS
from tests.acceptance.commands import Ran, secretaria
from tests.answering import BUBBLES, Scene, a_draft
from tests.builders import NUMBER, rows
from tests.integration.evaluation.conftest import Played
from tests.scripted_model import ScriptedModel, says

RENATA = Actor("renata", "panel", "balcao")
TODAY = date(2026, 11, 25)
PRICES = PriceList(["modelo-caro 1000 1000"])
DAY = 100_000


class Asked:
    """A model that is asked again, and keeps what it was told."""

    def __init__(self, **changes: object) -> None:
        self.prompts: list[str] = []
        self._draft = a_draft(**changes)

    def complete(self, request: ChatRequest) -> ChatAnswer:
        """Answer the same draft whatever is asked."""
        self.prompts.append("\n".join(str(message["content"]) for message in request.messages))
        return ChatAnswer(self._draft, "modelo-caro", 5_000, 300)

    def list_models(self) -> list[str]:
        """Name none."""
        return []

    def close(self) -> None:
        """Do nothing."""


def again(scene: Scene, change: Change | None = None, *, kept_only: bool = False) -> SuiteResult:
    """Answer everything again."""
    archive = Archive(scene.engine)
    return run_again(archive, archive.list(kept_only=kept_only), change or Change())


def kinds(result: SuiteResult) -> list[str]:
    """Return what differs, turn by turn."""
    return [mismatch.kind for mismatch in result.mismatches]


def everything(scene: Scene) -> Mapping[str, Any]:
    """Return every row of every table."""
    return {name: rows(scene.engine, name) for name in SQLModel.metadata.tables}


def test_every_decision_of_the_clinic_is_reproduced(clinic: Played) -> None:
    """From what was recorded, each turn that asked the model is decided as it was, to the last field and word."""
    assert [mismatch for one in clinic.again for mismatch in one.mismatches] == []
    assert len(clinic.again) == 84


def test_what_went_wrong_is_reproduced_too(recorded: Scene, model: ScriptedModel) -> None:
    """A draft that was stopped twice, a model that was down, and one that was asked with a shorter memory."""
    limits = BudgetSection(
        conversation_tokens_per_day=0, conversation_usd_per_day=0, day_tokens=DAY, small_model="outro"
    )
    budget = Budget(recorded.engine, recorded.clock, limits, PRICES, lambda: ZoneInfo("America/Sao_Paulo"))
    recorded.room = replace(recorded.room, budget=budget)
    model.endings += [says(a_draft(bubbles=["A limpeza custa R$ 999."]))] * 2
    for mode, used in (("answer", 0), ("error_500", 0), ("answer", round(DAY * 0.86))):
        if used:
            budget.reserve(None, "outro-modelo", prompt_tokens=used).settle()
            model.endings.append(says(a_draft(bubbles=BUBBLES)))
        model.faults.mode = mode  # type: ignore[assignment]  # one of its modes
        number = f"55209000003{len(recorded.turns()):02d}"
        recorded.customer_writes("quanto custa a limpeza?", number=number)
        recorded.quiet()
        recorded.answer(len(recorded.turns()))
    decided = [row["decision"] for row in rows(recorded.engine, "recording")][2:]
    assert [(one["abstained"], one["origin"], one["checks"].get("budget")) for one in decided] == [
        (True, "model", None),
        (False, "fallback", None),
        (False, "model", "short_memory"),
    ]
    assert again(recorded).matched == 5


def test_nothing_is_written_while_answering_again(recorded: Scene) -> None:
    """No row of the live tables changes, whatever is changed and whoever is asked."""
    before, nudged = everything(recorded), len(recorded.nudges.published)
    assert again(recorded).matched == 2
    again(recorded, Change(chat=Asked(tool="agenda_marcar", handoff_needed=True)))
    assert everything(recorded) == before
    assert len(recorded.nudges.published) == nudged


def test_a_price_that_changed_is_shown(recorded: Scene, tmp_path: Path) -> None:
    """With the recorded answers and another base, the old price has no receipt any more, so it is not said."""
    folder = tmp_path / "clinica"
    shutil.copytree(SAMPLE_BUSINESS, folder)
    for file in (folder / "base").iterdir():
        file.write_text(file.read_text(encoding="utf-8").replace("R$ 180", "R$ 195"), encoding="utf-8")
    result = again(recorded, Change("outra base", business=load_business_folder(folder)))
    assert set(kinds(result)) == {"draft", "answer", "price"}
    assert result.results[0].before == tuple(BUBBLES)


def test_a_large_base_is_searched_anew(recorded: Scene, tmp_path: Path) -> None:
    """What a base that is too large to be told whole holds reaches the model by search."""
    folder = tmp_path / "clinica"
    shutil.copytree(SAMPLE_BUSINESS, folder)
    units = "".join(f"## Assunto {number}\n{'Um texto sobre outra coisa. ' * 20}\n\n" for number in range(60))
    (folder / "base" / "outros.md").write_text(f"# Outros\n\n{units}", encoding="utf-8")
    with transaction(recorded.engine) as session:
        draft = write_version(
            session,
            read_folder(folder),
            origin="import",
            author="renata",
            note="",
            parent_id=1,
            now=recorded.clock.now(),
        )
        business = load_business(session, draft.version_id or 0)
    asked = Asked(bubbles=BUBBLES)
    assert again(recorded, Change("grande", chat=asked, business=business, base=recorded.engine)).matched == 2
    assert "[faq.md#faq-08] Quanto custa uma limpeza?" in asked.prompts[0]
    assert asked.prompts[0].count("[outros.md#") < 8


def test_another_persona_is_told_to_the_model(recorded: Scene) -> None:
    """Only how she speaks is other; a hand-off, a tool and a price that come of it are shown, words are counted."""
    persona = recorded.business.card.persona.model_copy(update={"name": "Zuleica", "tone": "seco"})
    asked = Asked(
        handoff_needed=True, handoff_reason="pedido", handoff_brief="quer falar", bubbles=["Chamei a equipe."]
    )
    result = again(recorded, Change("persona", chat=asked, persona=persona))
    assert "Nome: Zuleica." in asked.prompts[0]
    assert kinds(result) == ["handoff", "price"] * 2
    assert result.measures["texts_changed"] == 2


def test_the_limit_of_cost_stops_and_keeps_what_was_compared(recorded: Scene) -> None:
    """A call that could pass the limit is not made."""
    capped = CappedChat(Asked(bubbles=BUBBLES), PRICES, "modelo-caro", 6.0, TODAY, 900)
    listed = Archive(recorded.engine).list()
    assert estimate_again(PRICES, "modelo-caro", listed, TODAY) > 0
    result = again(recorded, Change("modelo", chat=capped))
    assert (result.turns, result.stopped, result.passed) == (1, CAPPED, False)


def test_a_turn_becomes_a_case(recorded: Scene) -> None:
    """What somebody expects of it is compared from then on, and the audit knows who said so."""
    wanted = Expected("tinha que oferecer horário", handoff=False, must_say=("R$ 180,00", "amanhã"))
    with transaction(recorded.engine) as session:
        keep_as_case(session, 1, wanted, by=RENATA, now=recorded.clock.now())
        (case,) = list_cases(session)
    assert (case.expected, case.kept_by, case.said) == (wanted, "renata", ("quanto custa a limpeza?",))
    result = again(recorded, kept_only=True)
    assert [(one.kind, one.expected) for one in result.mismatches] == [("must_include", ["amanhã"])]
    better = Change(chat=Asked(bubbles=["A limpeza custa R$ 180. Pode ser amanhã?"]))
    assert again(recorded, better, kept_only=True).passed
    noted = rows(recorded.engine, "audit_entry")[-1]
    assert (noted["action"], noted["actor"], noted["target"]) == ("case.kept", "renata", "turno 1")
    assert noted["subject"]
    with transaction(recorded.engine) as session:
        drop_case(session, 1, by=RENATA, now=recorded.clock.now())
        assert list_cases(session) == []
    assert again(recorded).matched == 2


@pytest.mark.parametrize("note", ["", "x" * 501])
def test_a_case_says_what_was_expected(recorded: Scene, note: str) -> None:
    """Without a note nobody would know what it is for."""
    with pytest.raises(ExpectationInvalid), transaction(recorded.engine) as session:
        keep_as_case(session, 1, Expected(note), by=RENATA, now=recorded.clock.now())


def test_what_was_not_recorded_is_no_case(recorded: Scene) -> None:
    """A turn that is gone, or asked no model, cannot be answered again."""
    with pytest.raises(TurnNotRecorded), transaction(recorded.engine) as session:
        keep_as_case(session, 99, Expected("não existe"), by=RENATA, now=recorded.clock.now())


def test_the_command_answers_again(recorded: Scene, tmp_path: Path) -> None:
    """It reads the installation's recordings, writes the report and masks what would name a person."""
    url = recorded.engine.url.render_as_string(hide_password=False)
    environment = {"DATABASE_URL": url, "REDIS_URL": "unix:///nonexistent/nobody.sock"}
    since = recorded.clock.now().date().isoformat()
    ran = secretaria(
        "eval", "replay", "--since", since, "--out", "saida", "--json", cwd=tmp_path, environment=environment
    )
    assert ran.code == 0, ran.err
    assert '"turns": 2, "matched": 2' in ran.out
    page = (tmp_path / "saida" / "relatorio.html").read_text(encoding="utf-8")
    assert "quanto custa a limpeza?" in page
    assert NUMBER not in page
    (looked,) = rows(recorded.engine, "audit_entry")
    assert (looked["action"], looked["after"]["turns"]) == ("recordings.replayed", 2)


def test_the_commands_keep_and_run_a_case(recorded: Scene, tmp_path: Path) -> None:
    """Kept with what must be said, and held to it."""
    url = recorded.engine.url.render_as_string(hide_password=False)
    environment = {"DATABASE_URL": url, "REDIS_URL": "unix:///nonexistent/nobody.sock"}

    def run(*words: str) -> Ran:
        return secretaria("eval", *words, cwd=tmp_path, environment=environment)

    assert run("cases", "keep", "1", "--note", "dizer o sábado", "--says", "sábado").code == 0
    failed = run("replay", "--kept")
    assert (failed.code, "faltou dizer: 1" in failed.err) == (1, True)
