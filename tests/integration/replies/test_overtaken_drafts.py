"""What happens while the model thinks: the customer writes more, a person speaks, another worker takes the turn."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session

from secretaria.conversations import leases
from secretaria.queue.jobs import ANSWER_TURN, DELIVER_ITEM
from secretaria.replies import answer
from tests.answering import Scene, a_draft, captured_lines
from tests.builders import Nudge, rows
from tests.scripted_model import ScriptedModel, says

QUESTION = "qnt ta a limpeza?"


def test_message_that_slips_in_before_the_lease_is_waited_for(
    asked: Scene, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn that grew between the first look and the lease is not due any more: the customer is still writing."""

    def customer_is_quicker(session: Session, *args: object, **kwargs: object) -> int | None:
        asked.customer_writes("ah, e a do aparelho?")
        return leases.take_lease(session, *args, **kwargs)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(answer, "take_lease", customer_is_quicker)
    asked.answer()
    assert model.asked == []
    assert asked.turns()[0]["state"] == "waiting"
    assert asked.conversation()["lease_until"] is None


def test_newer_message_restarts_with_everything(asked: Scene, model: ScriptedModel) -> None:
    """A draft that does not know the customer's last word is thrown away; the next one has heard all of it."""
    model.meanwhile.append(lambda: asked.customer_writes("e demora mto?"))
    asked.answer()
    (turn,) = asked.turns()
    assert (turn["state"], turn["restarts"]) == ("waiting", 1)
    assert rows(asked.engine, "reply") == []
    assert asked.nudges.of(ANSWER_TURN)[-1] == Nudge(ANSWER_TURN, "1", asked.due_in())
    asked.quiet()
    model.endings.append(says(a_draft()))
    asked.answer()
    assert asked.turns()[0]["state"] == "answered"
    assert QUESTION in model.prompts()[1]
    assert "e demora mto?" in model.prompts()[1]


def test_third_draft_is_said_whatever_comes(asked: Scene, model: ScriptedModel) -> None:
    """At most two drafts are thrown away; what comes during the third is answered in a turn of its own, at once."""
    asked.change("turn", 1, deadline_at=asked.clock.now() + timedelta(hours=1))
    model.endings.extend([says(a_draft())] * 4)
    for number in range(3):
        model.meanwhile.append(lambda number=number: asked.customer_writes(f"mais {number}"))  # type: ignore[misc]
        asked.quiet()
        asked.answer()
    first, late = asked.turns()
    assert (first["state"], first["restarts"], first["messages"]) == ("answered", 2, 3)
    assert (late["state"], late["messages"], late["due_at"]) == ("waiting", 1, asked.clock.now())
    assert "mais 1" in model.prompts()[2]
    assert "mais 2" not in model.prompts()[2]
    assert Nudge(ANSWER_TURN, str(late["id"]), 0.0) in asked.nudges.published
    events = rows(asked.engine, "inbox_event")
    assert late["correlation_id"] == events[-1]["id"]

    asked.answer(late["id"])
    assert [turn["state"] for turn in asked.turns()] == ["answered", "answered"]
    *history, burst = model.asked[3]["messages"]
    assert "mais 2" in burst["content"]
    assert "mais 1" not in burst["content"]
    assert any(message["role"] == "assistant" for message in history)


def test_deadline_ends_the_restarts(asked: Scene, model: ScriptedModel) -> None:
    """Past the deadline the first draft is said, and the message that came meanwhile has its own turn."""
    asked.clock.advance(60)
    model.meanwhile.append(lambda: asked.customer_writes("e demora mto?"))
    asked.answer()
    first, late = asked.turns()
    assert (first["state"], first["restarts"]) == ("answered", 0)
    assert late["state"] == "waiting"
    asked.answer(late["id"])
    assert len(asked.bubbles()) == 2


def test_late_messages_of_a_handed_off_turn_wait_for_the_person(asked: Scene, model: ScriptedModel) -> None:
    """Once a person is called, what came meanwhile is left to that person, in a turn that says why."""
    asked.clock.advance(60)
    model.endings.append(says(a_draft(handoff_needed=True, handoff_reason="agenda")))
    model.meanwhile.append(lambda: asked.customer_writes("pode ser amanhã"))
    asked.answer()
    asked.answer(2)
    assert [(turn["state"], turn["reason"]) for turn in asked.turns()] == [
        ("handed_off", "agenda"),
        ("silenced", "waiting_for_person"),
    ]


def test_person_who_speaks_meanwhile_wins(asked: Scene, model: ScriptedModel) -> None:
    """A word of the attendant while the model thinks throws the draft away for good."""
    model.meanwhile.append(asked.person_writes)
    asked.answer()
    (turn,) = asked.turns()
    assert (turn["state"], turn["reason"]) == ("silenced", "conversation_attended")
    assert asked.bubbles() == []
    assert asked.nudges.of(DELIVER_ITEM) == []
    assert asked.conversation()["lease_until"] is None


def test_person_wins_over_a_dead_worker(asked: Scene, model: ScriptedModel) -> None:
    """A turn left half answered by a worker that died is silenced once a person has spoken."""
    asked.change("turn", 1, state="answering")
    asked.person_writes()
    asked.answer()
    assert model.asked == []
    assert asked.turns()[0]["reason"] == "person_attends"


def test_lost_lease_writes_nothing(asked: Scene, model: ScriptedModel) -> None:
    """A worker that slept past its lease, which another then took, writes no reply and touches no row of the other."""
    until = asked.clock.now() + timedelta(seconds=99)
    model.meanwhile.append(lambda: asked.change("conversation", 1, lease_token=99, lease_until=until))
    with captured_lines() as lines:
        asked.answer()
    assert rows(asked.engine, "reply") == rows(asked.engine, "outbox_item") == []
    assert asked.nudges.published == []
    assert asked.turns()[0]["state"] == "answering"
    assert (asked.conversation()["lease_token"], asked.conversation()["lease_until"]) == (99, until)
    assert [line["message"] for line in lines] == ["turn_fenced"]


def test_overtaken_worker_leaves_the_reply_of_the_other(asked: Scene, model: ScriptedModel) -> None:
    """Two workers, the second after the first one's lease is over: one reply, the second one's."""

    def sleep_past_the_lease() -> None:
        asked.clock.advance(51)
        asked.answer()

    model.meanwhile.append(sleep_past_the_lease)
    asked.answer()
    assert len(model.asked) == 2
    assert len(rows(asked.engine, "reply")) == len(asked.bubbles()) == 1
    assert asked.turns()[0]["state"] == "answered"
