"""One turn, whatever it takes: a repair, a tool, a second try, silence or a person; and everything of it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest
from sqlmodel import Session

from secretaria.knowledge.business import BusinessCard
from secretaria.replies import drafting, wording
from secretaria.replies.guarding import reasons_to_stop
from secretaria.replies.guardrails import Guarded
from secretaria.replies.toolbox import Errand
from secretaria.tools.calls import Plan, SlotTaken, ToolCall, ToolResult
from tests.answering import Scene, a_draft
from tests.builders import rows
from tests.scripted_model import ScriptedModel, answers, says

LOOK = "agenda_horarios"
FREE = "Livres em centro: ter 11/08 09:00."
BOOKED = ToolResult(
    "agenda_marcar", ok=True, told="Marcado: limpeza ter 11/08 09:00.", actions=("booked",), plan=Plan()
)


@dataclass
class ScriptedTools:
    """A toolbox that tells what a test wants told and keeps what it was asked and what was settled."""

    result: ToolResult = field(default_factory=lambda: ToolResult(LOOK, ok=True, told=FREE))
    taken: int = 0
    broken: bool = False
    asked: list[tuple[ToolCall, Errand]] = field(default_factory=list)
    settled: list[ToolResult] = field(default_factory=list)

    def describe(self, card: BusinessCard) -> str:
        """Explain one tool."""
        del card
        return "agenda_horarios: mostra os horários livres.\n"

    def names(self, card: BusinessCard) -> Sequence[str]:
        """Name the tools."""
        del card
        return (LOOK, "agenda_marcar")

    def lines(
        self, session: Session, card: BusinessCard, *, contact_id: int, conversation_id: int, now: datetime
    ) -> Sequence[str]:
        """Tell of one booking."""
        del session, card, contact_id, conversation_id, now
        return ("Marcado: avaliação qua 12/08 10:00 (código A1)",)

    def run(self, card: BusinessCard, call: ToolCall, errand: Errand) -> ToolResult:
        """Tell what the test wants told."""
        del card
        if self.broken:
            raise ZeroDivisionError
        self.asked.append((call, errand))
        return self.result

    def settle(
        self, session: Session, card: BusinessCard, result: ToolResult, errand: Errand, bubbles: Sequence[str]
    ) -> None:
        """Keep what is settled, or be too late."""
        del session, card, errand, bubbles
        if self.taken:
            self.taken -= 1
            raise SlotTaken("esse horário acabou de ser ocupado")
        self.settled.append(result)


@pytest.fixture
def tools(asked: Scene) -> ScriptedTools:
    """Give the secretary tools."""
    toolbox = ScriptedTools()
    asked.room = replace(asked.room, toolbox=toolbox)
    return toolbox


def asks_tool(**changes: object) -> str:
    """Write a draft that wants to look into the agenda first."""
    return a_draft(
        **{"intention": "agendar", "tool": LOOK, "tool_unit": "centro", "tool_date": "2026-08-11", "bubbles": []}
        | changes
    )


def reply_of(scene: Scene) -> dict[str, Any]:
    """Return the only reply."""
    (reply,) = rows(scene.engine, "reply")
    return reply


def test_broken_answer_is_repaired_once_with_its_error(asked: Scene, model: ScriptedModel) -> None:
    """The model is shown its own answer and what is wrong with it, and what it mends is said."""
    model.endings.extend([says(a_draft(intention="compra")), says(a_draft())])
    asked.answer()
    assert asked.bubbles() == ["A limpeza custa R$ 180."]
    *_, shown, told, burst = model.asked[1]["messages"]
    assert (shown["role"], '"compra"' in shown["content"]) == ("assistant", True)
    assert (told["role"], "- intention: " in told["content"]) == ("system", True)
    assert burst == model.asked[0]["messages"][-1]
    reply = reply_of(asked)
    assert (reply["calls"], reply["regenerations"], set(reply["steps"])) == (2, 0, {"draft", "repair", "guards"})


def test_tool_is_used_between_two_calls(asked: Scene, model: ScriptedModel, tools: ScriptedTools) -> None:
    """The typed arguments reach the tool, its result reaches the model as data, and both are kept with the reply."""
    model.endings.extend(
        [says(asks_tool()), says(a_draft(answerable="tool", sources=[], bubbles=["Tenho terça 11/08, 9h."]))]
    )
    asked.answer()
    ((call, errand),) = tools.asked
    assert (call.name, call.unit, str(call.date)) == (LOOK, "centro", "2026-08-11")
    assert (errand.contact_id, errand.turn_id, errand.texts) == (1, 1, ("qnt ta a limpeza?",))
    assert FREE in model.prompts()[1]
    assert asked.bubbles() == ["Tenho terça 11/08, 9h."]
    reply = reply_of(asked)
    assert reply["tool"] == {
        "call": {"name": LOOK, "unit": "centro", "date": "2026-08-11"},
        "result": {"ok": True, "told": FREE},
    }
    assert (reply["answerable"], reply["calls"], tools.settled) == ("tool", 2, [tools.result])


def test_prompt_tells_tools_and_bookings(asked: Scene, model: ScriptedModel, tools: ScriptedTools) -> None:
    """What the tools are stands in the part all contacts share; what is booked for this contact does not."""
    asked.answer()
    shared, about, *_ = model.asked[0]["messages"]
    assert tools.describe(asked.business.card).strip() in shared["content"]
    assert "código A1" in about["content"]
    assert "código A1" not in shared["content"]


def test_undeclared_tool_is_refused_with_a_sentence(asked: Scene, model: ScriptedModel, tools: ScriptedTools) -> None:
    """A tool nobody declared is never run; the model is told, and answers without it."""
    model.endings.extend([says(asks_tool(tool="apagar_tudo")), says(a_draft())])
    asked.answer()
    assert tools.asked == []
    assert "não existe neste negócio" in model.prompts()[1]
    assert asked.bubbles() == ["A limpeza custa R$ 180."]


def test_broken_tool_does_not_break_the_turn(asked: Scene, model: ScriptedModel, tools: ScriptedTools) -> None:
    """A fault inside a tool is told to the model and the customer is answered."""
    tools.broken = True
    model.endings.extend([says(asks_tool()), says(a_draft(handoff_needed=True, bubbles=["Passei para a equipe."]))])
    asked.answer()
    assert "não respondeu agora" in model.prompts()[1]
    assert asked.bubbles() == ["Passei para a equipe."]


def test_write_happens_with_the_reply(asked: Scene, model: ScriptedModel, tools: ScriptedTools) -> None:
    """A planned write is settled in the reply's transaction, and the reply says what was done."""
    tools.result = BOOKED
    model.endings.extend([says(asks_tool(tool="agenda_marcar")), says(a_draft(bubbles=["Marcado: terça 11/08, 9h."]))])
    asked.answer()
    assert tools.settled == [BOOKED]
    assert reply_of(asked)["actions"] == ["booked"]


