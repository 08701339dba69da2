"""Each label is compared, and only where it can be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from secretaria.evaluation.graders import grade_turn
from secretaria.evaluation.observed import Observed
from secretaria.simulation.rhythm import Contact, SampleConversation, SampleTurn

TURN = SampleTurn(
    n=1,
    messages=(0,),
    intent="preco",
    sentiment=0,
    handoff=False,
    handoff_reason=None,
    answer="base",
    sources=("a.md#b",),
    must_include=("R$ 180",),
    reference_reply=("R$ 180.",),
    must_not_include=("desconto",),
)
GOOD = Observed(
    parts=1,
    states=("answered",),
    reasons=(),
    origin="model",
    bubbles=("A limpeza custa R$ 180.",),
    intention="preco",
    sentiment=0,
    answerable="base",
    sources=("a.md#b",),
)


def kinds(turn: SampleTurn, seen: Observed, *, all_sources: bool = True) -> list[str]:
    """Return what is wrong with a turn."""
    conversation = SampleConversation(
        "c-1", Contact(None, "5520900000001"), datetime(2026, 8, 10, tzinfo=UTC), (), (), ()
    )
    return [mismatch.kind for mismatch in grade_turn(conversation, turn, seen, all_sources=all_sources)]


def test_a_turn_as_labelled_has_no_mismatch() -> None:
    """Nothing is wrong with a good turn."""
    assert kinds(TURN, GOOD) == []


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"intention": "servico"}, "intent"),
        ({"sentiment": -1}, "sentiment"),
        ({"answerable": "conversation"}, "answer"),
        ({"sources": ()}, "sources"),
        ({"handoff_reason": "outro", "states": ("handed_off",)}, "handoff"),
        ({"bubbles": ("A limpeza é barata.",)}, "must_include"),
        ({"bubbles": ("R$ 180 com desconto",)}, "must_not_include"),
        ({"bubbles": ()}, "silence"),
        ({"origin": "fallback"}, "draft"),
    ],
)
def test_each_label_is_compared(change: dict[str, Any], kind: str) -> None:
    """One wrong thing is one mismatch of its kind."""
    assert kinds(TURN, replace(GOOD, **change)) == [kind]


@pytest.mark.parametrize(
    ("answer", "bubbles", "origin", "wrong"),
    [
        ("silencio", (), None, False),
        ("silencio", ("Oi",), "model", True),
        ("espera", (), None, False),
        ("espera", ("Já está com a equipe.",), "notice", False),
        ("espera", ("Claro!",), "model", True),
        ("espera", ("a", "b"), "notice", True),
    ],
)
def test_who_waits_for_a_person_hears_one_notice_at_most(
    answer: str, bubbles: tuple[str, ...], origin: str | None, *, wrong: bool
) -> None:
    """While a person has the word, or is awaited, other labels are not compared."""
    turn = replace(TURN, answer=answer, handoff=None)
    seen = Observed(parts=1, states=("silenced",), reasons=(), origin=origin, bubbles=bubbles)
    assert kinds(turn, seen) == (["silence"] if wrong else [])


def test_thanks_may_be_left_alone() -> None:
    """Silence is fine after thanks, a long answer is not."""
    turn = replace(TURN, answer="opcional", sources=(), must_include=())
    silent = replace(GOOD, answerable="conversation", bubbles=(), states=("silenced",))
    assert kinds(turn, silent) == []
    assert kinds(turn, replace(silent, bubbles=("palavra " * 40,))) == ["silence"]


def test_a_real_model_may_cite_one_of_two_sources() -> None:
    """Two sections may say the same; the oracle cites both, a real model need not."""
    turn = replace(TURN, sources=("a.md#b", "faq.md#c"))
    assert kinds(turn, GOOD, all_sources=False) == []
    assert kinds(turn, GOOD) == ["sources"]


def test_a_hand_off_that_is_not_labelled_is_not_compared() -> None:
    """Null means that the conversation is with the team already."""
    assert kinds(replace(TURN, handoff=None), replace(GOOD, handoff_reason="outro")) == []
