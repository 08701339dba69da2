"""A contact that nobody is: what is said to it goes to a look-alike Whaticket while a probe runs, and never to the real one."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import cast

import redis
from loguru import logger

from secretaria.clock import Clock
from secretaria.errors import ConfigurationError
from secretaria.whaticket.gateway import Gateway, Outcome, SendResult
from secretaria.whaticket.http_gateway import HttpGateway
from secretaria.whaticket.numbers import identity_key

PROBE_NUMBER = "5500900000001"  # no area code is 00
KEY = "secretaria:probe"
LIFE_SECONDS = 300
CONNECT_SECONDS, READ_SECONDS = 2.0, 5.0
NO_PROBE = "no_probe"


@dataclass(frozen=True, slots=True)
class LookAlike:
    """Where the look-alike of a running probe listens."""

    url: str
    token: str


def announce(client: redis.Redis, look_alike: LookAlike) -> None:
    """Tell the workers where the probe's Whaticket is, for as long as a probe may take."""
    client.set(KEY, json.dumps(asdict(look_alike)), ex=LIFE_SECONDS)


def withdraw(client: redis.Redis) -> None:
    """End the probe: from now on nothing leaves to its contact."""
    client.delete(KEY)


class ProbingGateway:
    """Hands everything to the real Whaticket but what is for the contact of a probe."""

    def __init__(self, real: Gateway, client: redis.Redis, clock: Clock) -> None:
        self._real, self._client, self._clock = real, client, clock

    def send_text(self, number: str, body: str) -> SendResult:
        """Hand over one text; without a probe under way nothing leaves to its contact."""
        if identity_key(number) != identity_key(PROBE_NUMBER):
            return self._real.send_text(number, body)
        look_alike = self._look_alike()
        if look_alike is None:
            return SendResult(Outcome.REFUSED, error=NO_PROBE)
        gateway = HttpGateway(
            look_alike.url,
            look_alike.token,
            "saas",
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            clock=self._clock,
        )
        try:
            return gateway.send_text(number, body)
        finally:
            gateway.close()

    def ping(self) -> None:
        """Return when the real Whaticket answers HTTP at all."""
        self._real.ping()

    def close(self) -> None:
        """Close the connections kept open."""
        self._real.close()

    def _look_alike(self) -> LookAlike | None:
        try:
            kept = cast("bytes | None", self._client.get(KEY))
            return None if kept is None else LookAlike(**json.loads(kept))
        except (redis.RedisError, ConfigurationError, TypeError, ValueError) as error:
            logger.bind(error=type(error).__name__).warning("look_alike_unknown")
            return None
