"""Publishes nudges after the commit; a nudge that cannot be published is only late, the sweep finds its row."""

from __future__ import annotations

import time
from typing import Protocol

import dramatiq
from dramatiq.errors import BrokerConnectionError
from loguru import logger
from redis.exceptions import RedisError

from secretaria.queue.jobs import Job

REST_SECONDS = 2.0


class Publisher(Protocol):
    """Puts a nudge on the queue."""

    def publish(self, job: Job, identifier: str, delay_seconds: float = 0.0) -> None:
        """Nudge the row with this id, now or after a number of seconds; never raises."""
        ...


class QueuePublisher:
    """The publisher over Dramatiq; it enqueues by name, so it never imports an actor.

    After a failure it leaves the queue alone for two seconds: a Redis that hangs costs one time-out, not one for each
    event of a batch and for each request of a rush.
    """

    def __init__(self, broker: dramatiq.Broker) -> None:
        self._broker = broker
        self._rests_until = 0.0

    def publish(self, job: Job, identifier: str, delay_seconds: float = 0.0) -> None:
        """Nudge the row with this id, now or after a number of seconds; never raises."""
        if time.monotonic() < self._rests_until:
            return
        message: dramatiq.Message[None] = dramatiq.Message(
            queue_name=job.queue, actor_name=job.name, args=(identifier,), kwargs={}, options={}
        )
        try:
            self._broker.enqueue(message, delay=round(delay_seconds * 1000) or None)
        except (RedisError, BrokerConnectionError, OSError) as error:
            self._rests_until = time.monotonic() + REST_SECONDS
            logger.bind(job=job.name, id=identifier, error=type(error).__name__).warning("nudge_not_published")
