"""The model is down: one honest sentence and a person; and if it is back before a person came, a real answer after all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from secretaria.breaker import State
from secretaria.queue.jobs import ANSWER_TURN
from secretaria.replies import wording
from secretaria.replies.recovery import recover_turns
from tests.answering import Scene, a_draft, captured_lines
from tests.builders import rows
from tests.scripted_model import ScriptedModel, says

ANSWER = "A limpeza custa R$ 180."


def look(scene: Scene, seconds: float = 0.0, state: State = State.CLOSED) -> int:
    """Let time pass, then look for what can be recovered."""
    scene.clock.advance(seconds)
    return recover_turns(scene.engine, scene.nudges, scene.clock, lambda: state)


def answer_newest(scene: Scene) -> None:
    """Let a worker take up the newest turn."""
    scene.answer(scene.turns()[-1]["id"])


@pytest.fixture
def failed(asked: Scene, model: ScriptedModel) -> Scene:
    """The model was down when the customer's turn came; it is well again now."""
    model.faults.mode = "error_500"
    asked.answer()
    asked.nudges.published.clear()
    model.faults.mode = "answer"
    model.asked.clear()
    return asked


def test_real_answer_follows_the_sentence(failed: Scene, model: ScriptedModel) -> None:
    """The customer heard one honest sentence; a minute later the model is back, and the question is answered."""
    assert failed.conversation()["apologised_at"] == failed.clock.now()
    with captured_lines() as lines:
        assert look(failed, 60) == 1
    assert [nudge.identifier for nudge in failed.nudges.of(ANSWER_TURN)] == ["2"]
    assert [line["message"] for line in lines] == ["turn_recovered"]
    assert failed.conversation()["mode"] == "automatic"
    model.endings.append(says(a_draft()))
    answer_newest(failed)
    assert failed.bubbles() == [wording.NO_DRAFT, ANSWER]
    assert [turn["state"] for turn in failed.turns()] == ["handed_off", "answered"]
    assert [reply["origin"] for reply in rows(failed.engine, "reply")] == ["fallback", "model"]
    assert "qnt ta a limpeza?" in model.prompts()[0]
    assert failed.turns()[0]["correlation_id"] == failed.turns()[1]["correlation_id"]
    assert look(failed, 60) == 0


def test_person_who_spoke_has_the_word(failed: Scene) -> None:
    """Where a person answered meanwhile nothing is taken up again."""
    failed.person_writes()
    assert look(failed, 60) == 0
    assert failed.conversation()["mode"] == "attended"


def test_person_who_speaks_after_the_recovery_wins(failed: Scene, model: ScriptedModel) -> None:
    """Between taking up and answering a person may still come first: then there is silence."""
    assert look(failed, 60) == 1
    failed.person_writes()
    answer_newest(failed)
    assert failed.bubbles() == [wording.NO_DRAFT]
    assert model.asked == []


def test_person_who_speaks_while_it_is_answered_wins(failed: Scene, model: ScriptedModel) -> None:
    """Nor is a draft said that was under way when the person wrote."""
    assert look(failed, 60) == 1
    model.meanwhile.append(failed.person_writes)
    model.endings.append(says(a_draft()))
    answer_newest(failed)
    assert failed.bubbles() == [wording.NO_DRAFT]


def test_person_who_speaks_while_we_look_wins(failed: Scene) -> None:
    """What was found is looked at again once the conversation is ours to change."""
    failed.clock.advance(60)

    def speak() -> State:
        failed.person_writes()
        return State.CLOSED

    assert recover_turns(failed.engine, failed.nudges, failed.clock, speak) == 0
    assert failed.conversation()["mode"] == "attended"


@pytest.mark.parametrize("mode", ["paused", "attended", "automatic"])
def test_only_who_waits_is_recovered(failed: Scene, mode: str) -> None:
    """A conversation that went anywhere else is no longer ours to take up."""
    failed.change("conversation", 1, mode=mode)
    assert look(failed, 60) == 0


def test_after_ten_minutes_it_is_the_persons(failed: Scene) -> None:
    """A late real answer would only confuse a customer who was told to wait for a person."""
    assert look(failed, 600) == 0
    assert failed.conversation()["mode"] == "waiting"


def test_not_sooner_than_after_a_minute(failed: Scene) -> None:
    """The model is not stormed."""
    assert look(failed, 59.9) == 0
    assert look(failed, 0.1) == 1


def test_open_breaker_is_respected(failed: Scene) -> None:
    """While the breaker is open nothing is taken up; half-open, one turn is."""
    assert look(failed, 60, State.OPEN) == 0
    assert look(failed, 1, State.HALF_OPEN) == 1


def test_half_open_recovers_one_customer(scene: Scene, model: ScriptedModel) -> None:
    """Of many customers who wait, one is the probe, the longest waiting; closed, all are taken up."""
    model.faults.mode = "error_500"
    for number in range(3):
        scene.customer_writes("quanto custa?", number=f"552090000020{number}")
        scene.quiet()
        scene.answer(number + 1)
        scene.clock.advance(1)
    assert look(scene, 60, State.HALF_OPEN) == 1
    assert [turn["conversation_id"] for turn in scene.turns()] == [1, 2, 3, 1]
    assert look(scene) == 2


