"""Builds the Redis client and the Dramatiq broker, each with time-outs of its own."""

from __future__ import annotations

from collections.abc import Sequence

import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Middleware
from redis.backoff import NoBackoff
from redis.retry import Retry

from secretaria.errors import ConfigurationError

NAMESPACE = "secretaria:jobs"
# Measured: with Dramatiq's defaults a killed worker's messages come back after minutes, with these after about 25 s.
HEARTBEAT_TIMEOUT_MS = 20_000
MAINTENANCE_CHANCE = 100_000


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


def build_broker(url: str, *, timeout_seconds: float, middleware: Sequence[Middleware] = ()) -> RedisBroker:
    """Build the broker without Dramatiq's own retries, time limits and results.

    The tables drive retries: Dramatiq's would keep tracebacks, and so personal data, in Redis for days, and its time
    limit raises inside a send whose outcome would then be unknown.
    """
    return RedisBroker(  # type: ignore[no-untyped-call]  # dramatiq leaves this constructor untyped
        client=build_redis(url, timeout_seconds=timeout_seconds),
        middleware=list(middleware),
        namespace=NAMESPACE,
        heartbeat_timeout=HEARTBEAT_TIMEOUT_MS,
        maintenance_chance=MAINTENANCE_CHANCE,
    )
