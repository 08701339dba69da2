"""Circuit breakers on a real Valkey: when they open, for how long, who probes, and that they never gate without Redis."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from secretaria.breaker import BELIEVED_SECONDS, REST_SECONDS, Breaker, Permit, State
from secretaria.clock import HeldClock
from secretaria.local.engines import EngineUrls
from secretaria.queue.broker import build_redis
from tests.answering import captured_lines

NAME = "llm:modelos.example:modelo-principal"
CALL_SECONDS = 20.0


@pytest.fixture
def one(valkey: redis.Redis, clock: HeldClock) -> Breaker:
    """Build the breakers of one process."""
    return Breaker(valkey, clock)


@pytest.fixture
def other(valkey: redis.Redis, engines: EngineUrls, clock: HeldClock) -> Iterator[Breaker]:  # noqa: ARG001  # emptied first
    """Build the breakers of another process."""
    client = build_redis(engines.redis_url, timeout_seconds=5.0)
    yield Breaker(client, clock)
    client.close()


def allowed(breaker: Breaker, unit: str = "") -> Permit:
    """Ask for a call that must be let through."""
    permit = breaker.allow(NAME, longest_seconds=CALL_SECONDS, unit=unit)
    assert permit is not None
    return permit


def refused(breaker: Breaker) -> bool:
    """Say whether a call is not let through."""
    return breaker.allow(NAME, longest_seconds=CALL_SECONDS) is None


def calls(breaker: Breaker, *, good: int = 0, bad: int = 0) -> None:
    """Make calls, first those that end well."""
    for _ in range(good):
        allowed(breaker).succeed()
    for _ in range(bad):
        allowed(breaker).fail()


def state(breaker: Breaker) -> State:
    """Return how the breaker stands."""
    return breaker.states([NAME])[NAME]


def opened(breaker: Breaker) -> None:
    """Let a breaker open."""
    calls(breaker, bad=5)
    assert state(breaker) is State.OPEN


def test_fifth_failure_opens_for_every_process(one: Breaker, other: Breaker) -> None:
    """Failures of several processes add up, and all of them leave the service alone from then on."""
    with captured_lines() as lines:
        calls(one, bad=2)
        calls(other, bad=2)
        assert (state(one), state(other)) == (State.CLOSED, State.CLOSED)
        calls(one, bad=1)
    assert (refused(one), refused(other), state(other)) == (True, True, State.OPEN)
    assert [(line["message"], line["extra"]["breaker"]) for line in lines] == [("breaker_opened", NAME)]


def test_what_another_process_opened_is_seen_within_a_second(
    one: Breaker, other: Breaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it is closed is believed for a second, by a process that saw no failure itself."""
    seconds = time.monotonic()
    monkeypatch.setattr("secretaria.breaker.time.monotonic", lambda: seconds)
    allowed(other).succeed()
    calls(one, bad=5)
    assert not refused(other)
    monkeypatch.setattr("secretaria.breaker.time.monotonic", lambda: seconds + BELIEVED_SECONDS)
    assert refused(other)


def test_while_all_is_well_redis_is_not_asked_for_each_call(one: Breaker, valkey: redis.Redis) -> None:
    """A hundred calls that end well cost what one costs, and count when something fails."""
    allowed(one).succeed()
    before = valkey.info("stats")["total_commands_processed"]
    calls(one, good=99)
    assert valkey.info("stats")["total_commands_processed"] - before == 1  # the question itself
    calls(one, bad=1)
    assert valkey.zcard(f"secretaria:breaker:{NAME}:good") == 100


@pytest.mark.parametrize(("well", "badly", "expected"), [(5, 5, State.OPEN), (6, 5, State.CLOSED), (6, 6, State.OPEN)])
def test_half_of_the_calls_must_fail(one: Breaker, well: int, badly: int, expected: State) -> None:
    """A service that mostly answers is not given up, however many calls it fails."""
    calls(one, good=well, bad=badly)
    assert state(one) is expected


def test_only_the_last_minute_counts(one: Breaker, clock: HeldClock) -> None:
    """Failures that are longer ago than the window are forgotten; successes are too."""
    calls(one, good=40, bad=4)
    clock.advance(60.1)
    calls(one, bad=4)
    assert state(one) is State.CLOSED
    calls(one, bad=1)
    assert state(one) is State.OPEN


def test_retries_of_one_turn_count_once(one: Breaker) -> None:
    """However often one turn asks, it is one call, and its last ending stands."""
    for _ in range(9):
        allowed(one, "turn:1").fail()
    calls(one, bad=3)
    allowed(one, "turn:1").succeed()
    calls(one, bad=1)
    assert state(one) is State.CLOSED
    allowed(one, "turn:1").fail()
    assert state(one) is State.OPEN


