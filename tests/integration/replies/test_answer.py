"""A due turn becomes a reply, a hand-off or silence, once; on real engines, with a model that thinks over real HTTP."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from secretaria.queue.jobs import DELIVER_ITEM
from secretaria.replies import wording
from secretaria.replies.answer import answer_turn
from secretaria.replies.guardrails import GUARDS
from tests.answering import LLM_KEY, Scene, a_draft, captured_lines
from tests.builders import NUMBER, Nudge, rows
from tests.scripted_model import ScriptedModel, says


def test_due_turn_becomes_reply_message_and_items(asked: Scene, model: ScriptedModel) -> None:
    """Everything decided is there at once, and only then the delivery of the first bubble is nudged."""
    model.endings.append(says(a_draft(bubbles=["A limpeza custa R$ 180.", "Quer que eu peça um horário?"])))
    asked.answer()
    (turn,), (reply,) = asked.turns(), rows(asked.engine, "reply")
    assert (turn["state"], turn["reason"], turn["closed_at"]) == ("answered", None, asked.clock.now())
    assert (reply["turn_id"], reply["origin"], reply["bubbles"]) == (1, "model", asked.bubbles())
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
    monkeypatch.setattr(asked.nudges, "publish", lambda *_: seen.append(len(asked.bubbles())))
    asked.answer()
    assert seen == [1]


def test_failed_commit_leaves_nothing(asked: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the last row of the reply cannot be written, none of it is, and nothing is nudged."""

    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("secretaria.replies.settling.place_reply", fail)
    asked.answer()
    assert rows(asked.engine, "reply") == []
    assert len(rows(asked.engine, "message")) == 1
    assert asked.turns()[0]["state"] == "waiting"
    assert asked.nudges.published == []


def test_receipt_is_kept(asked: Scene, model: ScriptedModel) -> None:
    """The owner may ask why: prompt version, model, tokens, time, sources and checks stay with the reply."""
    model.endings.append(says(a_draft(sentiment=1, satisfaction="satisfied")))
    asked.answer()
    (reply,) = rows(asked.engine, "reply")
    assert reply["prompt_version"].startswith("p2-")
    assert (reply["model"], reply["prompt_tokens"], reply["completion_tokens"]) == ("modelo-principal", 900, 90)
    assert 0 < reply["llm_seconds"] < 5
    assert (reply["intention"], reply["sentiment"], reply["satisfaction"]) == ("preco", 1, "satisfied")
    assert (reply["asked"], reply["answerable"]) == ("quanto custa a limpeza", "base")
    assert reply["sources"] == ["servicos-e-precos.md#limpeza"]
    assert set(reply["checks"].values()) == {"passed"}
    assert {"bubbles", "length", "sources", *GUARDS} <= reply["checks"].keys()


def test_invented_sources_and_long_bubbles_are_mended(asked: Scene, model: ScriptedModel) -> None:
    """What the guards mend is said mended, and the receipt names each mend."""
    model.endings.append(says(a_draft(sources=["inventada.md#x", "faq.md#faq-04"], bubbles=["muito longa " * 200])))
    asked.answer()
    (reply,) = rows(asked.engine, "reply")
    assert reply["sources"] == ["faq.md#faq-04"]
    assert reply["checks"] | {"length": "cut", "sources": "invented_source_removed"} == reply["checks"]
    (bubble,) = asked.bubbles()
    assert bubble.endswith("…")
    assert len(bubble) <= 2 * asked.business.card.persona.max_chars


def test_turn_not_due_is_left_alone(scene: Scene, model: ScriptedModel) -> None:
    """A nudge that comes early does nothing at all."""
    scene.customer_writes("oi")
    scene.clock.advance(scene.due_in() - 0.1)
    scene.answer()
    assert model.asked == []
    assert scene.turns()[0]["state"] == "waiting"
    assert scene.conversation()["lease_token"] == 0


def test_unknown_turn_is_left_alone(scene: Scene, model: ScriptedModel) -> None:
    """A nudge for a row that does not exist does nothing."""
    scene.answer(4711)
    assert model.asked == []


