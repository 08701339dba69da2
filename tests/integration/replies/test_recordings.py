"""Every turn that asked the model keeps what it takes to answer it again; a turn is never lost over it."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from secretaria.replies import keeping
from secretaria.replies.keeping import context_of
from secretaria.replies.models import Recording
from tests.answering import BUBBLES, Scene, a_draft, captured_lines
from tests.builders import NUMBER, rows
from tests.scripted_model import ScriptedModel, says


def ask(scene: Scene, *texts: str) -> None:
    """Let a customer write and the secretary answer."""
    scene.customer_writes(*texts)
    scene.quiet()
    scene.answer()


def test_a_turn_keeps_what_it_was_answered_from(scene: Scene, model: ScriptedModel) -> None:
    """The burst, the raw answers of every call and the decision stand in one row; no number does."""
    model.endings += [says("isto não é um rascunho"), says(a_draft(bubbles=BUBBLES))]
    ask(scene, "quanto custa a limpeza?", "e demora?")
    (row,) = rows(scene.engine, "recording")
    assert [message["text"] for message in row["told"]["burst"]] == ["quanto custa a limpeza?", "e demora?"]
    assert [answer["step"] for answer in row["answers"]] == ["draft", "repair"]
    assert row["answers"][0]["text"] == "isto não é um rascunho"
    assert row["decision"]["bubbles"] == BUBBLES
    assert NUMBER not in str(row)
    context = context_of(Recording(**row), scene.business)
    assert context.texts == ("quanto custa a limpeza?", "e demora?")
    assert context.now == scene.clock.now()


def test_a_turn_that_the_model_left_alone_is_kept_too(scene: Scene, model: ScriptedModel) -> None:
    """Why there was no answer is what it takes to come to the same fixed sentence."""
    model.faults.mode = "error_500"
    ask(scene, "quanto custa a limpeza?")
    (row,) = rows(scene.engine, "recording")
    assert row["answers"][-1]["cause"] == row["decision"]["failure"] != ""
    assert row["decision"]["origin"] == "fallback"


def test_a_turn_without_the_model_keeps_nothing(scene: Scene) -> None:
    """A wish that a rule answers asked no model."""
    ask(scene, "PARAR")
    assert rows(scene.engine, "recording") == []


def test_what_a_person_overtook_is_kept_too(scene: Scene, model: ScriptedModel) -> None:
    """What would have been said can be looked at, though nobody heard it."""
    model.endings.append(says(a_draft(bubbles=BUBBLES)))
    model.meanwhile.append(scene.person_writes)
    ask(scene, "quanto custa a limpeza?")
    assert scene.turns()[0]["reason"] == "conversation_attended"
    (row,) = rows(scene.engine, "recording")
    assert row["decision"]["bubbles"] == BUBBLES
    assert scene.bubbles() == []


@pytest.mark.parametrize("broken", ["building", "writing", "size"])
def test_what_cannot_be_kept_costs_no_reply(
    scene: Scene, owner: Engine, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """The customer is answered all the same, and the log names the turn and nothing of it."""
    if broken == "building":
        monkeypatch.setattr(keeping, "_CONTEXT", None)
    elif broken == "size":
        monkeypatch.setattr(keeping, "LONGEST", 10)
    else:
        with owner.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE recording ADD CONSTRAINT never CHECK (id < 0)")
    try:
        model.endings.append(says(a_draft(bubbles=BUBBLES)))
        with captured_lines() as logged:
            ask(scene, "quanto custa a limpeza?")
    finally:
        with owner.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE recording DROP CONSTRAINT IF EXISTS never")
    assert scene.bubbles() == BUBBLES
    assert rows(scene.engine, "recording") == []
    told = [line["text"] for line in logged if line["message"].startswith("recording_")]
    assert told
    assert "quanto custa" not in str(told)


def test_a_question_without_an_answer_is_counted_once_a_turn(scene: Scene, model: ScriptedModel) -> None:
    """The owner's list says how often something was asked."""
    model.endings.append(says(a_draft(answerable="not_known", asked="tem manobrista?", bubbles=["Não sei dizer."])))
    ask(scene, "tem manobrista?")
    assert [question["times"] for question in rows(scene.engine, "missing_question")] == [1]
