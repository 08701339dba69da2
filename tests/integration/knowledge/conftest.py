"""The sample clinic as a version in PostgreSQL."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from secretaria.clock import HeldClock
from secretaria.database.transaction import transaction
from secretaria.knowledge.folder import read_folder
from secretaria.knowledge.snapshot import Snapshot
from secretaria.knowledge.store import write_version
from secretaria.simulation import SAMPLE_BUSINESS


@pytest.fixture(scope="session")
def sample() -> Snapshot:
    """Read the texts of the sample clinic once."""
    return read_folder(SAMPLE_BUSINESS)


@pytest.fixture
def sample_version(engine: Engine, clock: HeldClock, sample: Snapshot) -> int:
    """Write the sample clinic as the first version."""
    with transaction(engine) as session:
        written = write_version(session, sample, origin="import", author="dona", parent_id=None, now=clock.now())
    assert written.version_id is not None
    return written.version_id
