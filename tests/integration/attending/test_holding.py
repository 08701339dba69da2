"""A person takes a conversation and gives it back: the secretary is silent meanwhile, and knows afterwards what was said."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from secretaria.attending.holding import (
    ConversationTaken,
    ConversationUnknown,
    close,
    pause,
    pause_all,
    release,
    resume,
    resume_all,
    take,
)
from secretaria.attending.writing import write_as_person
from secretaria.audit.trail import Actor
from secretaria.breaker import State
from secretaria.conversations.models import Conversation
from secretaria.outbox.delivery import DispatchRoom, deliver_item
from secretaria.replies.recovery import recover_turns
from tests.answering import FIRST, SECOND, Scene, WhaticketSite, a_draft
from tests.attending import MARTA, RENATA, done
from tests.builders import rows
from tests.scripted_model import ScriptedModel, says


def takes(scene: Scene, by: Actor = MARTA, conversation_id: int = 1) -> Conversation:
    """Let somebody take a conversation."""
    return done(scene, lambda session: take(session, conversation_id, by, scene.clock.now()))


def lets_go(scene: Scene, by: Actor = MARTA, *, force: bool = False) -> bool:
    """Let somebody give the conversation back."""
    return done(scene, lambda session: release(session, 1, by, scene.clock.now(), force=force))


def actions(scene: Scene) -> list[tuple[str, str]]:
    """Return who did what, as the audit has it."""
    return [(entry["actor"], entry["action"]) for entry in rows(scene.engine, "audit_entry")]


def recovers(scene: Scene) -> int:
    """Look for what was left unanswered and nobody took care of, as a worker does once a minute."""
    return recover_turns(scene.engine, scene.nudges, scene.clock, lambda: State.CLOSED)


def test_taking_while_the_model_answers_throws_the_draft_away(asked: Scene, model: ScriptedModel) -> None:
    """What the model says after a person has the word is never sent, and the turn ends in silence."""
    model.meanwhile.append(lambda: takes(asked))
    asked.answer()
    assert len(model.asked) == 1
    assert (rows(asked.engine, "reply"), rows(asked.engine, "outbox_item")) == ([], [])
    (turn,) = asked.turns()
    assert (turn["state"], turn["reason"]) == ("silenced", "conversation_attended")
    assert (asked.conversation()["mode"], asked.conversation()["holder"]) == ("attended", "marta")
    assert actions(asked) == [("marta", "conversation.taken")]


def test_taking_drops_what_was_not_said_yet(answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite) -> None:
    """Bubbles that wait are superseded at once, and a nudge that comes later finds nothing to send."""
    takes(answered)
    assert answered.item_states() == ["superseded", "superseded"]
    deliver_item(dispatch, FIRST)
    assert whaticket.bodies() == []


def test_a_bubble_in_a_workers_hands_is_dropped_by_it(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite
) -> None:
    """Taking and claiming at the same moment end without a deadlock: said whole before, or not at all."""
    gate = threading.Barrier(2)

    def at_once(act: object) -> None:
        gate.wait()
        act()  # type: ignore[operator]

    for _ in range(3):
        both = [
            threading.Thread(target=at_once, args=(partial(deliver_item, dispatch, FIRST),)),
            threading.Thread(target=at_once, args=(partial(takes, answered),)),
        ]
        for one in both:
            one.start()
        for one in both:
            one.join()
    assert answered.item_states() in (["superseded", "superseded"], ["sent", "superseded"])
    deliver_item(dispatch, SECOND)
    assert len(whaticket.bodies()) == answered.item_states().count("sent")


def test_an_open_turn_is_closed(scene: Scene, model: ScriptedModel) -> None:
    """A turn that waits for its silence is not answered any more."""
    scene.customer_writes("qnt ta a limpeza?")
    takes(scene)
    scene.clock.advance(60)
    scene.answer()
    assert model.asked == []
    assert scene.turns()[0]["reason"] == "person_took"


def test_of_two_who_take_at_once_one_is_told_who_has_it(asked: Scene) -> None:
    """Two threads, one conversation: one holder, and the loser reads its name; taking it again is no change."""
    gate, told = threading.Barrier(2), []

    def try_it(by: Actor) -> None:
        gate.wait()
        try:
            takes(asked, by)
        except ConversationTaken as error:
            told.append(error.holder)

    both = [threading.Thread(target=try_it, args=(by,)) for by in (MARTA, RENATA)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    holder = asked.conversation()["holder"]
    assert told == [holder]
    takes(asked, MARTA if holder == "marta" else RENATA)
    assert len(actions(asked)) == 1


def test_attended_is_silent_and_what_was_said_is_known_afterwards(asked: Scene, model: ScriptedModel) -> None:
    """The next reply after the release has the person's words in its history."""
    takes(asked)
    done(
        asked,
        lambda session: write_as_person(
            session, asked.nudges, 1, "Faço por R$ 150 para você.", by=MARTA, now=asked.clock.now(), request_id="r1"
        ),
    )
    asked.customer_writes("obrigada, vou pensar")
    asked.quiet()
    asked.answer(2)
    assert model.asked == []
    asked.clock.advance(5)
    assert lets_go(asked)
    assert (asked.conversation()["mode"], asked.conversation()["holder"]) == ("automatic", None)
    asked.customer_writes("pode marcar por esse valor?")
    asked.quiet()
    model.endings.append(says(a_draft(bubbles=["Claro!"])))
    asked.answer(3)
    assert "Faço por R$ 150" in model.prompts()[0]
    assert lets_go(asked) is False