def test_second_run_says_nothing_more(asked: Scene, model: ScriptedModel) -> None:
    """The same nudge twice gives one reply from one call."""
    asked.answer()
    asked.answer()
    assert len(model.asked) == len(rows(asked.engine, "reply")) == len(asked.bubbles()) == 1


def test_two_workers_give_one_reply(asked: Scene, model: ScriptedModel) -> None:
    """Of two workers with the same nudge at the same moment one asks the model; the other finds the lease taken."""
    model.meanwhile.append(lambda: time.sleep(0.3))
    together = Barrier(2)

    def work() -> None:
        together.wait()
        asked.answer()

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(work) for _ in range(2)]:
            future.result()
    assert len(model.asked) == len(rows(asked.engine, "reply")) == 1


def test_live_lease_is_respected(asked: Scene, model: ScriptedModel) -> None:
    """While the lease of a worker lasts nobody else works on the turn; one second later anybody may."""
    asked.change("conversation", 1, lease_until=asked.clock.now() + timedelta(seconds=50), lease_token=7)
    asked.clock.advance(50)
    asked.answer()
    assert model.asked == []
    asked.clock.advance(1)
    asked.answer()
    assert len(rows(asked.engine, "reply")) == 1


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("attended", "person_attends"), ("paused", "conversation_paused")],
)
def test_turn_is_silenced_where_we_may_not_speak(asked: Scene, model: ScriptedModel, mode: str, reason: str) -> None:
    """The model is not even asked; the turn closes with the reason and the conversation is free again."""
    asked.change("conversation", 1, mode=mode)
    with captured_lines() as lines:
        asked.answer()
    (turn,) = asked.turns()
    assert (turn["state"], turn["reason"], turn["closed_at"]) == ("silenced", reason, asked.clock.now())
    assert model.asked == []
    assert asked.conversation()["lease_until"] is None
    (line,) = lines
    assert (line["message"], line["extra"]["reason"]) == ("turn_settled", reason)
    assert line["extra"]["correlation_id"] == str(turn["correlation_id"])


def test_customer_who_waits_for_a_person_is_told_so_once(asked: Scene, model: ScriptedModel) -> None:
    """Who writes again while waiting reads one fixed notice; after that the secretary is silent."""
    asked.change("conversation", 1, mode="waiting", mode_changed_at=asked.clock.now() - timedelta(minutes=2))
    asked.answer()
    assert asked.bubbles() == [wording.STILL_WAITING]
    assert (asked.turns()[0]["state"], asked.turns()[0]["reason"]) == ("silenced", "noticed")
    asked.customer_writes("alguém aí?")
    asked.quiet()
    asked.answer(2)
    assert (asked.turns()[1]["state"], asked.turns()[1]["reason"]) == ("silenced", "waiting_for_person")
    assert asked.bubbles() == [wording.STILL_WAITING]
    assert model.asked == []


@pytest.mark.parametrize("mode", ["attended", "waiting"])
def test_secretary_is_back_after_the_hours(asked: Scene, model: ScriptedModel, mode: str) -> None:
    """Twelve hours after the person's last word the conversation is automatic again, and the reply knows that word."""
    asked.person_writes("O doutor atende só à tarde")
    asked.change("conversation", 1, mode=mode)
    asked.clock.advance(12 * 3600)
    asked.customer_writes("e de manhã não dá?")
    asked.quiet()
    model.endings.append(says(a_draft()))
    asked.answer(2)
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
    asked.answer()
    (turn,), (reply,) = asked.turns(), rows(asked.engine, "reply")
    assert (turn["state"], turn["reason"]) == ("handed_off", "agenda")
    assert (reply["handoff_reason"], reply["handoff_brief"]) == ("agenda", brief)
    conversation = asked.conversation()
    assert (conversation["mode"], conversation["mode_changed_at"]) == ("waiting", asked.clock.now())
    assert asked.bubbles() == ["Passei à equipe."]
    assert asked.nudges.of(DELIVER_ITEM) == [Nudge(DELIVER_ITEM, "1", 0.0)]


