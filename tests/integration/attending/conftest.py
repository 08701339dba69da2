"""A way to deliver what people and the secretary wrote."""

from __future__ import annotations

import pytest

from secretaria.outbox.delivery import DispatchRoom
from tests.answering import OpenDispatch, WhaticketSite


@pytest.fixture
def dispatch(open_dispatch: OpenDispatch, whaticket: WhaticketSite) -> DispatchRoom:
    """Deliver to the community edition."""
    return open_dispatch(whaticket)
