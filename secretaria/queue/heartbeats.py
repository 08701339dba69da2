"""Workers say that they live; who asks learns how many do, and how long ago each said so."""

from __future__ import annotations

import os
import socket
from typing import cast

import redis

PREFIX = "secretaria:worker:"
EXPIRES_SECONDS = 15


def this_worker() -> str:
    """Return the name of this worker process, unique among machines."""
    return f"{socket.gethostname()}:{os.getpid()}"


def beat(client: redis.Redis, worker: str) -> None:
    """Say that a worker lives, for the next fifteen seconds."""
    client.set(PREFIX + worker, "1", ex=EXPIRES_SECONDS)


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