def test_second_failure_says_nothing_more(failed: Scene, model: ScriptedModel) -> None:
    """A model that fails again within half an hour costs no second sentence; the person is still asked for."""
    assert look(failed, 60) == 1
    model.faults.mode = "error_500"
    failed.nudges.published.clear()
    answer_newest(failed)
    assert failed.bubbles() == [wording.NO_DRAFT]
    assert failed.nudges.published == []
    assert (failed.turns()[1]["state"], failed.conversation()["mode"]) == ("handed_off", "waiting")
    assert [reply["bubbles"] for reply in rows(failed.engine, "reply")] == [[wording.NO_DRAFT], []]


def test_tries_end_ten_minutes_after_the_first_failure(failed: Scene, model: ScriptedModel) -> None:
    """Every try that fails is a hand-off of its own, but the ten minutes count from the first."""
    model.faults.mode = "error_500"
    began, tried = failed.clock.now(), 0
    while (failed.clock.now() - began).total_seconds() < 1200:
        if look(failed, 10):
            tried += 1
            answer_newest(failed)
    assert tried == 9
    assert failed.bubbles() == [wording.NO_DRAFT]
    assert failed.conversation()["mode"] == "waiting"


@pytest.mark.parametrize(("minutes", "sentences"), [(29, 1), (31, 2)])
def test_sentence_comes_back_after_half_an_hour(
    failed: Scene, model: ScriptedModel, minutes: int, sentences: int
) -> None:
    """A failure much later is a new one, and the customer is told."""
    failed.change("conversation", 1, mode="automatic")
    fail_again(failed, model, minutes * 60)
    assert failed.bubbles() == [wording.NO_DRAFT] * sentences


def test_new_episode_has_a_sentence_of_its_own(failed: Scene, model: ScriptedModel) -> None:
    """After a person had the conversation the customer is told again, however soon it fails."""
    failed.clock.advance(60)
    failed.change("conversation", 1, mode="automatic", episode_at=failed.clock.now())
    fail_again(failed, model, 60)
    assert failed.bubbles() == [wording.NO_DRAFT] * 2


def test_words_written_meanwhile_are_answered_too(failed: Scene, model: ScriptedModel) -> None:
    """What the customer wrote while waiting is part of the question, in one answer."""
    failed.customer_writes("e o clareamento?")
    assert look(failed, 5) == 0
    failed.quiet()
    answer_newest(failed)
    assert look(failed, 60) == 1
    model.endings.append(says(a_draft()))
    answer_newest(failed)
    assert failed.bubbles()[-1] == ANSWER
    assert len(model.asked) == 1
    assert [turn["messages"] for turn in failed.turns()] == [0, 0, 2]
    assert look(failed, 60) == 0


def test_what_was_before_a_person_had_it_stays_there(failed: Scene, model: ScriptedModel) -> None:
    """After a return only what failed since is taken up: the rest was the person's, spoken or not."""
    failed.clock.advance(20)
    failed.change("conversation", 1, mode="automatic", episode_at=failed.clock.now())
    fail_again(failed, model, 20)
    assert look(failed, 60) == 1
    assert [turn["messages"] for turn in failed.turns()] == [1, 0, 1]


def test_turn_under_way_is_waited_for(failed: Scene) -> None:
    """While a turn of the same conversation is open, nothing is taken up; it joins once that is closed."""
    failed.clock.advance(58)
    failed.customer_writes("oi?")
    assert look(failed, 3) == 0
    failed.quiet()
    answer_newest(failed)
    assert look(failed) == 1


def test_many_processes_recover_once(failed: Scene) -> None:
    """Whoever looks at the same moment, one new turn is made."""
    failed.clock.advance(60)
    together = Barrier(4)

    def work() -> int:
        together.wait()
        return look(failed)

    with ThreadPoolExecutor(4) as pool:
        assert sum(future.result() for future in [pool.submit(work) for _ in range(4)]) == 1
    assert len(failed.turns()) == 2


def test_breaker_is_not_asked_for_nothing(scene: Scene) -> None:
    """Without anything to recover a look costs one query."""

    def forbidden() -> State:
        raise AssertionError

    assert recover_turns(scene.engine, scene.nudges, scene.clock, forbidden) == 0


def test_hand_off_that_the_model_asked_for_stays(asked: Scene, model: ScriptedModel) -> None:
    """Only a failure is recovered, never a decision."""
    model.endings.append(says(a_draft(handoff_needed=True, handoff_reason="human_request", handoff_brief="pediu")))
    asked.answer()
    assert asked.turns()[0]["state"] == "handed_off"
    assert look(asked, 60) == 0


def fail_again(scene: Scene, model: ScriptedModel, seconds: float) -> None:
    """Let the customer write once more, a while later, to a model that is down."""
    scene.clock.advance(seconds)
    model.faults.mode = "error_500"
    scene.customer_writes("e aí?")
    scene.quiet()
    answer_newest(scene)
