"""Many nudges with one call are, for Redis and for a worker, the nudges that Dramatiq itself would have put there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from secretaria.local.engines import EngineUrls
from secretaria.queue.broker import NudgeBroker, build_broker
from secretaria.queue.jobs import FILE_EVENT
from secretaria.queue.publisher import QueuePublisher

IDS = ["0198a000-0000-7000-8000-000000000001", "0198a000-0000-7000-8000-000000000002"]


@pytest.fixture
def broker(engines: EngineUrls, valkey: redis.Redis) -> Iterator[NudgeBroker]:
    """Connect to an empty queue."""
    valkey.flushall()
    opened = build_broker(engines.redis_url, timeout_seconds=5.0)
    yield opened
    opened.close()


def written(valkey: redis.Redis) -> dict[str, object]:
    """Return what stands in Redis, without what is drawn anew for each message; then empty it."""
    found: dict[str, object] = {}
    for name in sorted(valkey.scan_iter()):
        key = name.decode()
        if valkey.type(name) == b"list":
            numbers = valkey.lrange(name, 0, -1)
            messages = [json.loads(valkey.hget(f"{key}.msgs", number) or b"{}") for number in numbers]
            assert [message["options"].pop("redis_message_id").encode() for message in messages] == numbers
            assert len({message.pop("message_id") for message in messages}) == len(messages)
            assert all(isinstance(message.pop("message_timestamp"), int) for message in messages)
            found[key] = messages
        elif valkey.type(name) == b"hash":
            found[key] = valkey.hlen(name)
    valkey.flushall()
    return found


def test_one_call_writes_what_dramatiq_writes(broker: NudgeBroker, valkey: redis.Redis) -> None:
    """The same lists, hashes and messages, in the same order; the heartbeat of who only publishes says nothing."""
    publisher = QueuePublisher(broker)
    for identifier in IDS:
        publisher.publish(FILE_EVENT, identifier)
    by_dramatiq = written(valkey)
    publisher.publish_all(FILE_EVENT, IDS)
    assert written(valkey) == by_dramatiq
    assert len(by_dramatiq) == 2


def test_a_worker_fetches_what_one_call_wrote(broker: NudgeBroker) -> None:
    """Dramatiq's own consumer finds each nudge with its argument."""
    QueuePublisher(broker).publish_all(FILE_EVENT, IDS)
    consumer = broker.consume(FILE_EVENT.queue, prefetch=8, timeout=100)
    fetched = [next(consumer) for _ in IDS]
    assert [message.args for message in fetched if message is not None] == [(identifier,) for identifier in IDS]
    consumer.close()


def test_nothing_to_nudge_asks_nobody(tmp_path: Path) -> None:
    """An empty list is not a call, and a queue that is away is nobody's error."""
    away = QueuePublisher(build_broker(f"unix://{tmp_path}/nobody.sock", timeout_seconds=1.0))
    away.publish_all(FILE_EVENT, [])
    away.publish_all(FILE_EVENT, IDS)
