"""Workers say that they live; who asks learns how many do, and how long ago each said so."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import redis

import secretaria

STARTED_AT = datetime.now(UTC)
PREFIX = "secretaria:worker:"
EXPIRES_SECONDS = 15


@dataclass(frozen=True, slots=True)
class LivingWorker:
    """A worker process that says it lives.

    Attributes:
        name: Machine and process.
        silent_seconds: Since it last said so.
        version: What it runs, and since when; None where it is of a version that did not say.
    """

    name: str
    silent_seconds: float
    version: str | None
    started_at: datetime | None


def this_worker() -> str:
    """Return the name of this worker process, unique among machines."""
    return f"{socket.gethostname()}:{os.getpid()}"


def beat(client: redis.Redis, worker: str) -> None:
    """Say that a worker lives, for the next fifteen seconds, what it runs and since when."""
    client.set(PREFIX + worker, f"{secretaria.__version__} {STARTED_AT.isoformat()}", ex=EXPIRES_SECONDS)


def stop_beating(client: redis.Redis, worker: str) -> None:
    """Say that a worker has left."""
    client.delete(PREFIX + worker)


def living_workers(client: redis.Redis) -> dict[str, float]:
    """Return the workers that live, with the seconds since each said so."""
    living = {}
    for key in client.scan_iter(match=PREFIX + "*", count=500):
        left = client.pttl(key)
        if left > 0:
            living[cast("bytes", key).decode().removeprefix(PREFIX)] = round(EXPIRES_SECONDS - left / 1000, 1)
    return living


def describe_workers(client: redis.Redis) -> list[LivingWorker]:
    """Return the workers that live with what each runs, the one that has run longest first."""
    silent = living_workers(client)
    told = client.mget([PREFIX + name for name in silent]) if silent else []
    found = []
    for (name, seconds), value in zip(silent.items(), cast("list[bytes | None]", told), strict=True):
        version, _, moment = (value or b"").decode().partition(" ")
        known = (version, datetime.fromisoformat(moment)) if moment else (None, None)
        found.append(LivingWorker(name, seconds, *known))
    return sorted(found, key=lambda one: (one.started_at or STARTED_AT, one.name))