def test_hand_off_without_a_reason_has_one(asked: Scene, model: ScriptedModel) -> None:
    """A model that calls a person and does not say why still leaves a turn that is not just answered."""
    model.endings.append(says(a_draft(handoff_needed=True, handoff_reason=" ")))
    asked.answer()
    assert (asked.turns()[0]["state"], asked.turns()[0]["reason"]) == ("handed_off", "outro")


def test_prompt_knows_who_said_what(scene: Scene, model: ScriptedModel) -> None:
    """The history reaches the model with its true roles, the new messages in one burst, and no number at all."""
    scene.customer_writes("oi", "tem estacionamento?")
    scene.quiet()
    scene.answer()
    scene.person_writes("Posso ajudar em algo mais?")
    scene.clock.advance(13 * 3600)
    scene.customer_writes("e no sábado?")
    scene.quiet()
    scene.answer(2)
    system, turn, *history, burst = model.asked[1]["messages"]
    assert (system["role"], turn["role"], burst["role"]) == ("system", "system", "user")
    assert [(message["role"], message["content"]) for message in history] == [
        ("user", "oi"),
        ("user", "tem estacionamento?"),
        ("assistant", scene.bubbles()[0]),
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
    scene.answer()
    scene.change("message", 2, delivery=delivery)
    scene.customer_writes("oi?")
    scene.quiet()
    scene.answer(2)
    assert all(message["role"] != "assistant" for message in model.asked[1]["messages"])
    assert "primeira resposta" in model.prompts()[1]


def test_every_line_of_a_turn_carries_its_event(scene: Scene, model: ScriptedModel) -> None:
    """From filing to the reply, and through every way a turn may end, the lines are found by the id of the event."""
    with captured_lines() as lines:
        scene.customer_writes("oi")
        scene.quiet()
        model.meanwhile.append(lambda: scene.customer_writes("e aí?"))
        scene.answer()
        scene.quiet()
        model.faults.mode = "error_500"
        scene.answer()
    (turn,) = scene.turns()
    told = [(line["message"], line["extra"].get("correlation_id")) for line in lines if line["function"] != "_file"]
    assert [message for message, _ in told] == ["draft_thrown_away", "no_usable_draft", "turn_settled"]
    assert {correlation for _, correlation in told} == {str(turn["correlation_id"])}
    assert turn["correlation_id"] == rows(scene.engine, "inbox_event")[0]["id"]


def test_no_line_repeats_what_was_said(asked: Scene, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the customer, the number, the draft nor the key is in any line, an unforeseen error's included."""
    with captured_lines() as lines:
        model.meanwhile.append(lambda: asked.customer_writes("é para a minha filha Beatriz"))
        asked.answer()
        asked.quiet()
        monkeypatch.setattr("secretaria.replies.settling._hand_off", lambda *_: 1 / 0)
        model.endings.append(says(a_draft(handoff_needed=True, bubbles=["A limpeza custa R$ 180, Juliana."])))
        asked.answer()
    written = "\n".join(line["text"] for line in lines)
    assert "answering_failed" in written
    for secret in ("limpeza", "Beatriz", "Juliana", NUMBER, LLM_KEY):
        assert secret not in written


def test_hand_off_moves_the_ticket_where_that_is_wired(asked: Scene, model: ScriptedModel) -> None:
    """With a panel login and a department the ticket follows the words, and takes the brief along."""
    model.endings.append(
        says(a_draft(handoff_needed=True, handoff_reason="humano", handoff_brief="quer falar da conta"))
    )
    answer_turn(replace(asked.room, transfers=True), 1)
    *bubbles, transfer = rows(asked.engine, "outbox_item")
    assert [item["kind"] for item in bubbles] == ["bubble"] * len(bubbles)
    assert (transfer["kind"], transfer["body"], transfer["position"]) == (
        "transfer",
        "quer falar da conta",
        len(bubbles),
    )
