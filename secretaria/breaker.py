"""Circuit breakers whose state all processes share through Redis: what fails is left alone for a while, then probed.

No kept library does this. pybreaker, aiobreaker, purgatory and circuitbreaker count failures in a row instead of a share
of the calls in a window, open for a fixed time, and let every caller through while half-open; those that know Redis
read and write it in separate steps, so two workers undo each other. Here each step is one script.

While all is well nothing is asked for each call: that a breaker is closed is believed for a second, and the calls that
ended well meanwhile are counted together. A failure is told at once, and ends the belief of the process that saw it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar
from uuid import uuid4

import redis
from loguru import logger

from secretaria.clock import Clock

PREFIX = "secretaria:breaker:"
FAILURES = 5
WINDOW_MS = 60_000
FIRST_OPEN_MS = 30_000
LONGEST_OPEN_MS = 300_000
FORGET_MS = 3_600_000  # a breaker that nobody asks for any more leaves Redis by itself
PROBE_MARGIN_SECONDS = 5.0
REST_SECONDS = 5.0
BELIEVED_SECONDS = 1.0
COUNTED_TOGETHER = 500

ALLOW = """
local now, opened_until = tonumber(ARGV[1]), tonumber(redis.call('HGET', KEYS[1], 'until'))
if not opened_until then return 1 end
if now < opened_until then return 0 end
if now < tonumber(redis.call('HGET', KEYS[1], 'probe_until') or 0) then return 0 end
redis.call('HSET', KEYS[1], 'probe', ARGV[2], 'probe_until', now + tonumber(ARGV[3]))
return 2
"""

COUNT_WELL = """
if redis.call('HEXISTS', KEYS[1], 'length') == 1 then return end
for ended = 4, #ARGV, 2 do
    redis.call('ZREM', KEYS[3], ARGV[ended])
    redis.call('ZADD', KEYS[2], ARGV[ended + 1], ARGV[ended])
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[1] - ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
"""

REPORT = """
local now, well = tonumber(ARGV[1]), ARGV[4] == '1'
local window, failures, first, longest, forget = unpack(ARGV, 5)
local length = tonumber(redis.call('HGET', KEYS[1], 'length'))
if length then
    if redis.call('HGET', KEYS[1], 'probe') ~= ARGV[2] then return '' end
    if well then
        redis.call('DEL', KEYS[1])
        return 'closed'
    end
    length = math.min(2 * length, tonumber(longest))
else
    redis.call('ZREM', well and KEYS[3] or KEYS[2], ARGV[3])
    redis.call('ZADD', well and KEYS[2] or KEYS[3], now, ARGV[3])
    for _, calls in ipairs({KEYS[2], KEYS[3]}) do
        redis.call('ZREMRANGEBYSCORE', calls, '-inf', now - tonumber(window))
        redis.call('PEXPIRE', calls, forget)
    end
    local good, bad = redis.call('ZCARD', KEYS[2]), redis.call('ZCARD', KEYS[3])
    if well or bad < tonumber(failures) or bad < good then return '' end
    length = tonumber(first)
end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
redis.call('HSET', KEYS[1], 'until', now + length, 'length', length)
redis.call('PEXPIRE', KEYS[1], forget)
return 'opened'
"""

PROBES = 2  # what ALLOW answers to the one who probes
GIVE_BACK = """
if redis.call('HGET', KEYS[1], 'probe') == ARGV[1] then redis.call('HDEL', KEYS[1], 'probe', 'probe_until') end
"""

Found = TypeVar("Found")


class State(IntEnum):
    """How much a breaker lets through, as the gauge shows it."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to make one call, whose ending must be told; a probe whose ending is never told runs out."""

    breaker: Breaker
    name: str
    unit: str
    token: str
    probes: bool

    def succeed(self) -> None:
        """Say that the service answered, be it with a refusal of what we asked."""
        self.breaker.report(self, well=True)

    def fail(self) -> None:
        """Say that the service did not answer, or not in time, or that it is broken."""
        self.breaker.report(self, well=False)

    def give_back(self) -> None:
        """Say that no call was made, so that another may probe at once."""
        self.breaker.take_back(self)


