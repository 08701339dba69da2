"""Whoever follows the conversations is woken by the commit, and looks by itself where nobody can wake it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import redis
from sqlalchemy import Engine, text

from secretaria.conversations.models import Conversation
from secretaria.conversations.waking import POLL_SECONDS, Bell, Waker, ring_after_commits
from secretaria.database.transaction import transaction
from secretaria.queue.broker import build_redis
from tests.answering import Scene, wait_until

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def waker(valkey: redis.Redis) -> Iterator[Waker]:
    """Listen over the Valkey of the tests."""
    opened = Waker(valkey)
    listener = opened.listen()
    wait_until(lambda: listener.wait(0.1))  # the subscription itself rings, so that nothing before it is missed
    yield opened
    opened.close()


@pytest.fixture
def rung(engine: Engine, valkey: redis.Redis) -> Engine:
    """Let commits of this engine ring."""
    ring_after_commits(engine, Bell(lambda: valkey))
    return engine


def test_a_commit_wakes_who_listens(asked: Scene, rung: Engine, waker: Waker) -> None:
    """Rows written as objects and by statements ring once committed; reading, and other tables, ring nobody."""
    rings = waker.times
    with transaction(rung) as session:
        session.get_one(Conversation, 1)
        session.execute(text("SELECT 1"))
    time.sleep(0.1)
    assert waker.times == rings
    listener = waker.listen()
    with transaction(rung) as session:
        session.get_one(Conversation, 1).mode = "paused"
    wait_until(listener.wait)
    asked.customer_writes("oi")
    wait_until(listener.wait)


def test_what_is_rolled_back_rings_nobody(asked: Scene, rung: Engine, waker: Waker) -> None:
    """A transaction that ends in an error has told nothing."""
    rings = waker.times
    with pytest.raises(ZeroDivisionError):
        _fail(rung)
    time.sleep(0.1)
    assert waker.times == rings
    assert asked.conversation()["mode"] == "automatic"


def test_a_ring_between_reading_and_waiting_is_not_lost(waker: Waker, valkey: redis.Redis) -> None:
    """Who listens before it reads is woken at once by what came meanwhile, and once."""
    listener = waker.listen()
    rings = waker.times
    Bell(lambda: valkey).ring()
    wait_until(lambda: waker.times > rings)
    assert listener.wait(0)
    assert not listener.wait(0.01)


def test_everybody_in_a_process_is_woken(waker: Waker, valkey: redis.Redis) -> None:
    """One subscription serves any number of listeners."""
    listeners = [waker.listen() for _ in range(5)]
    waiting = [threading.Thread(target=wait_until, args=(one.wait,)) for one in listeners]
    rings = waker.times
    for one in waiting:
        one.start()
    Bell(lambda: valkey).ring()
    for one in waiting:
        one.join()
    assert waker.times == rings + 1


def test_without_redis_everybody_looks_by_itself(asked: Scene) -> None:
    """Commits go through although nobody can be woken, and no wait is longer than a second."""
    client = build_redis(NOWHERE, timeout_seconds=0.2)
    ring_after_commits(asked.engine, Bell(lambda: client))
    asked.customer_writes("oi", "e aí?")
    waker = Waker(client)
    listener = waker.listen()
    begun = time.monotonic()
    assert not listener.wait(30)
    assert time.monotonic() - begun < 10 * POLL_SECONDS
    waker.close()
    assert listener.wait(30)
    client.close()


def _fail(engine: Engine) -> None:
    with transaction(engine) as session:
        session.get_one(Conversation, 1).mode = "paused"
        session.flush()
        raise ZeroDivisionError
