"""A due turn becomes a reply, a hand-off or silence, once; on real engines, with a model that thinks over real HTTP."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlmodel import Session

from secretaria.conversations import leases
from secretaria.queue.jobs import ANSWER_TURN, DELIVER_ITEM
from secretaria.replies import answer, drafting, wording
from secretaria.replies.answer import answer_turn
from secretaria.replies.settling import MAX_FAILURES
from secretaria.simulation.faults import LlmMode
from tests.answering import LLM_KEY, Scene, ScriptedModel, a_chat, a_draft, answers, captured_lines, says
from tests.builders import NUMBER, Nudge, rows

QUESTION = "qnt ta a limpeza?"


@pytest.fixture
def asked(scene: Scene) -> Scene:
    """A customer asked something and has been quiet long enough."""
    scene.customer_writes(QUESTION)
    scene.quiet()
    scene.nudges.published.clear()
    return scene


def _answer(scene: Scene, turn_id: int = 1) -> None:
    answer_turn(scene.room, turn_id)


def _bubbles(scene: Scene) -> list[str]:
    return [item["body"] for item in rows(scene.engine, "outbox_item")]


def test_due_turn_becomes_reply_message_and_items(asked: Scene, model: ScriptedModel) -> None:
    """Everything decided is there at once, and only then the delivery of the first bubble is nudged."""
    model.endings.append(says(a_draft(bubbles=["A limpeza custa R$ 180.", "Quer que eu peça um horário?"])))
    _answer(asked)
    (turn,), (reply,) = asked.turns(), rows(asked.engine, "reply")
    assert (turn["state"], turn["reason"], turn["closed_at"]) == ("answered", None, asked.clock.now())
    assert (reply["turn_id"], reply["origin"], reply["bubbles"]) == (1, "model", _bubbles(asked))
    first, second = rows(asked.engine, "outbox_item")
    assert [(item["state"], item["position"], item["number"]) for item in (first, second)] == [
        ("pending", 0, NUMBER),
        ("pending", 1, NUMBER),
    ]
    _, *said = rows(asked.engine, "message")
    assert [(message["text"], message["author"], message["delivery"]) for message in said] == [
        ("A limpeza custa R$ 180.", "secretary", "pending"),
        ("Quer que eu peça um horário?", "secretary", "pending"),
    ]
    assert [item["message_id"] for item in (first, second)] == [message["id"] for message in said]
    assert asked.nudges.published == [Nudge(DELIVER_ITEM, str(first["id"]), 0.0)]
    assert asked.conversation()["lease_until"] is None


def test_nudge_follows_the_commit(asked: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is nudged already finds the item; a publisher that fails costs time, not the reply."""
    seen: list[int] = []
    monkeypatch.setattr(asked.nudges, "publish", lambda *_: seen.append(len(_bubbles(asked))))
    _answer(asked)
    assert seen == [1]


