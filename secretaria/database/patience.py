"""A time limit on what PostgreSQL is asked: a server that was stopped takes the question and neither answers nor fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillWaiting
from typing import TypeVar

from sqlalchemy import Engine

from secretaria.database.transaction import DatabaseUnavailable

MOST_WAITING = 64
_SLOTS = threading.BoundedSemaphore(MOST_WAITING)
T = TypeVar("T")


def within(seconds: float, engine: Engine, ask: Callable[[], T]) -> T:
    """Ask PostgreSQL something, for a limited time.

    The thread of an abandoned question is left behind: it may still commit when the server goes on, so only what can
    be done twice may be asked this way. It is a daemon, because a process must be able to end while the server hangs.

    Args:
        seconds: How long to wait for the answer.
        engine: The pool the question uses; it is given up with the question, because its other connections hang too.
        ask: The question.

    Raises:
        DatabaseUnavailable: There was no answer in time, or too many questions hang already.
    """
    if not _SLOTS.acquire(blocking=False):
        raise DatabaseUnavailable
    answer: Future[T] = Future()
    try:
        threading.Thread(target=_ask, args=(ask, answer), name="postgresql", daemon=True).start()
    except BaseException:
        _SLOTS.release()
        raise
    try:
        return answer.result(seconds)
    except StillWaiting as error:
        engine.dispose()
        raise DatabaseUnavailable from error


def _ask(ask: Callable[[], T], answer: Future[T]) -> None:
    try:
        answer.set_result(ask())
    except BaseException as error:  # noqa: BLE001  # told to whoever asked
        answer.set_exception(error)
    finally:
        _SLOTS.release()