def test_slot_that_was_taken_puts_the_turn_back(asked: Scene, model: ScriptedModel, tools: ScriptedTools) -> None:
    """Somebody was quicker: nothing of the reply is kept, and the turn is drafted anew with what is free now."""
    tools.result, tools.taken = BOOKED, 1
    endings = [says(asks_tool(tool="agenda_marcar")), says(a_draft(bubbles=["Marcado: terça 11/08, 9h."]))]
    model.endings.extend([*endings, *endings])
    asked.answer()
    assert (rows(asked.engine, "reply"), asked.bubbles()) == ([], [])
    assert (asked.turns()[0]["state"], asked.turns()[0]["restarts"]) == ("waiting", 1)
    asked.answer()
    assert (asked.turns()[0]["state"], tools.settled) == ("answered", [BOOKED])


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """A guard that stops one price, whatever the real ones do."""

    def stop(guarded: Guarded) -> tuple[str, ...]:
        return (
            *reasons_to_stop(guarded),
            *(["R$ 999 não está na base."] if any("999" in said for said in guarded.bubbles) else []),
        )

    monkeypatch.setattr(drafting, "reasons_to_stop", stop)


@pytest.mark.usefixtures("strict")
def test_stopped_draft_is_written_anew_with_the_reason(asked: Scene, model: ScriptedModel) -> None:
    """The model is told why, and its second try is what is said."""
    model.endings.extend([says(a_draft(bubbles=["Custa R$ 999."])), says(a_draft())])
    asked.answer()
    assert asked.bubbles() == ["A limpeza custa R$ 180."]
    assert "- R$ 999 não está na base." in model.prompts()[1]
    assert (reply_of(asked)["regenerations"], reply_of(asked)["calls"]) == (1, 2)


@pytest.mark.usefixtures("strict")
def test_what_is_stopped_twice_is_not_said(asked: Scene, model: ScriptedModel) -> None:
    """The secretary admits that she is not sure, offers a person, and the question counts as not known."""
    model.endings.extend([says(a_draft(bubbles=["Custa R$ 999."]))] * 2)
    asked.answer()
    assert asked.bubbles() == [wording.NOT_SURE]
    reply = reply_of(asked)
    assert (reply["answerable"], reply["checks"]["draft"], reply["sources"]) == ("not_known", "abstained", [])
    assert asked.turns()[0]["state"] == "answered"


@pytest.mark.usefixtures("strict")
def test_hand_off_survives_a_stopped_draft(asked: Scene, model: ScriptedModel) -> None:
    """What the first try saw in the customer's words still calls the person, with a sentence that is safe."""
    model.endings.append(says(a_draft(bubbles=["Custa R$ 999."], handoff_needed=True, handoff_reason="saude")))
    model.endings.append(answers(500, b"{}"))
    asked.answer()
    assert asked.bubbles() == [wording.PERSON_CALLED]
    assert asked.turns()[0]["reason"] == "saude"


