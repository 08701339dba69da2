"""Remembers since when each part the service rests on is as it is, and asks the outside ones no more often than needed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import redis

from secretaria.clock import Clock
from secretaria.health import LIMIT_SECONDS, Finding, timed

KEY = "secretaria:vigil"
INSIDE_SECONDS = 2.0  # however many people look at the page
OUTSIDE_SECONDS = 30.0  # Whaticket and the model are others': they are asked like a doctor would, not like a probe
_POOL = ThreadPoolExecutor(max_workers=4, thread_name_prefix="vigil")


@dataclass(frozen=True, slots=True)
class Watched:
    """One part as it was last found.

    Attributes:
        since: Since when it was found so, as far as anybody looked.
        asked_at: When it was last asked.
        finding: What it said; None while the first answer is awaited.
    """

    name: str
    since: datetime
    asked_at: datetime
    finding: Finding | None


class Vigil:
    """What one process knows of the health of everything; since when is shared through Redis while that is there."""

    def __init__(
        self,
        inside: Callable[[], Mapping[str, Finding]],
        outside: Mapping[str, Callable[[], str]],
        client: redis.Redis,
        clock: Clock,
    ) -> None:
        """Build it; nothing is asked yet.

        Args:
            inside: Asks what belongs to us, never for long.
            outside: Asks what belongs to others: each returns what it found, or raises.
            client: Where since when is shared.
            clock: Tells when.
        """
        self._inside = inside
        self._outside = outside
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, Watched] = {}
        self._asked: dict[str, float] = {}
        self._running: dict[str, Future[Finding]] = {}

    def look(self) -> list[Watched]:
        """Return every part, ours first; it takes two seconds at most, however ill they are."""
        with self._lock:
            self._begin_outside()
            if self._is_due("inside", INSIDE_SECONDS):
                for name, finding in self._inside().items():
                    self._keep(name, finding)
            self._gather_outside()
            return list(self._known.values())

    def _begin_outside(self) -> None:
        for name, ask in self._outside.items():
            if name not in self._running and self._is_due(name, OUTSIDE_SECONDS):
                self._running[name] = _POOL.submit(timed, ask)

    def _gather_outside(self) -> None:
        """Take what is answered; wait only where nothing is known yet, and never long."""
        deadline = time.monotonic() + LIMIT_SECONDS / 2
        for name, asked in list(self._running.items()):
            patience = 0.0 if name in self._known else max(deadline - time.monotonic(), 0.0)
            try:
                finding = asked.result(timeout=patience)
            except StillWaiting:
                now = self._clock.now()
                self._known.setdefault(name, Watched(name, now, now, None))
                continue
            del self._running[name]
            self._keep(name, finding)

    def _is_due(self, name: str, seconds: float) -> bool:
        if time.monotonic() - self._asked.get(name, float("-inf")) < seconds:
            return False
        self._asked[name] = time.monotonic()
        return True

    def _keep(self, name: str, finding: Finding) -> None:
        now, before = self._clock.now(), self._known.get(name)
        same = before is not None and before.finding is not None and before.finding.ok == finding.ok
        since = before.since if same and before is not None else self._shared_since(name, now, ok=finding.ok)
        self._known[name] = Watched(name, since, now, finding)

    def _shared_since(self, name: str, now: datetime, *, ok: bool) -> datetime:
        """Return since when any process found it so; what nobody can share is as old as our own look."""
        try:
            kept = cast("bytes | None", self._client.hget(KEY, name)) or b""
            state, _, moment = kept.decode().partition(" ")
            if state == str(int(ok)):
                return min(datetime.fromisoformat(moment), now)
            self._client.hset(KEY, name, f"{int(ok)} {now.isoformat()}")
        except (redis.RedisError, OSError, ValueError):
            pass
        return now
