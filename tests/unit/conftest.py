"""The sample business and a turn of an invented contact, for whatever is judged in the light of a turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import secretaria
from secretaria.context.engine import BurstMessage, TurnContext
from secretaria.knowledge.folder import load_business_folder
from secretaria.knowledge.snapshot import Business

MONDAY_MORNING = datetime(2026, 8, 10, 12, 14, tzinfo=UTC)


@pytest.fixture(scope="session")
def business() -> Business:
    """Return the sample business."""
    return load_business_folder(Path(secretaria.__file__).parent / "simulation/clinica-sorriso")


@pytest.fixture(scope="session")
def a_turn(business: Business) -> Callable[..., TurnContext]:
    """Return a function that builds a turn with some fields changed."""
    turn = TurnContext(
        business=business,
        now=MONDAY_MORNING,
        contact_name="Juliana Prates",
        history=(),
        burst=(BurstMessage("text", "qnt ta a limpeza?"),),
        first_reply=True,
    )

    def build(**changes: Any) -> TurnContext:  # noqa: ANN401 - any field of the turn
        return replace(turn, **changes)

    return build