@pytest.mark.usefixtures("strict")
def test_write_that_cannot_be_told_is_not_done(asked: Scene, model: ScriptedModel, tools: ScriptedTools) -> None:
    """Where both tries are stopped, nothing is booked: a booking nobody confirms helps nobody."""
    tools.result = BOOKED
    bad = a_draft(sources=[], bubbles=["A limpeza custa R$ 999."])
    model.endings.extend([says(asks_tool(tool="agenda_marcar")), says(bad), says(bad)])
    asked.answer()
    assert tools.settled == []
    assert reply_of(asked)["actions"] == []


def test_thanks_after_the_answer_need_no_word(asked: Scene, model: ScriptedModel) -> None:
    """Nothing to say is a decision: the turn ends in silence with its analysis, and nothing is sent."""
    asked.answer()
    before = asked.bubbles()
    asked.customer_writes("obg!!")
    asked.quiet()
    model.endings.append(says(a_draft(intention="agradecimento", answerable="conversation", sources=[], bubbles=[])))
    asked.answer(2)
    turn = asked.turns()[1]
    assert (turn["state"], turn["reason"]) == ("silenced", "nothing_to_say")
    assert asked.bubbles() == before
    assert rows(asked.engine, "reply")[1]["intention"] == "agradecimento"


@pytest.mark.parametrize(
    ("written", "changes"),
    [
        ("obg! e qual o endereço?", {"intention": "agradecimento"}),
        ("qual o endereço", {"intention": "horario_local"}),
        ("obg", {"intention": "agradecimento", "extra_intentions": ["agendar"]}),
    ],
)
def test_question_is_never_met_with_silence(
    asked: Scene, model: ScriptedModel, written: str, changes: dict[str, object]
) -> None:
    """A model that keeps quiet where something was asked is told to answer."""
    asked.answer()
    asked.customer_writes(written)
    asked.quiet()
    silent = a_draft(answerable="conversation", sources=[], bubbles=[], **changes)
    model.endings.extend([says(silent), says(a_draft(bubbles=["Fica no Centro."]))])
    asked.answer(2)
    assert asked.bubbles()[-1] == "Fica no Centro."
    assert rows(asked.engine, "reply")[1]["regenerations"] == 1


@pytest.mark.parametrize(
    ("written", "changes", "reason"),
    [
        ("quero falar com uma pessoa", {}, "pedido_explicito"),
        ("vou no procon", {}, "ameaca"),
        ("quero que apaguem meus dados", {}, "dados"),
        ("faz um preço melhor?", {}, "negociacao"),
        ("ta sangrando", {"urgent": True}, "urgencia"),
        ("que absurdo", {"intention": "reclamacao"}, "reclamacao"),
    ],
)
def test_rules_of_ours_call_a_person_whatever_the_model_thinks(
    scene: Scene, model: ScriptedModel, written: str, changes: dict[str, object], reason: str
) -> None:
    """Code adds the hand-off, says so to the customer, and the reply names the rule."""
    scene.customer_writes(written)
    scene.quiet()
    model.endings.append(says(a_draft(bubbles=["Certo."], **changes)))
    scene.answer()
    reply = reply_of(scene)
    assert (reply["handoff_reason"], reply["handoff_by"]) == (reason, f"rule:{reason}")
    assert (scene.turns()[0]["state"], scene.conversation()["mode"]) == ("handed_off", "waiting")
    assert scene.bubbles() == ["Certo.", wording.PERSON_CALLED]


def test_request_for_a_person_is_honoured_without_a_model(scene: Scene, model: ScriptedModel) -> None:
    """R83: the model is down, and who asks for a person gets one, for good: no recovery takes it back."""
    scene.customer_writes("quero falar com um atendente")
    scene.quiet()
    model.endings.append(answers(500, b"{}"))
    scene.answer()
    assert scene.turns()[0]["reason"] == "pedido_explicito"
    assert scene.bubbles() == [wording.PERSON_CALLED]
    reply = reply_of(scene)
    assert (reply["origin"], reply["sentiment"], reply["analysis_source"]) == ("fallback", None, None)


def test_reply_keeps_all_that_tells_why(asked: Scene, model: ScriptedModel) -> None:
    """Versions, analysis with its source, calls and seconds stand on the row."""
    model.endings.append(says(a_draft(extra_intentions=["servico"], language="es")))
    asked.answer()
    reply = reply_of(asked)
    assert (reply["business_version"], reply["analysis_source"]) == (asked.business.version, "model")
    assert (reply["extra_intentions"], reply["language"], reply["urgent"]) == (["servico"], "es", False)
    assert (reply["calls"], reply["prompt_tokens"] > 0, reply["llm_seconds"] > 0) == (1, True, True)
