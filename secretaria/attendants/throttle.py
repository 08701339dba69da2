"""How often a login may be tried: by account and address together, and by address, never by account alone.

A limit by account alone would let anybody lock an owner out by guessing badly; whoever guesses from one address is stopped
there, and the owner enters from another. Codes of an application are counted by account alone all the same: only who typed the
right password gets that far, six digits would fall to many addresses, and the owner still has the recovery codes.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from secretaria.attendants.entering import TooManyLogins
from secretaria.attendants.sessions import SessionsUnavailable

PREFIX = "secretaria:login"
BY_ACCOUNT_AND_ADDRESS = RateLimitItemPerMinute(5, 15)
BY_ADDRESS = RateLimitItemPerMinute(30, 15)
CODES_BY_ACCOUNT = RateLimitItemPerHour(10)


class LoginThrottle:
    """Counts tries in Redis, for all processes together; a right password wipes out the wrong ones before it."""

    def __init__(self, client: redis.Redis) -> None:
        """Build the throttle on the connections of a client."""
        self._storage = RedisStorage("redis://", connection_pool=client.connection_pool, key_prefix=PREFIX)
        self._window = MovingWindowRateLimiter(self._storage)

    def take_try(self, login: str, address: str) -> None:
        """Count a try before its password is looked at, so that tries side by side cannot outrun the count.

        Raises:
            TooManyLogins: One of the limits is spent.
            SessionsUnavailable: Redis cannot tell, so nobody is let in.
        """
        with _or_unavailable():
            if not self._window.test(BY_ADDRESS, address):
                raise TooManyLogins(self._wait(BY_ADDRESS, address))
            if not self._window.hit(BY_ACCOUNT_AND_ADDRESS, *_pair(login, address)):
                raise TooManyLogins(self._wait(BY_ACCOUNT_AND_ADDRESS, *_pair(login, address)))

    def count_wrong(self, address: str) -> None:
        """Count a wrong password against its address, whoever it was tried for."""
        with _or_unavailable():
            self._window.hit(BY_ADDRESS, address)

    def may_try_code(self, login: str) -> bool:
        """Count a code of an application before it is looked at, and say whether it may be.

        Raises:
            SessionsUnavailable: Redis cannot tell, so nobody is let in.
        """
        with _or_unavailable():
            return self._window.hit(CODES_BY_ACCOUNT, "code", _hidden(login))

    def forget_tries(self, login: str, address: str) -> None:
        """Wipe out the tries of somebody who then typed everything right."""
        with _or_unavailable():
            self._window.clear(BY_ACCOUNT_AND_ADDRESS, *_pair(login, address))
            self._window.clear(CODES_BY_ACCOUNT, "code", _hidden(login))

    def _wait(self, limit: RateLimitItemPerMinute, *names: str) -> int:
        return max(1, math.ceil(self._window.get_window_stats(limit, *names).reset_time - time.time()))


@contextmanager
def _or_unavailable() -> Iterator[None]:
    try:
        yield
    except (redis.RedisError, OSError) as error:
        raise SessionsUnavailable from error


def _pair(login: str, address: str) -> tuple[str, str]:
    """Name an account at an address."""
    return _hidden(login), address


def _hidden(login: str) -> str:
    """Name an account; a login may be an e-mail, which no key of Redis shows."""
    return hashlib.sha256(login.encode()).hexdigest()[:24]
