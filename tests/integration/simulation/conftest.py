"""What the integration tests of the simulation share: running Whatickets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import httpx
import pytest

from secretaria.clock import HeldClock
from secretaria.settings import Flavour
from secretaria.simulation.faults import SendFaults
from secretaria.simulation.ledger import Ledger
from secretaria.simulation.serving import LocalServer
from secretaria.simulation.tickets import TicketBook
from secretaria.simulation.whaticket_server import create_whaticket
from tests.integration.simulation.sites import EMAIL, PASSWORD, TOKEN, Open, Site


@pytest.fixture
def open_site() -> Iterator[Open]:
    """Start Whatickets of any edition, stopped when the test ends."""
    with ExitStack() as stack:

        def start(flavour: Flavour) -> Site:
            clock = HeldClock(datetime(2026, 8, 10, 12, tzinfo=UTC))
            ledger, faults, book = Ledger(), SendFaults(), TicketBook(clock)
            app = create_whaticket(
                flavour, TOKEN, ledger, faults=faults, book=book, email=EMAIL, password=PASSWORD, clock=clock
            )
            server = stack.enter_context(LocalServer(app))
            http = stack.enter_context(httpx.Client(base_url=server.url, trust_env=False, timeout=5))
            return Site(server, http, ledger, faults, book, clock)

        yield start


@pytest.fixture
def community(open_site: Open) -> Site:
    """A running community edition."""
    return open_site("community")
