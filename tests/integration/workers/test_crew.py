"""The threads of a worker: they come with the work, wait without asking, and pass their own nudges on themselves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dramatiq
import pytest
import redis

from secretaria.local.engines import EngineUrls
from secretaria.outside import outside
from secretaria.queue.broker import NudgeBroker, build_broker
from secretaria.queue.jobs import ANSWER_TURN, FILE_EVENT, Job
from secretaria.queue.publisher import QueuePublisher
from secretaria.workers.crew import Crew
from tests.answering import PATIENCE_SECONDS, wait_until

MANY = 8
LONG = 300.0


@pytest.fixture(autouse=True)
def _restless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that stops must not be waited for in every test."""
    monkeypatch.setattr("secretaria.queue.broker.WAIT_SECONDS", 0.2)


@pytest.fixture
def broker(engines: EngineUrls, valkey: redis.Redis) -> Iterator[NudgeBroker]:
    """The broker of one worker process, on an empty Redis."""
    del valkey
    broker = build_broker(engines.redis_url, timeout_seconds=5)
    yield broker
    broker.client.close()


@pytest.fixture
def elsewhere(engines: EngineUrls) -> Iterator[QueuePublisher]:
    """What another process nudges with."""
    broker = build_broker(engines.redis_url, timeout_seconds=5)
    yield QueuePublisher(broker)
    broker.client.close()


def test_a_nudge_from_elsewhere_is_not_waited_for(
    broker: NudgeBroker, elsewhere: QueuePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long a worker lies down in Redis, a nudge wakes it."""
    monkeypatch.setattr("secretaria.queue.broker.WAIT_SECONDS", 4.5)
    done = threading.Semaphore(0)
    _declare(broker, FILE_EVENT, lambda _: done.release())
    with _working(broker):
        for number in range(3):
            elsewhere.publish(FILE_EVENT, str(number))
            assert done.acquire(timeout=4)


def test_own_nudges_do_not_travel_through_redis(
    broker: NudgeBroker, elsewhere: QueuePublisher, valkey: redis.Redis
) -> None:
    """What a job nudges in its own process, now or a little later, Redis never hears of."""
    own, answered = QueuePublisher(broker), threading.Semaphore(0)

    def file(number: str) -> None:
        own.publish(ANSWER_TURN, number)
        own.publish(ANSWER_TURN, number, 0.05)

    _declare(broker, FILE_EVENT, file)
    _declare(broker, ANSWER_TURN, lambda _: answered.release())
    with _working(broker):
        elsewhere.publish(FILE_EVENT, "1")
        assert all(answered.acquire(timeout=PATIENCE_SECONDS) for _ in range(2))
    assert valkey.keys("*jobs:turns*") == []


def test_what_waits_is_given_back_at_the_end(
    broker: NudgeBroker, elsewhere: QueuePublisher, valkey: redis.Redis
) -> None:
    """A worker that stops leaves to others what it had taken over and not begun."""
    own, filed = QueuePublisher(broker), threading.Event()

    def file(number: str) -> None:
        own.publish(ANSWER_TURN, number, LONG)
        filed.set()

    _declare(broker, FILE_EVENT, file)
    _declare(broker, ANSWER_TURN, lambda _: None)
    with _working(broker):
        elsewhere.publish(FILE_EVENT, "1")
        assert filed.wait(PATIENCE_SECONDS)
    assert valkey.hlen("secretaria:jobs:turns.DQ.msgs") == 1


def test_who_waits_outside_leaves_the_seat(broker: NudgeBroker, elsewhere: QueuePublisher) -> None:
    """With one seat only one job works at a time, but all of them may wait for somebody outside."""
    together, working, most = threading.Barrier(MANY), 0, 0

    def job(_: str) -> None:
        nonlocal working, most
        working += 1
        most = max(most, working)
        working -= 1
        with outside():
            together.wait(PATIENCE_SECONDS)

    _declare(broker, FILE_EVENT, job)
    with _working(broker, seats=1):
        for number in range(MANY):
            elsewhere.publish(FILE_EVENT, str(number))
        wait_until(lambda: together.n_waiting == 0 and broker.do_qsize(FILE_EVENT.queue) == 0)
    assert (most, together.broken) == (1, False)


def test_threads_come_with_the_work_and_go(
    broker: NudgeBroker, elsewhere: QueuePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An idle worker has no thread for jobs; after the work they end."""
    monkeypatch.setattr("secretaria.workers.crew.REST_SECONDS", 0.1)
    done = threading.Event()
    _declare(broker, FILE_EVENT, lambda _: done.set())
    with _working(broker) as crew:
        assert crew.workers == []
        elsewhere.publish(FILE_EVENT, "1")
        assert done.wait(PATIENCE_SECONDS)
        wait_until(lambda: crew.workers == [])


def _declare(broker: NudgeBroker, job: Job, work: Callable[[str], None]) -> None:
    dramatiq.actor(actor_name=job.name, queue_name=job.queue, broker=broker)(work)


@contextmanager
def _working(broker: NudgeBroker, *, seats: int = 2) -> Iterator[Crew]:
    crew = Crew(broker, queues={"inbox", "turns"}, most_threads=MANY, seats=seats)
    crew.start()
    try:
        yield crew
    finally:
        crew.stop(timeout=10_000)