def test_failed_commit_leaves_nothing(asked: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the last row of the reply cannot be written, none of it is, and nothing is nudged."""

    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("secretaria.outbox.store.place_item", fail)
    _answer(asked)
    assert rows(asked.engine, "reply") == []
    assert len(rows(asked.engine, "message")) == 1
    assert asked.turns()[0]["state"] == "waiting"
    assert asked.nudges.published == []


def test_receipt_is_kept(asked: Scene, model: ScriptedModel) -> None:
    """The owner may ask why: prompt version, model, tokens, time, sources and checks stay with the reply."""
    model.endings.append(says(a_draft(sentiment=1, satisfaction="satisfied")))
    _answer(asked)
    (reply,) = rows(asked.engine, "reply")
    assert reply["prompt_version"].startswith("p1-")
    assert (reply["model"], reply["prompt_tokens"], reply["completion_tokens"]) == ("modelo-principal", 900, 90)
    assert 0 < reply["llm_seconds"] < 5
    assert (reply["intention"], reply["sentiment"], reply["satisfaction"]) == ("preco", 1, "satisfied")
    assert (reply["asked"], reply["answerable"]) == ("quanto custa a limpeza", "base")
    assert reply["sources"] == ["servicos-e-precos.md#limpeza"]
    assert reply["checks"] == {"bubbles": "passed", "length": "passed", "sources": "passed"}


def test_invented_sources_and_long_bubbles_are_mended(asked: Scene, model: ScriptedModel) -> None:
    """What the guards mend is said mended, and the receipt names each mend."""
    model.endings.append(says(a_draft(sources=["inventada.md#x", "faq.md#faq-04"], bubbles=["muito longa " * 200])))
    _answer(asked)
    (reply,) = rows(asked.engine, "reply")
    assert reply["sources"] == ["faq.md#faq-04"]
    assert reply["checks"] == {"bubbles": "passed", "length": "cut", "sources": "invented_source_removed"}
    (bubble,) = _bubbles(asked)
    assert bubble.endswith("…")
    assert len(bubble) <= 2 * asked.room.business.card.persona.max_chars


def test_turn_not_due_is_left_alone(scene: Scene, model: ScriptedModel) -> None:
    """A nudge that comes early does nothing at all."""
    scene.customer_writes("oi")
    scene.quiet(7.9)
    _answer(scene)
    assert model.asked == []
    assert scene.turns()[0]["state"] == "waiting"
    assert scene.conversation()["lease_token"] == 0


def test_unknown_turn_is_left_alone(scene: Scene, model: ScriptedModel) -> None:
    """A nudge for a row that does not exist does nothing."""
    _answer(scene, 4711)
    assert model.asked == []


def test_second_run_says_nothing_more(asked: Scene, model: ScriptedModel) -> None:
    """The same nudge twice gives one reply from one call."""
    _answer(asked)
    _answer(asked)
    assert len(model.asked) == len(rows(asked.engine, "reply")) == len(_bubbles(asked)) == 1


def test_two_workers_give_one_reply(asked: Scene, model: ScriptedModel) -> None:
    """Of two workers with the same nudge at the same moment one asks the model; the other finds the lease taken."""
    model.meanwhile.append(lambda: time.sleep(0.3))
    together = Barrier(2)

    def work() -> None:
        together.wait()
        _answer(asked)

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(work) for _ in range(2)]:
            future.result()
    assert len(model.asked) == len(rows(asked.engine, "reply")) == 1


def test_live_lease_is_respected(asked: Scene, model: ScriptedModel) -> None:
    """While the lease of a worker lasts nobody else works on the turn; one second later anybody may."""
    asked.change("conversation", 1, lease_until=asked.clock.now() + timedelta(seconds=50), lease_token=7)
    asked.clock.advance(50)
    _answer(asked)
    assert model.asked == []
    asked.clock.advance(1)
    _answer(asked)
    assert len(rows(asked.engine, "reply")) == 1


def test_message_that_slips_in_before_the_lease_is_waited_for(
    asked: Scene, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn that grew between the first look and the lease is not due any more: the customer is still writing."""

    def customer_is_quicker(session: Session, *args: object, **kwargs: object) -> int | None:
        asked.customer_writes("ah, e a do aparelho?")
        return leases.take_lease(session, *args, **kwargs)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(answer, "take_lease", customer_is_quicker)
    _answer(asked)
    assert model.asked == []
    assert asked.turns()[0]["state"] == "waiting"
    assert asked.conversation()["lease_until"] is None


def test_newer_message_restarts_with_everything(asked: Scene, model: ScriptedModel) -> None:
    """A draft that does not know the customer's last word is thrown away; the next one has heard all of it."""
    model.meanwhile.append(lambda: asked.customer_writes("e demora mto?"))
    _answer(asked)
    (turn,) = asked.turns()
    assert (turn["state"], turn["restarts"]) == ("waiting", 1)
    assert rows(asked.engine, "reply") == []
    assert asked.nudges.of(ANSWER_TURN)[-1] == Nudge(ANSWER_TURN, "1", 8.0)
    asked.quiet()
    model.endings.append(says(a_draft()))
    _answer(asked)
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
        _answer(asked)
    first, late = asked.turns()
    assert (first["state"], first["restarts"], first["messages"]) == ("answered", 2, 3)
    assert (late["state"], late["messages"], late["due_at"]) == ("waiting", 1, asked.clock.now())
    assert "mais 1" in model.prompts()[2]
    assert "mais 2" not in model.prompts()[2]
    assert Nudge(ANSWER_TURN, str(late["id"]), 0.0) in asked.nudges.published
    events = rows(asked.engine, "inbox_event")
    assert late["correlation_id"] == events[-1]["id"]

    _answer(asked, late["id"])
    assert [turn["state"] for turn in asked.turns()] == ["answered", "answered"]
    *history, burst = model.asked[3]["messages"]
    assert "mais 2" in burst["content"]
    assert "mais 1" not in burst["content"]
    assert any(message["role"] == "assistant" for message in history)


def test_deadline_ends_the_restarts(asked: Scene, model: ScriptedModel) -> None:
    """Past the deadline the first draft is said, and the message that came meanwhile has its own turn."""
    asked.clock.advance(60)
    model.meanwhile.append(lambda: asked.customer_writes("e demora mto?"))
    _answer(asked)
    first, late = asked.turns()
    assert (first["state"], first["restarts"]) == ("answered", 0)
    assert late["state"] == "waiting"
    _answer(asked, late["id"])
    assert len(_bubbles(asked)) == 2


def test_late_messages_of_a_handed_off_turn_wait_for_the_person(asked: Scene, model: ScriptedModel) -> None:
    """Once a person is called, what came meanwhile is left to that person, in a turn that says why."""
    asked.clock.advance(60)
    model.endings.append(says(a_draft(handoff_needed=True, handoff_reason="agenda")))
    model.meanwhile.append(lambda: asked.customer_writes("pode ser amanhã"))
    _answer(asked)
    _answer(asked, 2)
    assert [(turn["state"], turn["reason"]) for turn in asked.turns()] == [
        ("handed_off", "agenda"),
        ("silenced", "waiting_for_person"),
    ]


def test_person_who_speaks_meanwhile_wins(asked: Scene, model: ScriptedModel) -> None:
    """A word of the attendant while the model thinks throws the draft away for good."""
    model.meanwhile.append(asked.person_writes)
    _answer(asked)
    (turn,) = asked.turns()
    assert (turn["state"], turn["reason"]) == ("silenced", "conversation_attended")
    assert _bubbles(asked) == []
    assert asked.nudges.of(DELIVER_ITEM) == []
    assert asked.conversation()["lease_until"] is None


def test_person_wins_over_a_dead_worker(asked: Scene, model: ScriptedModel) -> None:
    """A turn left half answered by a worker that died is silenced once a person has spoken."""
    asked.change("turn", 1, state="answering")
    asked.person_writes()
    _answer(asked)
    assert model.asked == []
    assert asked.turns()[0]["reason"] == "person_attends"


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("attended", "person_attends"), ("paused", "conversation_paused"), ("waiting", "waiting_for_person")],
)
def test_turn_is_silenced_where_we_may_not_speak(asked: Scene, model: ScriptedModel, mode: str, reason: str) -> None:
    """The model is not even asked; the turn closes with the reason and the conversation is free again."""
    asked.change("conversation", 1, mode=mode)
    with captured_lines() as lines:
        _answer(asked)
    (turn,) = asked.turns()
    assert (turn["state"], turn["reason"], turn["closed_at"]) == ("silenced", reason, asked.clock.now())
    assert model.asked == []
    assert asked.conversation()["lease_until"] is None
    (line,) = lines
    assert (line["message"], line["extra"]["reason"]) == ("turn_silenced", reason)
    assert line["extra"]["correlation_id"] == str(turn["correlation_id"])


