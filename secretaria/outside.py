"""Few work, many wait: whoever waits for somebody outside lets others of this process work meanwhile.

A worker has hundreds of threads, because most of them wait seconds for the model; those that do not wait share one
interpreter and a dozen connections to PostgreSQL, so only a few may be about at once. Whoever has no seat, for instance a
command or a test, is not concerned.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_HERE = threading.local()


class Seats:
    """So many threads may work at the same moment."""

    def __init__(self, number: int) -> None:
        self._free = threading.Semaphore(number)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Work on a seat for the length of the block."""
        with self._free:
            _HERE.seat = self._free
            try:
                yield
            finally:
                _HERE.seat = None


@contextmanager
def outside() -> Iterator[None]:
    """Leave the seat for the length of the block, and wait for one after it."""
    seat: threading.Semaphore | None = getattr(_HERE, "seat", None)
    if seat is None:
        yield
        return
    seat.release()
    try:
        yield
    finally:
        seat.acquire()
