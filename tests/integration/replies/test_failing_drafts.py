"""Whatever fails on the way to a draft: the customer gets one honest sentence or a person, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from secretaria.replies import answer, drafting, wording
from secretaria.replies.answer import answer_turn
from secretaria.replies.settling import MAX_FAILURES
from secretaria.simulation.faults import LlmMode
from tests.answering import Scene, a_chat, a_draft, captured_lines
from tests.builders import rows
from tests.scripted_model import ScriptedModel, answers, says

QUESTION = "qnt ta a limpeza?"


@pytest.mark.parametrize(
    ("mode", "cause"),
    [
        ("timeout", "timeout"),
        ("html", "server_error"),
        ("broken_json", "unreadable_draft"),
        ("empty", "empty"),
        ("error_500", "server_error"),
    ],
)
def test_model_that_fails_costs_one_honest_sentence(
    asked: Scene, model: ScriptedModel, mode: LlmMode, cause: str
) -> None:
    """No usable draft: the fixed sentence is said, a person is called with a brief, and the message is still there."""
    model.faults.mode = mode
    chat = a_chat(model.url, timeout_seconds=1.5)
    room = replace(asked.room, chat=chat)
    with captured_lines() as lines:
        answer_turn(room, 1)
    chat.close()
    (turn,), (reply,) = asked.turns(), rows(asked.engine, "reply")
    assert (turn["state"], turn["reason"]) == ("handed_off", "model_failed")
    assert (reply["origin"], reply["checks"], reply["bubbles"]) == ("fallback", {"draft": cause}, [wording.NO_DRAFT])
    assert reply["handoff_brief"] == wording.NO_DRAFT_BRIEF
    assert reply["prompt_version"].startswith("p2-")
    assert reply["llm_seconds"] > 0
    assert asked.conversation()["mode"] == "waiting"
    assert asked.bubbles() == [wording.NO_DRAFT]
    assert rows(asked.engine, "message")[0]["text"] == QUESTION
    assert [line["extra"]["cause"] for line in lines if line["message"] == "no_usable_draft"] == [cause]


@pytest.mark.parametrize(
    "content",
    ["[]", "{}", a_draft(bubbles=[]), a_draft(bubbles=["\u200e"]), a_draft(intention="inventada"), "{" * 50_000],
)
def test_useless_drafts_cost_the_same_sentence(asked: Scene, model: ScriptedModel, content: str) -> None:
    """An answer that twice is no draft, or says nothing, is never sent in any form."""
    model.endings.extend([says(content), says(content)])
    asked.answer()
    assert asked.bubbles() == [wording.NO_DRAFT]


def test_misconfigured_model_costs_the_same_sentence(asked: Scene, model: ScriptedModel) -> None:
    """A key that is no longer good is no reason to leave the customer without a word or a person."""
    model.endings.append(answers(401, b'{"error": {"message": "Incorrect API key provided"}}'))
    asked.answer()
    assert rows(asked.engine, "reply")[0]["checks"] == {"draft": "unauthorized"}
    assert asked.bubbles() == [wording.NO_DRAFT]


@pytest.fixture
def poisonous(asked: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A turn whose drafting always fails in a way nobody foresaw."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(drafting, "build_prompt", fail)
    return asked


def test_fault_of_ours_is_counted_and_tried_again(poisonous: Scene) -> None:
    """An unforeseen error frees the conversation and puts the turn back, each time a little later."""
    with captured_lines() as lines:
        poisonous.answer()
    (turn,) = poisonous.turns()
    assert (turn["state"], turn["failures"]) == ("waiting", 1)
    assert turn["due_at"] == poisonous.clock.now() + timedelta(seconds=5)
    assert poisonous.conversation()["lease_until"] is None
    (line,) = lines
    assert (line["message"], line["extra"]["correlation_id"]) == ("answering_failed", str(turn["correlation_id"]))


def test_fifth_fault_calls_a_person(poisonous: Scene) -> None:
    """A poisonous turn is not tried for ever: at the fifth error a person has it, and the reason is on the turn."""
    for _ in range(MAX_FAILURES):
        poisonous.clock.advance(30)
        poisonous.answer()
    (turn,) = poisonous.turns()
    assert (turn["state"], turn["reason"], turn["failures"]) == ("handed_off", "ZeroDivisionError", 5)
    assert poisonous.conversation()["mode"] == "waiting"
    poisonous.clock.advance(30)
    poisonous.answer()
    assert poisonous.turns()[0]["failures"] == 5


@pytest.mark.parametrize("mode", ["attended", "paused"])
def test_fifth_fault_does_not_take_the_word_from_a_person(
    poisonous: Scene, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """Where somebody took over while we failed, the conversation stays theirs."""

    def take_over(*_: object) -> None:
        poisonous.change("conversation", 1, mode=mode)
        raise ZeroDivisionError

    poisonous.change("turn", 1, failures=MAX_FAILURES - 1)
    monkeypatch.setattr(drafting, "build_prompt", take_over)
    poisonous.answer()
    assert poisonous.conversation()["mode"] == mode
    assert poisonous.turns()[0]["closed_at"] is not None


def test_worker_that_dies_every_time_is_counted(
    asked: Scene, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn whose lease was lost five times in a row is handed to a person instead of killing a sixth worker."""

    def vanish(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(answer, "draft_within_budget", vanish)
    for _ in range(MAX_FAILURES):
        with pytest.raises(SystemExit):
            asked.answer()
        asked.clock.advance(60)
    asked.answer()
    (turn,) = asked.turns()
    assert (turn["state"], turn["reason"], turn["failures"]) == ("handed_off", "worker_lost", MAX_FAILURES)
    assert model.asked == []
    assert asked.conversation()["mode"] == "waiting"
