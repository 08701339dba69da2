"""What the owner was told already, and how often in this hour: in Redis for all processes, or here while it is away."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import redis
from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from loguru import logger

from secretaria.alarms.wording import Alert

PREFIX = "secretaria:alarms"
ONCE = RateLimitItemPerHour(1, 4)  # what rings on is told again after four hours
IN_FLIGHT = RateLimitItemPerMinute(1)  # longer than a send may take; whoever died in it is forgotten after it
REST_SECONDS = 30.0

Found = TypeVar("Found")


class ToldAlerts:
    """Counts by fingerprint and state.

    A Redis that is away is an alert itself, so it must not keep the owner from hearing of it: this process remembers alone
    then, and the worst is one message a process.
    """

    def __init__(self, client: redis.Redis, messages_per_hour: int) -> None:
        """Build the memory on the connections of a client.

        Args:
            client: With short time-outs.
            messages_per_hour: What the owner is sent at most.
        """
        shared = RedisStorage("redis://", connection_pool=client.connection_pool, key_prefix=PREFIX)
        self._shared, self._own = FixedWindowRateLimiter(shared), FixedWindowRateLimiter(MemoryStorage())
        self._hourly = RateLimitItemPerHour(messages_per_hour)
        self._rests_until = 0.0

    def begin(self, alert: Alert) -> bool:
        """Take an alert for telling it; another process, or an earlier one that died, may have it just now."""
        return self._ask(lambda window: window.hit(IN_FLIGHT, "flying", *_named(alert)))

    def is_news(self, alert: Alert) -> bool:
        """Say whether the owner does not know it; the end of what they never heard of is no news."""
        if self._knows(alert.fingerprint, firing=alert.firing):
            return False
        return alert.firing or self._knows(alert.fingerprint, firing=True)

    def may_tell(self) -> bool:
        """Count one message, and say whether this hour bears it."""
        return self._ask(lambda window: window.hit(self._hourly, "hour"))

    def end(self, alert: Alert, *, told: bool) -> None:
        """Let go of an alert; what was told is known from now on, and its opposite is news again."""
        if told:
            opposite = _state(firing=not alert.firing)
            self._ask(lambda window: window.hit(ONCE, "told", *_named(alert)))
            self._ask(lambda window: window.clear(ONCE, "told", alert.fingerprint, opposite))
        self._ask(lambda window: window.clear(IN_FLIGHT, "flying", *_named(alert)))

    def _knows(self, fingerprint: str, *, firing: bool) -> bool:
        return not self._ask(lambda window: window.test(ONCE, "told", fingerprint, _state(firing=firing)))

    def _ask(self, ask: Callable[[FixedWindowRateLimiter], Found]) -> Found:
        if time.monotonic() >= self._rests_until:
            try:
                return ask(self._shared)
            except (redis.RedisError, OSError) as error:
                self._rests_until = time.monotonic() + REST_SECONDS
                logger.bind(error=type(error).__name__).warning("told_alerts_unreachable")
        return ask(self._own)


def _named(alert: Alert) -> tuple[str, str]:
    return alert.fingerprint, _state(firing=alert.firing)


def _state(*, firing: bool) -> str:
    return "firing" if firing else "resolved"