@pytest.mark.parametrize("mode", ["attended", "waiting"])
def test_secretary_is_back_after_the_hours(asked: Scene, model: ScriptedModel, mode: str) -> None:
    """Twelve hours after the person's last word the conversation is automatic again, and the reply knows that word."""
    asked.person_writes("O doutor atende só à tarde")
    asked.change("conversation", 1, mode=mode)
    asked.clock.advance(12 * 3600)
    asked.customer_writes("e de manhã não dá?")
    asked.quiet()
    model.endings.append(says(a_draft()))
    _answer(asked, 2)
    conversation = asked.conversation()
    assert (conversation["mode"], conversation["mode_changed_at"]) == ("automatic", asked.clock.now())
    assert asked.turns()[1]["state"] == "answered"
    assert {"role": "assistant", "content": "(atendente humano) O doutor atende só à tarde"} in model.asked[0][
        "messages"
    ]


def test_hand_off_is_kept_and_told(asked: Scene, model: ScriptedModel) -> None:
    """A draft that calls a person: reason and brief stay, the conversation waits, and the sentence is still sent."""
    brief = "Quer limpeza na quinta à tarde."
    model.endings.append(
        says(a_draft(handoff_needed=True, handoff_reason="agenda", handoff_brief=brief, bubbles=["Passei à equipe."]))
    )
    _answer(asked)
    (turn,), (reply,) = asked.turns(), rows(asked.engine, "reply")
    assert (turn["state"], turn["reason"]) == ("handed_off", "agenda")
    assert (reply["handoff_reason"], reply["handoff_brief"]) == ("agenda", brief)
    conversation = asked.conversation()
    assert (conversation["mode"], conversation["mode_changed_at"]) == ("waiting", asked.clock.now())
    assert _bubbles(asked) == ["Passei à equipe."]
    assert asked.nudges.of(DELIVER_ITEM) == [Nudge(DELIVER_ITEM, "1", 0.0)]