class Breaker:
    """All breakers of an installation, each under a name; while Redis is away every call is let through.

    It protects, it does not gate: after a failure of Redis it is left alone for five seconds, so a Redis that hangs
    costs a call one short time-out and the next ones nothing.
    """

    def __init__(self, client: redis.Redis, clock: Clock) -> None:
        """Build the breakers.

        Args:
            client: With a time-out that a call can bear to lose.
            clock: Tells windows and waits; those of several machines may differ by seconds without harm.
        """
        self._client = client
        self._clock = clock
        self._allow = client.register_script(ALLOW)
        self._report = client.register_script(REPORT)
        self._count_well = client.register_script(COUNT_WELL)
        self._give_back = client.register_script(GIVE_BACK)
        self._rests_until = 0.0
        self._changing = threading.Lock()
        self._closed_until: dict[str, float] = {}
        self._well: dict[str, dict[str, int]] = {}

    def allow(self, name: str, *, longest_seconds: float, unit: str = "") -> Permit | None:
        """Ask for leave to call a service.

        Args:
            name: The service, for instance ``whaticket:principal``.
            longest_seconds: What the call may take; a probe that ends later, or never, gives way to another.
            unit: What counts once however often it is tried, with its last ending; by default each call counts.

        Returns:
            The leave, or None while the breaker is open or another call probes.
        """
        token = uuid4().hex
        if time.monotonic() < self._closed_until.get(name, 0.0):
            return Permit(self, name, unit or token, token, probes=False)
        self._tell_well(name)
        probe = round((longest_seconds + PROBE_MARGIN_SECONDS) * 1000)
        allowed = self._ask(lambda: self._allow(keys=[PREFIX + name], args=[self._now(), token, probe]), away=1)
        if allowed == 1:
            self._closed_until[name] = time.monotonic() + BELIEVED_SECONDS
        return Permit(self, name, unit or token, token, probes=allowed == PROBES) if allowed else None

    def report(self, permit: Permit, *, well: bool) -> None:
        """Count how a call ended; what was begun before the breaker opened no longer matters."""
        if well and not permit.probes:
            self._note_well(permit)
            return
        self._closed_until.pop(permit.name, None)
        self._tell_well(permit.name)
        keys = _keys(permit.name)
        limits = (WINDOW_MS, FAILURES, FIRST_OPEN_MS, LONGEST_OPEN_MS, FORGET_MS)
        ending = (permit.token, permit.unit, int(well))
        change = self._ask(lambda: self._report(keys=keys, args=[self._now(), *ending, *limits]), away=b"")
        if change:
            level = "ERROR" if change == b"opened" else "INFO"
            logger.bind(breaker=permit.name).log(level, f"breaker_{change.decode()}")

    def take_back(self, permit: Permit) -> None:
        """Forget a leave that was not used."""
        if not permit.probes:
            return
        self._ask(lambda: self._give_back(keys=[PREFIX + permit.name], args=[permit.token]), away=None)

    def states(self, names: Iterable[str]) -> dict[str, State]:
        """Return how breakers stand, by name; nothing while Redis is away."""
        asked = tuple(names)
        return self._ask(lambda: {name: self._state(name) for name in asked}, away={})

    def _note_well(self, permit: Permit) -> None:
        with self._changing:
            well = self._well.setdefault(permit.name, {})
            well[permit.unit] = self._now()
        if len(well) >= COUNTED_TOGETHER:
            self._tell_well(permit.name)

    def _tell_well(self, name: str) -> None:
        """Count the calls that ended well since the last time."""
        with self._changing:
            well = self._well.pop(name, {})
        if well:
            ended = [part for pair in well.items() for part in pair]
            limits = (self._now(), WINDOW_MS, FORGET_MS)
            self._ask(lambda: self._count_well(keys=_keys(name), args=[*limits, *ended]), away=None)

    def _state(self, name: str) -> State:
        opened_until = self._client.hget(PREFIX + name, "until")
        if opened_until is None:
            return State.CLOSED
        return State.OPEN if self._now() < int(opened_until) else State.HALF_OPEN

    def _ask(self, ask: Callable[[], Found], *, away: Found) -> Found:
        if time.monotonic() < self._rests_until:
            return away
        try:
            return ask()
        except (redis.RedisError, OSError) as error:
            self._rests_until = time.monotonic() + REST_SECONDS
            logger.bind(error=type(error).__name__).warning("breaker_unreachable")
            return away

    def _now(self) -> int:
        return round(self._clock.now().timestamp() * 1000)


def _keys(name: str) -> list[str]:
    key = PREFIX + name
    return [key, f"{key}:good", f"{key}:bad"]
