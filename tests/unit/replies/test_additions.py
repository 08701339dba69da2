"""Sentences that code adds: where they stand, that they are never said twice, and that nobody is spammed."""

from __future__ import annotations

from typing import Any

import pytest

from secretaria.context.engine import Standing
from secretaria.context.schema import Draft
from secretaria.replies import wording
from secretaria.replies.additions import with_offer, with_person_called, with_safety

SAFETY = "Se houver sangramento forte ou falta de ar, ligue 192 agora."


def _draft(sentiment: int = 0) -> Draft:
    fields: dict[str, Any] = {"intention": "outro", "answerable": "conversation", "handoff_needed": False}
    return Draft.model_validate(fields | {"sentiment": sentiment, "bubbles": ["x"]})


def test_safety_is_said_before_anything_else() -> None:
    """The owner's text comes first, even where that makes one bubble more than usual."""
    assert with_safety(["Sinto muito.", "Já chamei a equipe."], SAFETY) == [
        SAFETY,
        "Sinto muito.",
        "Já chamei a equipe.",
    ]
    assert with_safety([], SAFETY) == [SAFETY]


@pytest.mark.parametrize("said", [SAFETY, f"Sinto muito. {SAFETY.upper()} Já chamei alguém.", SAFETY.replace(",", "")])
def test_safety_is_said_once(said: str) -> None:
    """Where the model repeated it, in other capitals or marks, it is not said again."""
    assert with_safety([said, "Já chamei a equipe."], SAFETY) == [said, "Já chamei a equipe."]


def test_without_a_safety_text_nothing_is_added() -> None:
    """An owner who wrote none gets the reply as it is."""
    assert with_safety(["Já chamei a equipe."], "") == ["Já chamei a equipe."]


def test_called_person_is_told_once() -> None:
    """A hand-off that a rule decided is said, in a bubble of its own or behind the last; said already, nothing is added."""
    assert with_person_called(["Entendi."], 2) == ["Entendi.", wording.PERSON_CALLED]
    assert with_person_called(["Oi.", "Entendi."], 2) == ["Oi.", f"Entendi. {wording.PERSON_CALLED}"]
    assert with_person_called([wording.PERSON_CALLED], 2) == [wording.PERSON_CALLED]


@pytest.mark.parametrize(
    ("sentiment", "standing", "offered"),
    [
        (-1, Standing(negatives=1), True),
        (-1, Standing(), False),
        (0, Standing(negatives=1), False),
        (0, Standing(asked_before=1), True),
        (0, Standing(), False),
    ],
)
def test_person_is_offered_to_whom_we_do_not_help(sentiment: int, standing: Standing, *, offered: bool) -> None:
    """The second negative turn in a row and the second time of a question get the offer, nothing else does."""
    bubbles = with_offer(["A limpeza custa R$ 180."], _draft(sentiment), standing, 2)
    assert (wording.PERSON_OFFERED in bubbles) is offered


def test_person_is_offered_once() -> None:
    """Where the model offers one itself, code does not."""
    said = ["Quer que eu chame alguém da equipe?"]
    assert with_offer(said, _draft(-1), Standing(negatives=2), 2) == said