def test_hand_off_without_a_reason_has_one(asked: Scene, model: ScriptedModel) -> None:
    """A model that calls a person and does not say why still leaves a turn that is not just answered."""
    model.endings.append(says(a_draft(handoff_needed=True, handoff_reason=" ")))
    _answer(asked)
    assert (asked.turns()[0]["state"], asked.turns()[0]["reason"]) == ("handed_off", "unspecified")


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
    chat = a_chat(model.url, timeout_seconds=0.3)
    room = answer.AnsweringRoom(
        asked.engine, asked.nudges, asked.clock, chat, asked.room.business, llm_budget_seconds=1, resume_after_hours=12
    )
    with captured_lines() as lines:
        answer_turn(room, 1)
    chat.close()
    (turn,), (reply,) = asked.turns(), rows(asked.engine, "reply")
    assert (turn["state"], turn["reason"]) == ("handed_off", "model_failed")
    assert (reply["origin"], reply["checks"], reply["bubbles"]) == ("fallback", {"draft": cause}, [wording.NO_DRAFT])
    assert reply["handoff_brief"] == wording.NO_DRAFT_BRIEF
    assert reply["prompt_version"].startswith("p1-")
    assert reply["llm_seconds"] > 0
    assert asked.conversation()["mode"] == "waiting"
    assert _bubbles(asked) == [wording.NO_DRAFT]
    assert rows(asked.engine, "message")[0]["text"] == QUESTION
    assert [line["extra"]["cause"] for line in lines if line["message"] == "no_usable_draft"] == [cause]


@pytest.mark.parametrize(
    "content",
    ["[]", "{}", a_draft(bubbles=[]), a_draft(bubbles=["\u200e"]), a_draft(intention="inventada"), "{" * 50_000],
)
def test_useless_drafts_cost_the_same_sentence(asked: Scene, model: ScriptedModel, content: str) -> None:
    """An answer that is no draft, or a draft that says nothing, is never sent in any form."""
    model.endings.append(says(content))
    _answer(asked)
    assert _bubbles(asked) == [wording.NO_DRAFT]


def test_misconfigured_model_costs_the_same_sentence(asked: Scene, model: ScriptedModel) -> None:
    """A key that is no longer good is no reason to leave the customer without a word or a person."""
    model.endings.append(answers(401, b'{"error": {"message": "Incorrect API key provided"}}'))
    _answer(asked)
    assert rows(asked.engine, "reply")[0]["checks"] == {"draft": "unauthorized"}
    assert _bubbles(asked) == [wording.NO_DRAFT]


def test_lost_lease_writes_nothing(asked: Scene, model: ScriptedModel) -> None:
    """A worker that slept past its lease, which another then took, writes no reply and touches no row of the other."""
    until = asked.clock.now() + timedelta(seconds=99)
    model.meanwhile.append(lambda: asked.change("conversation", 1, lease_token=99, lease_until=until))
    with captured_lines() as lines:
        _answer(asked)
    assert rows(asked.engine, "reply") == rows(asked.engine, "outbox_item") == []
    assert asked.nudges.published == []
    assert asked.turns()[0]["state"] == "answering"
    assert (asked.conversation()["lease_token"], asked.conversation()["lease_until"]) == (99, until)
    assert [line["message"] for line in lines] == ["turn_fenced"]


def test_overtaken_worker_leaves_the_reply_of_the_other(asked: Scene, model: ScriptedModel) -> None:
    """Two workers, the second after the first one's lease is over: one reply, the second one's."""

    def sleep_past_the_lease() -> None:
        asked.clock.advance(51)
        _answer(asked)

    model.meanwhile.append(sleep_past_the_lease)
    _answer(asked)
    assert len(model.asked) == 2
    assert len(rows(asked.engine, "reply")) == len(_bubbles(asked)) == 1
    assert asked.turns()[0]["state"] == "answered"


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
        _answer(poisonous)
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
        _answer(poisonous)
    (turn,) = poisonous.turns()
    assert (turn["state"], turn["reason"], turn["failures"]) == ("handed_off", "ZeroDivisionError", 5)
    assert poisonous.conversation()["mode"] == "waiting"
    poisonous.clock.advance(30)
    _answer(poisonous)
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
    _answer(poisonous)
    assert poisonous.conversation()["mode"] == mode
    assert poisonous.turns()[0]["closed_at"] is not None


