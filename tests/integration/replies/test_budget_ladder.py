"""What a customer reads when the model's budget runs short: still an answer, then a sentence, always a person."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from secretaria.breaker import State
from secretaria.llm.budget import Budget
from secretaria.llm.openai_chat import OpenAIChat
from secretaria.llm.pricing import PriceList
from secretaria.replies import wording
from secretaria.replies.recovery import recover_turns
from secretaria.settings import BudgetSection
from tests.answering import Scene, a_chat, a_draft
from tests.builders import rows
from tests.scripted_model import ScriptedModel, says

DAY = 100_000


def poor(scene: Scene, model: ScriptedModel, used: int, **limits: object) -> OpenAIChat:
    """Give a scene a budget of which some is used."""
    section = BudgetSection(
        conversation_tokens_per_day=0, conversation_usd_per_day=0, day_tokens=DAY, small_model="modelo-pequeno"
    )
    prices = PriceList(["modelo-principal 100 100", "modelo-pequeno 0 0"])
    budget = Budget(
        scene.engine, scene.clock, section.model_copy(update=limits), prices, lambda: ZoneInfo("America/Sao_Paulo")
    )
    if used:
        budget.reserve(None, "outro-modelo", prompt_tokens=used).settle()
    chat = a_chat(model.url, budget=budget)
    scene.room = replace(scene.room, budget=budget, chat=chat)
    return chat


def reply_to(scene: Scene, text: str = "quanto custa a limpeza?") -> dict[str, object]:
    """Let a customer ask, and return what was decided."""
    scene.customer_writes(text)
    scene.quiet()
    scene.answer(len(scene.turns()))
    return rows(scene.engine, "reply")[-1]


def test_with_enough_of_it_the_usual_model_answers_and_its_price_is_kept(scene: Scene, model: ScriptedModel) -> None:
    """990 tokens at 100 dollars a million cost 99,000 micro-dollars, which stand on the reply."""
    chat = poor(scene, model, 0)
    model.endings.append(says(a_draft()))
    reply = reply_to(scene)
    chat.close()
    assert (reply["cost_micros"], reply["model"]) == (99_000, "modelo-principal")
    assert "budget" not in reply["checks"]  # type: ignore[operator]  # a JSON column


def test_when_it_gets_short_a_smaller_model_answers(scene: Scene, model: ScriptedModel) -> None:
    """The customer notices nothing; the reply says why it was another model."""
    chat = poor(scene, model, round(DAY * 0.75))
    model.endings.append(says(a_draft()))
    reply = reply_to(scene)
    chat.close()
    assert (reply["origin"], reply["model"]) == ("model", "modelo-pequeno")
    assert reply["checks"]["budget"] == "small_model"  # type: ignore[index]


def test_shorter_still_it_reads_less_of_the_conversation(scene: Scene, model: ScriptedModel) -> None:
    """Of ten earlier messages the last six are told."""
    for number in range(5):
        model.endings.append(says(a_draft()))
        reply_to(scene, f"pergunta {number}")
    chat = poor(scene, model, round(DAY * 0.86))
    model.endings.append(says(a_draft()))
    reply = reply_to(scene)
    chat.close()
    assert reply["checks"]["budget"] == "short_memory"  # type: ignore[index]
    assert len([call for call in model.asked[-1]["messages"] if call["role"] != "system"]) == 6 + 1


def test_a_pot_that_is_shorter_than_it_looked_leads_one_rung_down(scene: Scene, model: ScriptedModel) -> None:
    """The usual model would cost more than the day has left; the small one is asked in its place."""
    chat = poor(scene, model, 0, day_usd=0.05)
    model.endings.append(says(a_draft()))
    reply = reply_to(scene)
    chat.close()
    assert (reply["origin"], reply["model"]) == ("model", "modelo-pequeno")


@pytest.mark.parametrize("used", [DAY, round(DAY * 0.99)])
def test_used_up_a_fixed_sentence_is_said_and_a_person_called(scene: Scene, model: ScriptedModel, used: int) -> None:
    """No call is made: neither at the limit, nor where what is left pays for none."""
    chat = poor(scene, model, used)
    reply = reply_to(scene)
    chat.close()
    assert model.asked == []
    assert (reply["origin"], reply["handoff_reason"]) == ("fallback", "budget_used_up")
    assert reply["checks"] == {"draft": "budget", "budget": "template"}
    assert reply["sentiment"] is None
    assert scene.bubbles() == [wording.NO_BUDGET]
    assert scene.conversation()["mode"] == "waiting"


def test_said_once_it_is_not_said_again(scene: Scene, model: ScriptedModel) -> None:
    """An operator gave the conversation back while nothing was left: only the person is called again."""
    chat = poor(scene, model, DAY)
    reply_to(scene)
    scene.change("conversation", 1, mode="automatic")
    reply = reply_to(scene, "e aí?")
    chat.close()
    assert (reply["bubbles"], reply["checks"]) == ([], {"draft": "budget", "budget": "person"})
    assert scene.bubbles() == [wording.NO_BUDGET]


def test_a_used_up_budget_is_not_tried_again_like_a_failing_model(scene: Scene, model: ScriptedModel) -> None:
    """Until the day is over nothing would come of it."""
    chat = poor(scene, model, DAY)
    reply_to(scene)
    chat.close()
    assert scene.turns()[-1]["reason"] == "budget_used_up"
    scene.clock.advance(90)
    assert recover_turns(scene.engine, scene.nudges, scene.clock, lambda: State.CLOSED) == 0
