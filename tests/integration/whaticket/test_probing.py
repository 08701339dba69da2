"""What is said to the contact of a probe never reaches the real Whaticket, and what is for customers always does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import redis

from secretaria.clock import SystemClock
from secretaria.simulation.ledger import Ledger
from secretaria.simulation.serving import LocalServer
from secretaria.simulation.whaticket_server import create_whaticket
from secretaria.whaticket.gateway import Outcome, SendResult
from secretaria.whaticket.probing import PROBE_NUMBER, LookAlike, ProbingGateway, announce, withdraw
from tests.builders import NUMBER

TOKEN = "token-do-exame-0001"


@dataclass
class Real:
    """A real Whaticket that notes what it is given."""

    given: list[str] = field(default_factory=list)

    def send_text(self, number: str, body: str) -> SendResult:  # noqa: ARG002  # of the port
        """Note the number."""
        self.given.append(number)
        return SendResult(Outcome.ACCEPTED)

    def ping(self) -> None:
        """Answer."""

    def close(self) -> None:
        """Keep nothing open."""


@pytest.fixture
def look_alike() -> Iterator[tuple[Ledger, LookAlike]]:
    """Run a look-alike."""
    ledger = Ledger()
    with LocalServer(create_whaticket("saas", TOKEN, ledger)) as server:
        yield ledger, LookAlike(server.url, TOKEN)


def test_probe_is_diverted_and_customers_are_not(valkey: redis.Redis, look_alike: tuple[Ledger, LookAlike]) -> None:
    """With and without the ninth digit the probe's contact is the look-alike's, and only that one."""
    ledger, address = look_alike
    real = Real()
    gateway = ProbingGateway(real, valkey, SystemClock())
    announce(valkey, address)
    outcomes = [gateway.send_text(number, "Bom dia!").outcome for number in (PROBE_NUMBER, "550000000001", NUMBER)]
    assert outcomes == [Outcome.ACCEPTED] * 3
    assert real.given == [NUMBER]
    assert len(ledger.sent()) == 2


@pytest.mark.parametrize("left", ["", "not json", '{"url": "http://127.0.0.1:1"}'], ids=["nothing", "noise", "half"])
def test_without_a_probe_nothing_leaves_to_its_contact(valkey: redis.Redis, left: str) -> None:
    """A late bubble of a probe that is over is refused for good; nobody on earth reads it."""
    real = Real()
    withdraw(valkey)
    if left:
        valkey.set("secretaria:probe", left)
    result = ProbingGateway(real, valkey, SystemClock()).send_text(PROBE_NUMBER, "Bom dia!")
    assert (result.outcome, result.error) == (Outcome.REFUSED, "no_probe")
    assert real.given == []


def test_without_redis_customers_are_served_and_the_probe_is_not() -> None:
    """Redis is asked about nobody but the probe."""
    real = Real()
    gateway = ProbingGateway(real, redis.Redis(unix_socket_path="/nonexistent/redis.sock"), SystemClock())
    assert gateway.send_text(NUMBER, "Bom dia!").outcome is Outcome.ACCEPTED
    assert gateway.send_text(PROBE_NUMBER, "Bom dia!").outcome is Outcome.REFUSED
