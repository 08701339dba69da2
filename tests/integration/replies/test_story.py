"""One row's whole story, from the event to the last attempt, without a word of what was written unless asked for."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

import pytest

from secretaria.errors import NotFound
from secretaria.inbox.receive import receive_webhook
from secretaria.outbox.delivery import deliver_item
from secretaria.replies.references import Reference
from secretaria.replies.story import Story, tell_story
from tests.answering import BUBBLES, FIRST, OpenDispatch, Scene, WhaticketSite
from tests.builders import NUMBER, a_door, a_text, rows, with_token

WALK = ["event_received", "event_filed", "message", "turn_opened", "turn_closed", "reply_decided", "item_placed"]


@pytest.fixture
def told(answered: Scene, open_dispatch: OpenDispatch, whaticket: WhaticketSite) -> Scene:
    """The first of two bubbles was delivered after one failure, the second still waits."""
    dispatch = open_dispatch(whaticket)
    whaticket.faults.fail_next("ERR_WAPP_NOT_INITIALIZED")
    answered.clock.advance(1)
    deliver_item(dispatch, FIRST)
    answered.clock.advance(300)
    deliver_item(dispatch, FIRST)
    return answered


def story_of(scene: Scene, queue: str, key: UUID | int) -> Story:
    """Tell the story of a row."""
    return tell_story(scene.engine, Reference(queue, key))


def test_whole_story_of_an_item(told: Scene) -> None:
    """Event, message, turn, reply, item, every attempt with its outcome, every change of state with its reason."""
    story = story_of(told, "outbox", FIRST)
    assert (story.state, story.number, story.mode) == ("sent", NUMBER, "automatic")
    assert set(WALK) <= {step.what for step in story.steps}
    own = [step for step in story.steps if step.reference == f"o:{FIRST}"]
    ended = [step.facts["outcome"] for step in own if step.what == "attempt_ended"]
    assert ended == ["not_sent", "accepted"]
    moves = [(step.facts["before"], step.facts["after"]) for step in own if step.what == "item_moved"]
    assert moves == [("pending", "sending"), ("sending", "pending"), ("pending", "sending"), ("sending", "sent")]
    (event,) = rows(told.engine, "inbox_event")
    assert f"e:{event['id']}" in {step.reference for step in story.steps}


def test_story_is_in_order(told: Scene) -> None:
    """Whatever the step, no later one stands before it."""
    moments = [step.at for step in story_of(told, "turns", 1).steps]
    assert moments == sorted(moments)


def test_event_turn_and_item_tell_the_same(told: Scene) -> None:
    """Whichever row of a turn is asked for, the steps are those of the whole turn."""
    (event,) = rows(told.engine, "inbox_event")
    stories = [story_of(told, "inbox", event["id"]), story_of(told, "turns", 1), story_of(told, "outbox", FIRST)]
    assert stories[0].steps == stories[1].steps == stories[2].steps
    assert [story.state for story in stories] == ["filed", "answered", "sent"]


def test_what_was_written_stands_apart(told: Scene) -> None:
    """Only the field meant for it carries words of the customer or of ours, so whoever leaves it out shows none."""
    steps = [asdict(step) for step in story_of(told, "turns", 1).steps]
    texts = {str(step.pop("text")) for step in steps}
    assert {"qnt ta a limpeza?", *BUBBLES} <= texts
    for written in ("limpeza", "R$", "Juliana", NUMBER):
        assert written not in str(steps)


def test_event_that_came_to_nothing(scene: Scene) -> None:
    """An event without a turn has a story too: it was received, and why nothing came of it."""
    event = a_text(message_id="M1")
    event["key"]["remoteJid"] = "120363000000000000@g.us"
    receive_webhook(a_door(scene.engine, scene.nudges, scene.clock), with_token(event))
    (ignored,) = rows(scene.engine, "inbox_event")
    story = story_of(scene, "inbox", ignored["id"])
    assert (story.state, story.reason, story.number, story.mode) == ("ignored", "group", None, None)
    assert [step.what for step in story.steps] == ["event_received"]


@pytest.mark.parametrize(("queue", "key"), [("inbox", UUID(int=404)), ("turns", 404), ("outbox", 404)])
def test_nobody_knows_it(scene: Scene, queue: str, key: UUID | int) -> None:
    """A row that does not exist has no story."""
    with pytest.raises(NotFound):
        story_of(scene, queue, key)
