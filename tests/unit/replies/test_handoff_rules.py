"""A request for a person is heard without any model, and honest sentences that only sound like one are not."""

from __future__ import annotations

from typing import Any

import pytest

from secretaria.context.engine import Standing
from secretaria.context.schema import Draft
from secretaria.replies.handoff_rules import asks_for_person, decide_handoff
from secretaria.simulation import SAMPLE_BUSINESS
from secretaria.simulation.rhythm import load_conversations


def a_draft(**changes: Any) -> Draft:  # noqa: ANN401  # any field of the draft
    """Return a draft that needs nobody."""
    fields = {"intention": "preco", "sentiment": 0, "answerable": "base", "handoff_needed": False, "bubbles": ["Sim."]}
    return Draft.model_validate(fields | changes)


@pytest.mark.parametrize(
    "text",
    [
        "quero falar com uma pessoa",
        "Quero falar com a moça",
        "ATENDENTE",
        "atendente por favor",
        "me passa pra um humano",
        "dá pra chamar alguém aí?",
        "prefiro atendimento humano",
        "vc é robô? quero um atendente",
        "posso falar com o gerente",
        "transfere pra recepcionista pfv",
    ],
)
def test_request_for_a_person_is_heard(text: str) -> None:
    """However it is typed, code alone knows it."""
    assert asks_for_person([text])


@pytest.mark.parametrize(
    "text",
    [
        "não quero falar com atendente",
        "atende aos sábados?",
        "é para uma pessoa só",
        "vocês falam espanhol?",
        "quantas pessoas trabalham aí",
        "a moça que me atendeu era ótima",
        "quero marcar para outra pessoa",
        "preciso de uma limpeza",
        "alguém esqueceu um guarda-chuva",
    ],
)
def test_honest_sentences_are_no_request(text: str) -> None:
    """Words alone are not a wish."""
    assert not asks_for_person([text])


def test_no_labelled_turn_is_handed_over_by_mistake() -> None:
    """On the sample, the rules of ours add nothing that its labels do not want."""
    wrong = []
    for conversation in load_conversations(SAMPLE_BUSINESS):
        for turn in conversation.turns:
            draft = a_draft(
                intention=turn.intent,
                urgent=turn.intent == "urgencia",
                answerable="not_known" if turn.answer == "abster" else "base",
            )
            texts = [message.text for message in conversation.messages_of(turn) if message.text]
            if turn.handoff is False and decide_handoff(draft, texts, Standing()):
                wrong.append((conversation.id, turn.n))
    assert wrong == []


def test_the_model_wish_is_never_taken_back() -> None:
    """Its reason and its brief stay."""
    handoff = decide_handoff(
        a_draft(handoff_needed=True, handoff_reason="saude", handoff_brief="x"), ["oi"], Standing()
    )
    assert handoff is not None
    assert (handoff.reason, handoff.by, handoff.brief) == ("saude", "model", "x")


def test_second_unknown_and_third_repetition_call_a_person() -> None:
    """One unknown is said to be unknown; a customer in a loop is let out of it, a machine is left to its own rule."""
    unknown = a_draft(answerable="not_known")
    assert decide_handoff(unknown, ["?"], Standing(not_known=0)) is None
    second = decide_handoff(unknown, ["?"], Standing(not_known=1))
    third = decide_handoff(a_draft(), ["?"], Standing(asked_before=2))
    assert second is not None
    assert third is not None
    assert (second.reason, third.reason) == ("nao_sei", "repeticao")
    assert decide_handoff(a_draft(), ["?"], Standing(asked_before=1, negatives=3)) is None
    assert decide_handoff(a_draft(), ["?"], Standing(asked_before=2, hurried=True)) is None
