"""Who waits for the feed is woken by Redis right after a commit, and looks once a second where Redis is away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

import redis
from loguru import logger
from sqlalchemy import Engine, event
from sqlalchemy.orm import ORMExecuteState
from sqlmodel import Session

CHANNEL = "secretaria:feed"
TOLD = frozenset({
    "message", "outbox_item", "conversation", "reply", "turn", "internal_note", "customer_fact", "secretary_pause",
})  # fmt: skip
"""The tables whose triggers write to the feed."""
WROTE = "wrote_to_feed"
POLL_SECONDS = 1.0
TOGETHER_SECONDS = 0.1
REST_SECONDS = 2.0
CLOSING_SECONDS = 0.25  # how long a thread that listens may take to see that nobody does any more

_BELLS: WeakKeyDictionary[Engine, Bell] = WeakKeyDictionary()


class Bell:
    """Wakes the listeners of all processes; after a failure it leaves Redis alone for two seconds.

    Rings that follow within a tenth of a second are one, which nobody who reads sees: a busy worker commits hundreds of times a second.
    """

    def __init__(self, client: Callable[[], redis.Redis]) -> None:
        self._client = client
        self._rests_until = 0.0
        self._next_at = 0.0
        self._once_more = threading.Event()
        self._changed = threading.Lock()
        self._thread: threading.Thread | None = None

    def ring(self) -> None:
        """Wake them; never raises, for they look by themselves too."""
        with self._changed:
            if time.monotonic() < self._next_at:
                self._once_more.set()
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
                    self._thread.start()
                return
            self._next_at = time.monotonic() + TOGETHER_SECONDS
        self._publish()

    def _run(self) -> None:
        """Ring for those that came too soon after another."""
        while self._once_more.wait():
            time.sleep(TOGETHER_SECONDS)
            self._once_more.clear()
            self._publish()

    def _publish(self) -> None:
        if time.monotonic() < self._rests_until:
            return
        try:
            self._client().publish(CHANNEL, b"")
        except (redis.RedisError, OSError) as error:
            self._rests_until = time.monotonic() + REST_SECONDS
            logger.bind(error=type(error).__name__).warning("feed_not_rung")


def ring_after_commits(engine: Engine, bell: Bell) -> None:
    """Ring after every commit of a session of this engine that may have written to the feed."""
    _BELLS[engine] = bell


def wrote_to_feed(session: Session) -> None:
    """Let this session's commit ring: for statements of plain SQL, which nobody reads to find out what they change."""
    session.info[WROTE] = True


@event.listens_for(Session, "after_flush")
def _note_flush(session: Session, _context: object) -> None:
    if session.bind in _BELLS and any(
        getattr(row, "__tablename__", "") in TOLD for row in (*session.new, *session.dirty)
    ):
        session.info[WROTE] = True


@event.listens_for(Session, "do_orm_execute")
def _note_statement(state: ORMExecuteState) -> None:
    changes = state.is_update or state.is_insert or state.is_delete
    mapper: Any = state.bind_mapper
    if changes and mapper is not None and mapper.local_table.name in TOLD:
        state.session.info[WROTE] = True


@event.listens_for(Session, "after_commit")
def _ring(session: Session) -> None:
    if not session.in_nested_transaction() and session.info.pop(WROTE, False):
        bell = _BELLS.get(session.bind)  # type: ignore[arg-type]  # a session of ours is bound to an engine
        if bell is not None:
            bell.ring()


class Waker:
    """Waits for rings in one thread, for everybody in this process who listens."""

    def __init__(self, client: redis.Redis | None) -> None:
        self._client = client
        self._rung = threading.Condition()
        self._times = 0
        self._closed = False
        self._thread: threading.Thread | None = None

    def listen(self) -> Listener:
        """Begin to listen; whoever does so before reading the feed cannot miss a ring in between."""
        with self._rung:
            if self._thread is None and self._client is not None:
                self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
                self._thread.start()
        return Listener(self)

    def close(self) -> None:
        """Stop listening, and wake everybody."""
        self._closed = True
        self._wake()
        if self._thread is not None:
            self._thread.join()

    @property
    def times(self) -> int:
        """How often it has rung."""
        return self._times

    def wait_beyond(self, times: int, seconds: float) -> int:
        """Wait until it has rung more often, or for some seconds; return how often it has."""
        with self._rung:
            self._rung.wait_for(lambda: self._times > times or self._closed, seconds)
            return self._times

    def _wake(self) -> None:
        with self._rung:
            self._times += 1
            self._rung.notify_all()

    def _run(self) -> None:
        while not self._closed and self._client is not None:
            with suppress(redis.RedisError, OSError), self._client.pubsub() as subscription:  # type: ignore[no-untyped-call]  # redis leaves it untyped
                subscription.subscribe(CHANNEL)
                while not self._closed:
                    if subscription.get_message(timeout=CLOSING_SECONDS) is not None:  # the subscription itself, too
                        self._wake()
            time.sleep(0 if self._closed else POLL_SECONDS)


class Listener:
    """One who waits; rings that came since the last wait count."""

    def __init__(self, waker: Waker) -> None:
        self._waker = waker
        self._heard = waker.times

    def wait(self, seconds: float = POLL_SECONDS) -> bool:
        """Return at once when it has rung since the last time, else after some seconds, a second at most.

        Returns:
            Whether it rang; look at the feed in either case.
        """
        before = self._heard
        self._heard = self._waker.wait_beyond(before, min(seconds, POLL_SECONDS))
        return self._heard > before
