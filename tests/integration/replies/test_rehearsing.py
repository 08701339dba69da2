"""What she would say is asked by the very way of a turn, and nobody hears of it."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from secretaria.clock import HeldClock
from secretaria.database.transaction import transaction
from secretaria.knowledge.snapshot import Business
from secretaria.llm.budget import Budget
from secretaria.llm.pricing import PriceList
from secretaria.replies import wording
from secretaria.replies.cases import TurnNotRecorded
from secretaria.replies.rehearsing import MessageMissing, Occasion, list_recorded, rehearse, rehearse_side_by_side
from secretaria.settings import BudgetSection
from tests.answering import BUBBLES, Scene, a_chat, a_draft
from tests.builders import OWNER, rows
from tests.scripted_model import ScriptedModel, says

KEPT = ("reply", "recording", "message", "outbox_item", "turn")


@pytest.fixture
def formal(business: Business) -> Business:
    """The sample, with a secretary who is formal."""
    persona = business.card.persona.model_copy(update={"formality": "formal"})
    return replace(business, card=business.card.model_copy(update={"persona": persona}))


def test_a_recorded_turn_is_answered_again_under_another_persona(
    answered: Scene, formal: Business, model: ScriptedModel
) -> None:
    """With its customer's words and the other tone; nothing is written."""
    before = {table: rows(answered.engine, table) for table in KEPT}
    with transaction(answered.engine) as session:
        (recorded,) = list_recorded(session)
    assert (recorded.turn_id, recorded.said, recorded.bubbles) == (1, "qnt ta a limpeza?", tuple(BUBBLES))
    model.endings.append(says(a_draft(bubbles=["A limpeza custa R$ 180."])))
    said = rehearse(answered.room, formal, Occasion(turn_id=1))
    assert (said.bubbles, said.handoff, said.failure) == (("A limpeza custa R$ 180.",), None, "")
    assert "cortesia formal" in model.prompts()[-1]
    assert "qnt ta a limpeza?" in model.prompts()[-1]
    assert {table: rows(answered.engine, table) for table in KEPT} == before


def test_a_tool_is_asked_but_books_nothing(scene: Scene, business: Business, model: ScriptedModel) -> None:
    """The model is told that nothing can be written, and the agenda stays as it is."""
    wish = {
        "tool": "agendar",
        "tool_kind": "limpeza",
        "tool_unit": "centro",
        "tool_date": "2026-11-30",
        "tool_time": "09:00",
    }
    model.endings += [says(a_draft(**wish)), says(a_draft(bubbles=["Vou ver com a equipe."], sources=[]))]
    rehearse(scene.room, business, Occasion(("quero marcar limpeza segunda às 9h",)))
    assert rows(scene.engine, "booking") == []


def test_the_day_pays_and_no_conversation(
    scene: Scene, business: Business, model: ScriptedModel, engine: Engine, clock: HeldClock
) -> None:
    """Where the day has nothing left the fixed sentence is shown, and the model is not asked."""
    limits = BudgetSection(conversation_tokens_per_day=1, conversation_usd_per_day=0, day_tokens=100_000)
    budget = Budget(engine, clock, limits, PriceList([]), lambda: ZoneInfo("America/Sao_Paulo"))
    chat = a_chat(model.url, budget=budget)
    room = replace(scene.room, budget=budget, chat=chat)
    model.endings.append(says(a_draft(bubbles=["A limpeza custa R$ 180."])))
    assert rehearse(room, business, Occasion(("quanto custa a limpeza?",))).failure == ""
    assert {row["scope"] for row in rows(engine, "llm_spending")} == {"day", "month"}
    budget.reserve(None, "outro-modelo", prompt_tokens=99_000).settle()
    asked = len(model.prompts())
    said = rehearse(room, business, Occasion(("quanto custa a limpeza?",)))
    chat.close()
    assert (said.failure, said.bubbles[0]) == ("budget", wording.NO_BUDGET)
    assert len(model.prompts()) == asked


def test_who_asked_is_noted(answered: Scene, business: Business, formal: Business, model: ScriptedModel) -> None:
    """Both answers come in the order of what they are answered from, and the entry is about the customer it was."""
    model.endings += [says(a_draft(bubbles=["A limpeza custa R$ 180."]))] * 2
    said = rehearse_side_by_side(answered.room, [business, formal], Occasion(turn_id=1), by=OWNER)
    assert [one.bubbles for one in said] == [("A limpeza custa R$ 180.",)] * 2
    (entry,) = rows(answered.engine, "audit_entry")
    assert (entry["action"], entry["target"]) == ("knowledge.rehearsed", "turno 1")
    assert entry["subject"]


def test_there_is_something_to_answer(scene: Scene, business: Business) -> None:
    """A message, or a turn that is still kept."""
    with pytest.raises(MessageMissing):
        rehearse_side_by_side(scene.room, [business], Occasion(("",)), by=OWNER)
    assert rows(scene.engine, "audit_entry") == []
    with pytest.raises(MessageMissing):
        rehearse(scene.room, business, Occasion((" \n",)))
    with pytest.raises(TurnNotRecorded):
        rehearse(scene.room, business, Occasion(turn_id=77))
