"""Builds the Redis client and the Dramatiq broker, each with time-outs of its own; waits in Redis instead of asking it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import dramatiq
import redis
from dramatiq.broker import MessageProxy
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from dramatiq.errors import ConnectionClosed
from dramatiq.middleware import Middleware
from redis.backoff import NoBackoff
from redis.retry import Retry

from secretaria.errors import ConfigurationError

NAMESPACE = "secretaria:jobs"
# Measured: with Dramatiq's defaults a killed worker's messages come back after minutes, with these after about 25 s.
HEARTBEAT_TIMEOUT_MS = 20_000
MAINTENANCE_CHANCE = 100_000
WAIT_SECONDS = 2.0  # less than any time-out of a client, and how long a worker that stops may have to wait
FULL_SECONDS = 0.05
DELAYED_SECONDS = 0.1
HANDED = "handed"  # an option of messages that never were in Redis

TakeOver = Callable[[dramatiq.Message[Any], float], bool]


class NudgeBroker(RedisBroker):
    """The broker of nudges: a process that works on a queue itself may take its own nudges without Redis.

    Attributes:
        take_over: Asked with each message and its delay in seconds; True where this process will do it by itself.
    """

    take_over: TakeOver | None = None

    @property
    def consumer_class(self) -> type[WaitingConsumer]:
        """How messages are fetched."""
        return WaitingConsumer

    def enqueue(self, message: dramatiq.Message[Any], *, delay: int | None = None) -> dramatiq.Message[Any]:
        """Put a message on its queue, after so many milliseconds, unless this process takes it."""
        if self.take_over is not None and self.take_over(message, (delay or 0) / 1000):
            return message
        return super().enqueue(message, delay=delay)


class WaitingConsumer(_RedisConsumer):
    """Lies down in Redis until something comes; Dramatiq's own asks twenty times a second, day and night."""

    def __init__(self, broker: RedisBroker, queue_name: str, prefetch: int, timeout: int) -> None:
        del timeout  # Dramatiq's sleep between two questions
        super().__init__(broker, queue_name, prefetch, 0)  # type: ignore[no-untyped-call]  # dramatiq has no types here
        self._list = f"{broker.namespace}:{queue_name}"

    def __next__(self) -> MessageProxy | None:
        """Return the next message, or None after a while without one."""
        message: MessageProxy | None = super().__next__()  # type: ignore[no-untyped-call]  # dramatiq has no types here
        if message is None:
            self._wait()
        return message

    def ack(self, message: MessageProxy) -> None:
        """Take a message out of Redis that is done, if it ever was there."""
        if HANDED not in message.options:
            super().ack(message)  # type: ignore[no-untyped-call]  # dramatiq has no types here

    def nack(self, message: MessageProxy) -> None:
        """Set a message aside that failed; one that Redis never had is left to the sweep."""
        if HANDED not in message.options:
            super().nack(message)  # type: ignore[no-untyped-call]  # dramatiq has no types here

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Give back what was not begun."""
        fetched = []
        for message in messages:
            if HANDED in message.options:
                self.broker.enqueue(unhanded(message))
            else:
                fetched.append(message)
        super().requeue(fetched)  # type: ignore[no-untyped-call]  # dramatiq has no types here

    def _wait(self) -> None:
        if self.outstanding_message_count >= self.prefetch:
            time.sleep(FULL_SECONDS)
            return
        # Moving the first of a list to where it is changes nothing, and Redis answers when there is a first.
        seconds = DELAYED_SECONDS if self.queued_message_ids and self.queue_name.endswith(".DQ") else WAIT_SECONDS
        try:
            self.broker.client.blmove(self._list, self._list, seconds, "LEFT", "LEFT")
        except redis.RedisError as error:
            raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]  # dramatiq has no types here


def unhanded(message: dramatiq.Message[Any] | MessageProxy) -> dramatiq.Message[Any]:
    """Return a message as it was before this process took it over, fit for Redis."""
    return dramatiq.Message(
        queue_name=message.queue_name, actor_name=message.actor_name, args=message.args, kwargs={}, options={}
    )


def build_redis(url: str, *, timeout_seconds: float) -> redis.Redis:
    """Build a client that fails after one short try; redis 8 would retry ten times over several seconds.

    Raises:
        ConfigurationError: The address is not one of a Redis-protocol server.
    """
    try:
        return redis.Redis.from_url(
            url,
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            retry=Retry(NoBackoff(), 0),
            health_check_interval=15,
        )
    except ValueError as error:
        hint = "use REDIS_URL=redis://servidor:6379/0 ou unix:///caminho/do/socket"
        raise ConfigurationError("REDIS_URL não é um endereço válido", hint) from error


def build_broker(url: str, *, timeout_seconds: float, middleware: Sequence[Middleware] = ()) -> NudgeBroker:
    """Build the broker without Dramatiq's own retries, time limits and results.

    The tables drive retries: Dramatiq's would keep tracebacks, and so personal data, in Redis for days, and its time
    limit raises inside a send whose outcome would then be unknown.
    """
    return NudgeBroker(  # type: ignore[no-untyped-call]  # dramatiq has no types here
        client=build_redis(url, timeout_seconds=timeout_seconds),
        middleware=list(middleware),
        namespace=NAMESPACE,
        heartbeat_timeout=HEARTBEAT_TIMEOUT_MS,
        maintenance_chance=MAINTENANCE_CHANCE,
    )