def test_only_the_holder_lets_go_unless_forced(asked: Scene) -> None:
    """Somebody else is told who has it; who runs the business may give it back all the same."""
    takes(asked)
    with pytest.raises(ConversationTaken, match="marta"):
        lets_go(asked, RENATA)
    assert asked.conversation()["holder"] == "marta"
    assert lets_go(asked, RENATA, force=True)
    assert actions(asked)[-1] == ("renata", "conversation.released")


def test_closing_begins_a_new_episode(asked: Scene) -> None:
    """What comes after the end is a new matter, and the secretary's."""
    takes(asked)
    asked.clock.advance(60)
    assert done(asked, lambda session: close(session, 1, MARTA, asked.clock.now()))
    (episode,) = rows(asked.engine, "episode")
    assert (episode["ending"], asked.conversation()["episode_at"]) == ("closed", asked.clock.now())
    assert asked.conversation()["mode"] == "automatic"


def test_a_pause_of_one_outlives_its_holder(asked: Scene, model: ScriptedModel) -> None:
    """Paused stays paused until resumed, whoever takes it and lets go meanwhile."""
    now = asked.clock.now
    assert done(asked, lambda session: pause(session, 1, MARTA, now()))
    assert not done(asked, lambda session: pause(session, 1, MARTA, now()))
    takes(asked)
    lets_go(asked)
    assert asked.conversation()["mode"] == "paused"
    asked.customer_writes("oi?")
    asked.quiet()
    asked.answer(2)
    assert model.asked == []
    assert done(asked, lambda session: resume(session, 1, MARTA, now()))
    assert asked.conversation()["mode"] == "automatic"


def test_the_switch_is_obeyed_by_a_running_turn(asked: Scene, model: ScriptedModel) -> None:
    """Silenced for all while a draft is made: it is thrown away, and the next turn does not even ask the model."""
    now = asked.clock.now
    model.meanwhile.append(lambda: done(asked, lambda session: pause_all(session, MARTA, now())))
    asked.answer()
    assert rows(asked.engine, "reply") == []
    assert (asked.turns()[0]["state"], asked.turns()[0]["reason"]) == ("silenced", "secretary_paused")
    asked.customer_writes("oi?")
    asked.quiet()
    asked.answer(2)
    assert len(model.asked) == 1
    assert asked.turns()[1]["state"] == "silenced"
    assert done(asked, lambda session: resume_all(session, MARTA, now()))
    assert not done(asked, lambda session: resume_all(session, MARTA, now()))
    assert actions(asked) == [("marta", "secretary.paused"), ("marta", "secretary.resumed")]


def test_while_the_switch_is_off_people_see_who_waits_and_afterwards_she_answers(
    asked: Scene, model: ScriptedModel
) -> None:
    """What a customer writes during the pause waits for a person; if none came, it is answered once she speaks again."""
    now = asked.clock.now
    done(asked, lambda session: pause_all(session, MARTA, now()))
    asked.answer()
    asked.customer_writes("e vcs abrem sábado?")
    asked.quiet()
    asked.answer(2)
    assert (model.asked, asked.conversation()["mode"]) == ([], "waiting")
    assert recovers(asked) == 0
    done(asked, lambda session: resume_all(session, MARTA, now()))
    assert recovers(asked) == 1
    asked.answer(3)
    assert "qnt ta a limpeza?" in model.prompts()[0]
    assert "e vcs abrem sábado?" in model.prompts()[0]
    assert asked.turns()[2]["state"] == "answered"
    assert recovers(asked) == 0


def test_who_was_taken_care_of_during_the_pause_is_left_to_the_person(asked: Scene) -> None:
    """A person who took the conversation keeps it, and what waits longer than a day is for a person."""
    now = asked.clock.now
    done(asked, lambda session: pause_all(session, MARTA, now()))
    asked.answer()
    done(asked, lambda session: resume_all(session, MARTA, now()))
    asked.clock.advance(86_400)
    assert recovers(asked) == 0
    asked.clock.advance(-86_400)
    takes(asked)
    assert recovers(asked) == 0


def test_the_switch_is_obeyed_before_each_bubble(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite
) -> None:
    """What waits in the outbox is dropped when its turn to leave comes."""
    done(answered, lambda session: pause_all(session, MARTA, answered.clock.now()))
    deliver_item(dispatch, FIRST)
    assert answered.item_states() == ["superseded", "superseded"]
    assert answered.item()["reason"] == "secretary_paused"
    assert answered.conversation()["mode"] == "waiting"
    assert whaticket.bodies() == []


def test_a_name_left_behind_holds_nothing(asked: Scene) -> None:
    """Where an older version gave the conversation back, whoever takes it gets it, the same person too."""
    asked.change("conversation", 1, holder="marta")
    takes(asked, MARTA)
    assert asked.conversation()["mode"] == "attended"
    asked.change("conversation", 1, mode="waiting")
    takes(asked, RENATA)
    assert asked.conversation()["holder"] == "renata"


def test_nobody_is_not_taken(asked: Scene) -> None:
    """What does not exist, or was erased, is told."""
    with pytest.raises(ConversationUnknown):
        takes(asked, conversation_id=99)
    asked.change("contact", 1, number="")
    with pytest.raises(ConversationUnknown):
        takes(asked)
