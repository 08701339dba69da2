"""The time, always aware and in UTC, behind one small port so that tests can hold it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

TIME_ORDERED = 7


class Clock(Protocol):
    """Says what time it is."""

    def now(self) -> datetime:
        """Return the present moment as an aware datetime in UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the present moment as an aware datetime in UTC."""
        return datetime.now(UTC)


class HeldClock:
    """A clock that stands still until it is told to move: tests hold it, replays set it."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """Return the moment the clock is held at."""
        return self._at

    def advance(self, seconds: float) -> None:
        """Move the clock forward by a number of seconds."""
        self._at += timedelta(seconds=seconds)


def moment_of(identifier: UUID) -> datetime | None:
    """Return when a time-ordered id was given, to the millisecond; None where the id does not tell."""
    if identifier.version != TIME_ORDERED:
        return None
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, UTC)
