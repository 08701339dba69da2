"""The queue of a rehearsal: nudges wait for their moment on a held clock, and are run in this thread, in order."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count

from secretaria.clock import HeldClock
from secretaria.queue.jobs import Job

MOST_JOBS = 2_000
HORIZON = timedelta(minutes=15)  # what is nudged for later than this belongs to another day


class RehearsalStuck(RuntimeError):
    """Jobs nudge each other without end."""


class HeldQueue:
    """A publisher and the worker behind it; time passes only here."""

    def __init__(self, clock: HeldClock) -> None:
        self._clock = clock
        self._order = count()
        self._waiting: list[tuple[datetime, int, str, str]] = []
        self._actors: Mapping[str, Callable[[str], object]] = {}

    def serve(self, actors: Mapping[str, Callable[[str], object]]) -> None:
        """Say what runs each job, by its name; jobs of other names are dropped."""
        self._actors = actors

    def publish(self, job: Job, identifier: str, delay_seconds: float = 0.0) -> None:
        """Put a nudge where its moment is."""
        due = self._clock.now() + timedelta(seconds=delay_seconds)
        heapq.heappush(self._waiting, (due, next(self._order), job.name, identifier))

    def publish_all(self, job: Job, identifiers: Sequence[str]) -> None:
        """Put nudges where they are due at once."""
        for identifier in identifiers:
            self.publish(job, identifier)

    def run_until(self, moment: datetime) -> None:
        """Run what is due by a moment, and let the clock arrive there."""
        self._run(moment)
        self._move_to(moment)

    def run_until_quiet(self) -> None:
        """Run everything that waits, moving the clock from one nudge to the next."""
        self._run(self._clock.now() + HORIZON)

    def _run(self, until: datetime) -> None:
        for _ in range(MOST_JOBS):
            if not self._waiting or self._waiting[0][0] > until:
                return
            due, _, name, identifier = heapq.heappop(self._waiting)
            self._move_to(due)
            actor = self._actors.get(name)
            if actor is not None:
                actor(identifier)
        raise RehearsalStuck(f"more than {MOST_JOBS} jobs")

    def _move_to(self, moment: datetime) -> None:
        self._clock.advance(max((moment - self._clock.now()).total_seconds(), 0.0))
