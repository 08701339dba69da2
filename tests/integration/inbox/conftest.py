"""The door and the filing room that the tests of the inbox knock at."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from secretaria.clock import HeldClock
from secretaria.inbox.filing import FilingRoom
from secretaria.inbox.receive import Door
from tests.builders import PublishedNudges, a_door, a_filing_room


@pytest.fixture
def door(engine: Engine, nudges: PublishedNudges, clock: HeldClock) -> Door:
    """Open the door to our secret and our token."""
    return a_door(engine, nudges, clock)


@pytest.fixture
def room(engine: Engine, nudges: PublishedNudges, clock: HeldClock) -> FilingRoom:
    """Build a filing room with the default turns."""
    return a_filing_room(engine, nudges, clock)
