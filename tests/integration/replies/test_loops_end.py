"""Two bots that talk to each other end with a person, after five rounds at most."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from secretaria.conversations.models import Direction
from secretaria.replies.loops import ROUNDS
from secretaria.replies.wording import PERSON_CALLED, PERSON_OFFERED
from tests.answering import Scene, captured_lines
from tests.builders import rows

AUTOMATIC = "quanto custa a limpeza?"


def rounds(scene: Scene, text: str, most: int, *, typing_seconds: float = 0.0) -> int:
    """Let the other side answer the same again and again; return how often the secretary spoke."""
    for turn_id in range(1, most + 1):
        scene.clock.advance(typing_seconds)
        scene.customer_writes(text)
        scene.quiet()
        scene.answer(turn_id)
    return len({item["turn_id"] for item in rows(scene.engine, "outbox_item") if item["kind"] == "bubble"})


def test_other_bot_is_answered_five_times_and_then_by_a_person(scene: Scene) -> None:
    """The sixth time a person is asked for, without another word that the other bot would answer."""
    with captured_lines() as lines:
        assert rounds(scene, AUTOMATIC, ROUNDS + 2) == ROUNDS
    assert scene.conversation()["mode"] == "waiting"
    turn = scene.turns()[ROUNDS]
    assert (turn["state"], turn["reason"]) == ("handed_off", "talks_with_machine")
    assert [line["level"].name for line in lines if line["message"] == "talks_with_machine"] == ["ERROR"]
    assert scene.conversation()["lease_until"] is None


def test_third_identical_question_of_a_person_calls_a_person(scene: Scene) -> None:
    """The second is offered one, the third gets one, and is told so; nothing is repeated to them after that."""
    assert rounds(scene, AUTOMATIC, 3, typing_seconds=20) == 3
    assert [turn["state"] for turn in scene.turns()] == ["answered", "answered", "handed_off"]
    assert scene.turns()[-1]["reason"] == "repeticao"
    bubbles = [item["body"] for item in rows(scene.engine, "outbox_item")]
    assert bubbles[-1].endswith(PERSON_CALLED)
    assert [text.count(PERSON_OFFERED) for text in bubbles].count(1) == 1


def test_a_person_who_spoke_meanwhile_ends_the_counting(scene: Scene) -> None:
    """What was before a person's word says nothing about what comes after it."""
    rounds(scene, AUTOMATIC, ROUNDS - 1)
    scene.person_writes()
    scene.clock.advance(timedelta(hours=13).total_seconds())
    scene.customer_writes(AUTOMATIC)
    scene.quiet()
    scene.answer(ROUNDS)
    assert scene.turns()[-1]["state"] == "answered"


def test_never_more_than_five_bubbles_without_a_word_of_the_customer(scene: Scene) -> None:
    """Each reply answers a message, and a reply is two bubbles at most."""
    rounds(scene, "quanto custa a limpeza?", 3)
    told = [message["direction"] for message in rows(scene.engine, "message")]
    runs = "".join("o" if one == Direction.OUTBOUND else "i" for one in told).split("i")
    assert max(map(len, runs)) <= 2


def test_ticket_goes_to_people_without_a_word(scene: Scene) -> None:
    """Where tickets are handed over at Whaticket, this one is too, though nothing is said."""
    rounds(scene, AUTOMATIC, ROUNDS)
    scene.room = replace(scene.room, transfers=True)
    scene.customer_writes(AUTOMATIC)
    scene.quiet()
    scene.answer(ROUNDS + 1)
    last = rows(scene.engine, "outbox_item")[-1]
    assert (last["kind"], last["state"], last["turn_id"], last["position"]) == ("transfer", "pending", ROUNDS + 1, 0)
