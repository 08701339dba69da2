"""Noise at the door is told to stop; what is authentic passes beside it."""

from __future__ import annotations

import httpx
import pytest

from secretaria.web.knocks import RefusedKnocks, TooManyKnocks
from tests.builders import TOKEN, a_text
from tests.integration.web.conftest import Start

PATH = "/webhook/whaticket"


@pytest.fixture
def impatient(start: Start) -> httpx.Client:
    """Run a door that bears three vain knocks a minute."""
    return start(SECRETARIA__SERVER__REFUSED_PER_MINUTE="3")


def test_after_the_limit_noise_hears_429(impatient: httpx.Client) -> None:
    """The first ones still hear why."""
    statuses = [impatient.post(f"{PATH}/errado", json=a_text()).status_code for _ in range(5)]
    assert statuses == [401, 401, 401, 429, 429]


def test_authentic_events_pass_beside_noise_from_the_same_address(impatient: httpx.Client) -> None:
    """All of them come from one Whaticket, perhaps through the same proxy."""
    for _ in range(5):
        impatient.post(f"{PATH}/errado", json=a_text())
    assert impatient.post(f"{PATH}/{TOKEN}", json=a_text(message_id="3EB000000000K001")).status_code == 202


def test_addresses_are_counted_apart() -> None:
    """One noisy stranger costs no other an answer."""
    knocks = RefusedKnocks(1)
    knocks.count("203.0.113.5")
    knocks.count("203.0.113.6")
    with pytest.raises(TooManyKnocks):
        knocks.count("203.0.113.5")