def test_worker_that_dies_every_time_is_counted(
    asked: Scene, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn whose lease was lost five times in a row is handed to a person instead of killing a sixth worker."""

    def vanish(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(answer, "draft_reply", vanish)
    for _ in range(MAX_FAILURES):
        with pytest.raises(SystemExit):
            _answer(asked)
        asked.clock.advance(60)
    _answer(asked)
    (turn,) = asked.turns()
    assert (turn["state"], turn["reason"], turn["failures"]) == ("handed_off", "worker_lost", MAX_FAILURES)
    assert model.asked == []
    assert asked.conversation()["mode"] == "waiting"


def test_prompt_knows_who_said_what(scene: Scene, model: ScriptedModel) -> None:
    """The history reaches the model with its true roles, the new messages in one burst, and no number at all."""
    scene.customer_writes("oi", "tem estacionamento?")
    scene.quiet()
    _answer(scene)
    scene.person_writes("Posso ajudar em algo mais?")
    scene.clock.advance(13 * 3600)
    scene.customer_writes("e no sábado?")
    scene.quiet()
    _answer(scene, 2)
    system, turn, *history, burst = model.asked[1]["messages"]
    assert (system["role"], turn["role"], burst["role"]) == ("system", "system", "user")
    assert [(message["role"], message["content"]) for message in history] == [
        ("user", "oi"),
        ("user", "tem estacionamento?"),
        ("assistant", _bubbles(scene)[0]),
        ("assistant", "(atendente humano) Posso ajudar em algo mais?"),
    ]
    assert "e no sábado?" in burst["content"]
    assert "tem estacionamento?" not in burst["content"]
    for prompt in model.prompts():
        assert NUMBER not in prompt
        assert NUMBER[4:] not in prompt


@pytest.mark.parametrize("delivery", ["superseded", "held", "dead"])
def test_what_was_never_said_is_not_history(scene: Scene, model: ScriptedModel, delivery: str) -> None:
    """A bubble that did not reach the customer is not told to the model as something we said."""
    scene.customer_writes("tem estacionamento?")
    scene.quiet()
    _answer(scene)
    scene.change("message", 2, delivery=delivery)
    scene.customer_writes("oi?")
    scene.quiet()
    _answer(scene, 2)
    assert all(message["role"] != "assistant" for message in model.asked[1]["messages"])
    assert "primeira resposta" in model.prompts()[1]


def test_every_line_of_a_turn_carries_its_event(scene: Scene, model: ScriptedModel) -> None:
    """From filing to the reply, and through every way a turn may end, the lines are found by the id of the event."""
    with captured_lines() as lines:
        scene.customer_writes("oi")
        scene.quiet()
        model.meanwhile.append(lambda: scene.customer_writes("e aí?"))
        _answer(scene)
        scene.quiet()
        model.faults.mode = "error_500"
        _answer(scene)
    (turn,) = scene.turns()
    told = [(line["message"], line["extra"].get("correlation_id")) for line in lines if line["function"] != "_file"]
    assert [message for message, _ in told] == ["draft_thrown_away", "no_usable_draft", "turn_settled"]
    assert {correlation for _, correlation in told} == {str(turn["correlation_id"])}
    assert turn["correlation_id"] == rows(scene.engine, "inbox_event")[0]["id"]


def test_no_line_repeats_what_was_said(asked: Scene, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the customer, the number, the draft nor the key is in any line, an unforeseen error's included."""
    with captured_lines() as lines:
        model.meanwhile.append(lambda: asked.customer_writes("é para a minha filha Beatriz"))
        _answer(asked)
        asked.quiet()
        monkeypatch.setattr("secretaria.replies.settling._hand_off", lambda *_: 1 / 0)
        model.endings.append(says(a_draft(handoff_needed=True, bubbles=["A limpeza custa R$ 180, Juliana."])))
        _answer(asked)
    written = "\n".join(line["text"] for line in lines)
    assert "answering_failed" in written
    for secret in ("limpeza", "Beatriz", "Juliana", NUMBER, LLM_KEY):
        assert secret not in written
