"""Since when a part is as it is: kept through looks and processes, and nobody outside is asked all the time."""

from __future__ import annotations

import threading

import redis

from secretaria.clock import HeldClock
from secretaria.errors import Unavailable
from secretaria.health import Finding
from secretaria.queue.broker import build_redis
from secretaria.vigil import Vigil, Watched

WELL, ILL = Finding(ok=True, latency_ms=1.0), Finding(ok=False, latency_ms=2.0, detail="não respondeu")


def only(watched: list[Watched]) -> Watched:
    """Return the one part that is watched."""
    (one,) = watched
    return one


def test_since_when_is_shared_between_processes(valkey: redis.Redis, clock: HeldClock) -> None:
    """Another process that looks later knows it too; a change begins anew."""
    now = clock.now()
    Vigil(lambda: {"redis": WELL}, {}, valkey, clock).look()
    clock.advance(3600)
    assert only(Vigil(lambda: {"redis": WELL}, {}, valkey, clock).look()).since == now
    assert only(Vigil(lambda: {"redis": ILL}, {}, valkey, clock).look()).since == clock.now()


def test_without_redis_it_is_as_old_as_our_own_look(clock: HeldClock) -> None:
    """What cannot be shared is no fault."""
    away = build_redis("unix:///nonexistent/redis.sock", timeout_seconds=0.2)
    assert only(Vigil(lambda: {"redis": ILL}, {}, away, clock).look()).since == clock.now()


def test_many_looks_ask_the_outside_once(valkey: redis.Redis, clock: HeldClock) -> None:
    """And an answer that does not come keeps nobody waiting: it is told once it is there."""
    asked, answered = [], threading.Event()

    def ask() -> str:
        asked.append(1)
        answered.wait(20)
        raise Unavailable("o modelo não responde")

    vigil = Vigil(dict, {"model": ask}, valkey, clock)
    assert only(vigil.look()).finding is None
    answered.set()
    while (found := only(vigil.look()).finding) is None:
        pass
    assert (found.ok, found.detail) == (False, "o modelo não responde")
    vigil.look()
    assert len(asked) == 1
