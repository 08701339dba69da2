"""How much of what is under way was spent in PostgreSQL: told in the line of a request, so that a slow one says why."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event

BEGUN = "secretaria_begun"


@dataclass
class Spent:
    """What statements took.

    Attributes:
        statements: How many there were.
        seconds: Of all of them, as the client waited.
    """

    statements: int = 0
    seconds: float = 0.0


_SPENT: ContextVar[Spent | None] = ContextVar("spent", default=None)


@contextmanager
def counting_statements() -> Iterator[Spent]:
    """Count the statements of this context, and of the threads that are given a copy of it."""
    spent = Spent()
    before = _SPENT.set(spent)
    try:
        yield spent
    finally:
        _SPENT.reset(before)


def note_statement(seconds: float) -> None:
    """Count a statement that no engine tells of.

    Args:
        seconds: As the client waited.
    """
    spent = _SPENT.get()
    if spent is not None:
        spent.statements += 1
        spent.seconds += seconds


def tell_spent(engine: Engine) -> None:
    """Let an engine add to whoever counts."""

    @event.listens_for(engine, "before_cursor_execute", named=True)
    def begin(**told: Any) -> None:  # noqa: ANN401  # SQLAlchemy names what it tells
        if _SPENT.get() is not None:
            setattr(told["context"], BEGUN, time.perf_counter())

    @event.listens_for(engine, "after_cursor_execute", named=True)
    def end(**told: Any) -> None:  # noqa: ANN401  # as above
        begun = getattr(told["context"], BEGUN, None)
        if begun is not None:
            note_statement(time.perf_counter() - begun)
