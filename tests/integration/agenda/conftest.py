"""The sample clinic with its agenda imported."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from tests.agenda_counter import Counter


@pytest.fixture
def clinic(engine: Engine) -> Counter:
    """Open the clinic on Monday morning, its agenda imported."""
    counter = Counter(engine)
    counter.import_sample()
    return counter