def test_open_time_doubles_up_to_five_minutes(one: Breaker, clock: HeldClock) -> None:
    """Each probe that fails doubles the rest; one that goes well closes, and the next rest is short again."""
    opened(one)
    for seconds in (30, 60, 120, 240, 300, 300):
        clock.advance(seconds - 0.1)
        assert refused(one)
        clock.advance(0.1)
        assert state(one) is State.HALF_OPEN
        calls(one, bad=1)
        assert state(one) is State.OPEN
    clock.advance(300)
    calls(one, good=1)
    assert state(one) is State.CLOSED
    opened(one)
    clock.advance(30)
    assert state(one) is State.HALF_OPEN


def test_one_probe_at_a_time(one: Breaker, other: Breaker, clock: HeldClock) -> None:
    """Of all callers that arrive half-open, in whatever process, one is let through; closing lets all through."""
    opened(one)
    clock.advance(30)
    with ThreadPoolExecutor(8) as pool:
        asked = [
            pool.submit(breaker.allow, NAME, longest_seconds=CALL_SECONDS)
            for breaker in (one, other)
            for _ in range(10)
        ]
        (probe,) = [permit for future in asked if (permit := future.result()) is not None]
    with captured_lines() as lines:
        probe.succeed()
    assert [line["message"] for line in lines] == ["breaker_closed"]
    calls(one, good=1)
    calls(other, good=1)


def test_probe_of_a_dead_worker_runs_out(one: Breaker, other: Breaker, clock: HeldClock) -> None:
    """A probe that never tells its ending blocks the next one only for as long as a call may take."""
    opened(one)
    clock.advance(30)
    lost = allowed(one)
    clock.advance(CALL_SECONDS)
    assert refused(other)
    clock.advance(5)
    probe = allowed(other)
    lost.fail()
    assert state(one) is State.HALF_OPEN
    probe.succeed()
    assert state(one) is State.CLOSED


def test_unused_probe_is_given_back(one: Breaker, other: Breaker, clock: HeldClock) -> None:
    """A caller that finds nothing to do lets the next one probe at once; another's probe it cannot give back."""
    opened(one)
    clock.advance(30)
    unused = allowed(one)
    unused.give_back()
    probe = allowed(other)
    unused.give_back()
    assert refused(one)
    probe.succeed()
    assert state(one) is State.CLOSED


def test_calls_begun_before_it_opened_change_nothing(one: Breaker, clock: HeldClock) -> None:
    """Slow calls of before neither lengthen the rest nor end it."""
    slow, lucky = allowed(one), allowed(one)
    opened(one)
    slow.fail()
    lucky.succeed()
    clock.advance(29)
    assert state(one) is State.OPEN
    clock.advance(1)
    assert state(one) is State.HALF_OPEN


def test_services_do_not_share_a_breaker(one: Breaker) -> None:
    """A model that fails says nothing about another one."""
    opened(one)
    assert one.allow("llm:modelos.example:modelo-reserva", longest_seconds=CALL_SECONDS) is not None


def test_what_nobody_asks_for_leaves_redis(one: Breaker, valkey: redis.Redis) -> None:
    """Every key has an end, and none holds anything but names and counts."""
    calls(one, good=1, bad=1)
    other = "whaticket:principal"
    for _ in range(5):
        permit = one.allow(other, longest_seconds=1)
        assert permit is not None
        permit.fail()
    keys = valkey.keys("*")
    assert len(keys) == 3
    assert all(0 < valkey.ttl(key) <= 3600 for key in keys)


def test_dead_redis_lets_everything_through(clock: HeldClock) -> None:
    """Without Redis no call is refused, it is asked once and then left alone, and no state is made up."""
    client = build_redis("redis://127.0.0.1:1/0", timeout_seconds=0.5)
    away = Breaker(client, clock)
    with captured_lines() as lines:
        calls(away, bad=50)
        assert away.states([NAME]) == {}
    client.close()
    assert [line["message"] for line in lines] == ["breaker_unreachable"]


def test_breaker_counts_again_after_redis_came_back(one: Breaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rest ends by itself."""
    real = one._client  # noqa: SLF001  # the client is cut in two for the length of a call

    class Cut:
        """A client that fails."""

        def hget(self, *_: object) -> None:
            """Fail."""
            raise redis.ConnectionError

    monkeypatch.setattr(one, "_client", Cut())
    assert one.states([NAME]) == {}
    monkeypatch.setattr(one, "_client", real)
    assert one.states([NAME]) == {}
    rested = time.monotonic() + REST_SECONDS
    monkeypatch.setattr(time, "monotonic", lambda: rested)
    assert one.states([NAME]) == {NAME: State.CLOSED}
