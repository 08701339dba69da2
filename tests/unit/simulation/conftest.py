"""What the unit tests of the simulation share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from secretaria.simulation import SAMPLE_BUSINESS
from secretaria.simulation.answers import Section
from secretaria.simulation.rhythm import SampleConversation, load_conversations


@pytest.fixture(scope="session")
def conversations() -> list[SampleConversation]:
    """The labelled conversations of the sample."""
    return load_conversations(SAMPLE_BUSINESS)


@pytest.fixture(scope="session")
def sample_sources(conversations: list[SampleConversation]) -> set[str]:
    """Every source the labels of the sample name."""
    return {source for conversation in conversations for turn in conversation.turns for source in turn.sources}


@pytest.fixture
def section() -> Callable[[str], Section]:
    """Build a section about braces with any text."""
    return lambda text: Section("precos.md#aparelho", "Aparelho", text)
