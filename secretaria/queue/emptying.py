"""Empties Redis of everything of ours: nudges, copies, sessions and marks that speak of rows which are no longer there."""

from __future__ import annotations

import redis

OURS = "secretaria:*"
AT_ONCE = 500


def empty_redis(client: redis.Redis) -> int:
    """Remove what this product keeps in Redis and return how many keys; the rows of PostgreSQL bring back what is due.

    Raises:
        RedisError: It is away.
    """
    gone = 0
    batch: list[bytes] = []
    for key in client.scan_iter(match=OURS, count=AT_ONCE):
        batch.append(key)
        if len(batch) == AT_ONCE:
            gone += int(client.unlink(*batch))
            batch.clear()
    return gone + (int(client.unlink(*batch)) if batch else 0)
