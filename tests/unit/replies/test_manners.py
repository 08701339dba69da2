"""What should sound otherwise for this customer now, and what is fine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import secretaria
from secretaria.context.engine import BurstMessage, TurnContext
from secretaria.context.schema import Draft
from secretaria.knowledge.folder import load_business_folder
from secretaria.replies import manners
from secretaria.replies.manners import manners_broken
from tests.unit.conftest import MONDAY_MORNING

Judge = Callable[..., tuple[str, ...]]


@pytest.fixture(scope="module")
def judge() -> Judge:
    """Return a function that judges bubbles."""
    business = load_business_folder(Path(secretaria.__file__).parent / "simulation/clinica-sorriso")

    def said(*bubbles: str, sentiment: int = 0, name: str | None = None, **changes: Any) -> tuple[str, ...]:  # noqa: ANN401
        fields: dict[str, Any] = {"history": (), "burst": (BurstMessage("text", "e a?"),), "first_reply": True}
        context = TurnContext(business=business, now=MONDAY_MORNING, contact_name=name, **(fields | changes))
        analysis = {"intention": "outro", "sentiment": sentiment, "answerable": "base", "handoff_needed": False}
        draft = Draft.model_validate(analysis | {"bubbles": ["x"]})
        return manners_broken(bubbles, draft, context)

    return said


@pytest.mark.parametrize(
    ("bubbles", "changes", "reason"),
    [
        (["Oi, Ana!", "Ana, custa R$ 180."], {"name": "Ana Lima"}, manners.TOO_OFTEN),
        (["Sinto muito 😊"], {"sentiment": -1}, manners.PICTURED),
        (["Desculpe pelo transtorno."], {"sentiment": -1}, manners.EMPTY_WORDS),
        (["Tenha calma."], {"sentiment": -1}, manners.EMPTY_WORDS),
        (["Sinto muito.", "Mil desculpas!"], {"sentiment": -1}, manners.APOLOGISED),
        (["Bom dia! Custa R$ 180."], {"first_reply": False}, manners.GREETED),
        (["Sou a Sol, assistente virtual da Clínica Sorriso."], {"first_reply": False}, manners.GREETED),
    ],
)
def test_broken_manners_are_named(judge: Judge, bubbles: list[str], changes: dict[str, object], reason: str) -> None:
    """Each rule has one sentence for the model."""
    assert judge(*bubbles, **changes) == (reason,)


@pytest.mark.parametrize(
    ("bubbles", "changes"),
    [
        (["Bom dia, Ana! Custa R$ 180 😊"], {"name": "Ana Lima"}),
        (["Sinto muito. A equipe já vê o encaixe de hoje."], {"sentiment": -1}),
        (["Bom dia! Custa R$ 180."], {"first_reply": False, "burst": (BurstMessage("text", "bom dia, e a?"),)}),
        (["Boa escolha! Olha só: custa R$ 180."], {"first_reply": False}),
    ],
)
def test_good_manners_pass(judge: Judge, bubbles: list[str], changes: dict[str, object]) -> None:
    """Nothing is wrong with these."""
    assert judge(*bubbles, **changes) == ()
