"""A person's words go through the outbox as every bubble does, once, in order, and nothing drops them."""

from __future__ import annotations

import pytest

from secretaria.attending.holding import ConversationTaken, pause_all
from secretaria.attending.writing import RequestReused, TextInvalid, add_note, write_as_person
from secretaria.audit.trail import Actor
from secretaria.conversations.models import Message
from secretaria.outbox.delivery import DispatchRoom, deliver_item
from secretaria.queue.jobs import DELIVER_ITEM
from secretaria.replies.interventions import InterventionRoom, retry
from secretaria.replies.references import parse_reference
from tests.answering import FIRST, Scene, WhaticketSite, a_draft
from tests.attending import MARTA, RENATA, done
from tests.builders import a_door, a_filing_room, a_text, receive_and_file, rows
from tests.scripted_model import ScriptedModel, says

OFFER = "Faço por R$ 150 para você."


def writes(scene: Scene, text: str = OFFER, request_id: str = "r1", by: Actor = MARTA) -> Message:
    """Let a person write to the customer."""
    return done(
        scene,
        lambda session: write_as_person(
            session,
            scene.nudges,
            1,
            text,
            by=by,
            now=scene.clock.now(),
            request_id=request_id,
        ),
    )


def test_asked_twice_it_is_written_once(asked: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite) -> None:
    """A second click, or a repeated request, finds the message that is there."""
    assert writes(asked).id == writes(asked).id
    (item,) = rows(asked.engine, "outbox_item")
    assert (item["purpose"], item["body"], item["state"]) == ("attendant", OFFER, "pending")
    assert [nudge.identifier for nudge in asked.nudges.of(DELIVER_ITEM)] == ["1"]
    deliver_item(dispatch, FIRST)
    deliver_item(dispatch, FIRST)
    assert whaticket.bodies() == [OFFER]
    message = rows(asked.engine, "message")[-1]
    assert (message["author"], message["attendant"], message["delivery"]) == ("attendant", "marta", "sent")
    assert [entry["action"] for entry in rows(asked.engine, "audit_entry")] == [
        "conversation.taken",
        "conversation.written",
    ]
    assert OFFER not in str(rows(asked.engine, "audit_entry"))


def test_no_rule_of_the_secretarys_silence_drops_a_persons_word(
    asked: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite
) -> None:
    """Neither the mode, nor a pause of all, nor a newer message, nor who wants no automatic messages."""
    writes(asked)
    asked.customer_writes("alô?")
    asked.change("contact", 1, opted_out_at=asked.clock.now())
    asked.change("conversation", 1, mode="paused")
    done(asked, lambda session: pause_all(session, MARTA, asked.clock.now()))
    asked.clock.advance(60)
    deliver_item(dispatch, FIRST)
    assert whaticket.bodies() == [OFFER]


def test_order_is_kept(answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite) -> None:
    """What the person writes second leaves second, however the nudges come, and behind nothing of the secretary's."""
    writes(answered, "um", "r1")
    writes(answered, "dois", "r2")
    first, second = (item["id"] for item in rows(answered.engine, "outbox_item") if item["purpose"] == "attendant")
    deliver_item(dispatch, second)
    assert whaticket.bodies() == []
    deliver_item(dispatch, first)
    answered.clock.advance(10)
    deliver_item(dispatch, second)
    assert whaticket.bodies() == ["um", "dois"]


def test_its_echo_is_nobody_elses_word(asked: Scene, dispatch: DispatchRoom) -> None:
    """The copy that comes back as an own message is bound to what was written here, not filed again."""
    writes(asked)
    deliver_item(dispatch, FIRST)
    door = a_door(asked.engine, asked.nudges, asked.clock)
    event = a_text(OFFER, message_id="3EB0ECO", fromMe=True)
    receive_and_file(door, a_filing_room(asked.engine, asked.nudges, asked.clock), event)
    messages = rows(asked.engine, "message")
    assert len(messages) == 2
    assert messages[1]["provider_message_id"] == "3EB0ECO"


def test_a_send_in_doubt_is_never_simply_repeated(
    asked: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite
) -> None:
    """It is looked for like any bubble; held, whoever operates may send it again though the secretary is silent."""
    whaticket.faults.fail_next("reset_after_send")
    writes(asked)
    deliver_item(dispatch, FIRST)
    assert asked.item()["state"] == "unconfirmed"
    asked.sweep(700)
    assert asked.item()["state"] == "held"
    retry(InterventionRoom(asked.engine, asked.nudges, asked.clock), parse_reference("o:1"))
    assert asked.item()["state"] == "pending"


def test_a_nudge_that_was_lost_is_made_up_for(asked: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite) -> None:
    """Killed between the commit and the nudge the words stand in the outbox, and the sweep finds them."""
    writes(asked)
    asked.nudges.published.clear()
    asked.sweep(6)
    assert [nudge.identifier for nudge in asked.nudges.of(DELIVER_ITEM)] == ["1"]
    deliver_item(dispatch, FIRST)
    assert whaticket.bodies() == [OFFER]


def test_killed_in_the_middle_of_a_send_it_is_in_doubt(
    asked: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite
) -> None:
    """Claimed and never settled, nobody sends it again by himself; and a request repeated after the crash finds it."""
    writes(asked)
    asked.change("outbox_item", 1, state="sending", lease_until=asked.clock.now(), attempts=1)
    asked.sweep(1)
    writes(asked)
    deliver_item(dispatch, FIRST)
    assert [item["state"] for item in rows(asked.engine, "outbox_item")] == ["unconfirmed"]
    assert whaticket.bodies() == []


def test_who_writes_has_the_conversation(asked: Scene) -> None:
    """Writing takes it; somebody else is told who has it, and nothing of theirs is kept."""
    writes(asked)
    with pytest.raises(ConversationTaken, match="marta"):
        writes(asked, "deixa comigo", "r2", by=RENATA)
    assert len(rows(asked.engine, "outbox_item")) == 1
    assert asked.conversation()["person_spoke_at"] == asked.clock.now()


@pytest.mark.parametrize("text", ["", "  \n", "\u200e", "\0", "x" * 4097])
def test_what_cannot_be_sent_is_refused(asked: Scene, text: str) -> None:
    """Nothing, only invisible characters, or more than WhatsApp takes."""
    with pytest.raises(TextInvalid):
        writes(asked, text)
    assert asked.conversation()["holder"] is None


def test_a_request_belongs_to_one_conversation(asked: Scene) -> None:
    """The same request for somebody else is refused, not sent to the wrong person."""
    asked.customer_writes("oi", number="5520900000202")
    writes(asked)
    with pytest.raises(RequestReused):
        done(
            asked,
            lambda session: write_as_person(
                session, asked.nudges, 2, OFFER, by=MARTA, now=asked.clock.now(), request_id="r1"
            ),
        )


def test_a_note_is_seen_by_nobody_outside(asked: Scene, model: ScriptedModel) -> None:
    """It is kept once, takes nothing from the secretary, is not sent, and the model does not read it."""
    for _ in range(2):
        done(
            asked,
            lambda session: add_note(
                session, 1, "cliente difícil, cuidado", by=MARTA, now=asked.clock.now(), request_id="n1"
            ),
        )
    model.endings.append(says(a_draft()))
    asked.answer()
    assert [note["author"] for note in rows(asked.engine, "internal_note")] == ["marta"]
    assert "difícil" not in model.prompts()[0]
    assert "difícil" not in " ".join(asked.bubbles())
    assert "note" in {entry["kind"] for entry in rows(asked.engine, "feed_entry")}
