"""One commit for all requests that wait at the same moment: one thread writes, the event loop waits and watches it.

Whatever came while the last commit was on its way is the next batch; there is no timer, so who comes alone waits for
nobody. Nudges come after the answers: to write one takes the interpreter from the event loop, which has just been told what to
answer. A nudge waits until nobody comes for a moment, or until there are many.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue

from loguru import logger
from msgspec import Struct
from sqlalchemy import Engine

from secretaria.crashpoints import crashpoint
from secretaria.database.held import FRESH_SECONDS, HeldConnection
from secretaria.database.patience import MOST_WAITING as MOST_LEFT_BEHIND
from secretaria.database.transaction import DatabaseUnavailable
from secretaria.errors import Unavailable
from secretaria.inbox import keeping
from secretaria.inbox.keeping import Kept, keep_together, nudge, spool_each
from secretaria.inbox.models import Arrival
from secretaria.inbox.spool import Spool
from secretaria.queue.publisher import Publisher

MOST_ROWS = 500  # in one statement
NUDGE_SECONDS = 0.001  # for which nobody came: those who were told have their answers
MOST_UNNUDGED = 100
MOST_REQUESTS, MOST_BYTES = 4096, 64 * 1024 * 1024  # that may wait; more are told to come again
LOOK_SECONDS = 0.25
STOP_SECONDS = 5.0


class DoorCrowded(Unavailable):
    """More events wait to be kept than this process may hold in its memory."""

    def __init__(self) -> None:
        super().__init__(
            "há eventos demais à espera de serem guardados neste servidor",
            "confira o banco com secretaria doctor e [server] processes",
        )


class Waiting(Struct, frozen=True):
    """One request whose events are to be kept, and who waits for it."""

    arrivals: Sequence[Arrival]
    told: asyncio.Future[Sequence[Arrival]]


class GroupCommit:
    """Keeps the events of all requests of one server process.

    The thread that writes may meet a PostgreSQL that takes the question and never answers. It is then left behind,
    what it had in hand goes to the spool, and another thread goes on.
    """

    def __init__(self, engine: Engine, publisher: Publisher, spool: Spool) -> None:
        self._engine, self._publisher, self._spool = engine, publisher, spool
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._requests = self._bytes = 0
        self._closed = False
        self._watch: asyncio.TimerHandle | None = None
        self._lock = threading.Lock()  # over the four below
        self._in_hand: list[Waiting] = []
        self._asked_at: float | None = None  # when PostgreSQL was asked for what is in hand
        self._left_behind: list[threading.Thread] = []
        self._writer = threading.Thread()

    def start(self) -> None:
        """Begin; called on the event loop on which requests will wait."""
        self._loop = asyncio.get_running_loop()
        with self._lock:
            self._begin([])

    async def stop(self) -> None:
        """Keep what waits, then end; what a PostgreSQL that hangs had in hand is on the spool by then."""
        self._closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._wait_for_end)

    async def keep(self, arrivals: Sequence[Arrival]) -> Sequence[Arrival]:
        """Keep the events of one request, all of them or none.

        Returns:
            Those that are new, in the order they came; on the spool all count as new until they are filed.

        Raises:
            DoorCrowded: Too many wait already; nothing was kept.
            SpoolFull: They are kept nowhere.
        """
        size = len(arrivals[0].body)  # which all of them share
        if self._closed or self._requests >= MOST_REQUESTS or self._bytes + size > MOST_BYTES:
            raise DoorCrowded
        told: asyncio.Future[Sequence[Arrival]] = self._loop.create_future()
        self._requests += 1
        self._bytes += size
        try:
            self._queue.put(Waiting(arrivals, told))
            if self._watch is None:
                self._watch = self._loop.call_later(LOOK_SECONDS, self._look)
            return await told
        finally:
            self._requests -= 1
            self._bytes -= size

    def _wait_for_end(self) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        while self._writer.is_alive() and time.monotonic() < deadline:
            self._writer.join(LOOK_SECONDS)  # another one may have taken its place

    def _look(self) -> None:
        """Leave the writer behind if PostgreSQL has not answered it; look again while anybody waits."""
        self._watch = self._loop.call_later(LOOK_SECONDS, self._look) if self._requests else None
        with self._lock:
            if self._asked_at is None or time.monotonic() - self._asked_at < keeping.PATIENCE_SECONDS:
                return
            self._left_behind = [thread for thread in self._left_behind if thread.is_alive()] + [self._writer]
            self._begin(self._in_hand)

    def _begin(self, given_up: list[Waiting]) -> None:
        self._in_hand, self._asked_at = [], None
        # A daemon, because a process must be able to end while the server hangs.
        self._writer = threading.Thread(target=self._run, args=(given_up,), name="door", daemon=True)
        self._writer.start()

    def _run(self, given_up: list[Waiting]) -> None:
        connection, unnudged = HeldConnection(self._engine), list[Arrival]()
        if given_up:
            self._spool.rest()
            self._engine.dispose()  # its other connections hang too
            self._tell(given_up, spool_each(self._spool, [one.arrivals for one in given_up]))
        ended = False
        while not ended:
            batch, ended = self._next(connection, unnudged)
            try:
                if batch and not self._keep(connection, batch, unnudged):
                    break
            except Exception as error:  # noqa: BLE001  # whatever it is, nobody waits for ever, and the next are kept
                logger.opt(exception=error).error("commit_failed")
                self._tell(batch, [error] * len(batch))
        self._nudge(unnudged)
        connection.give_back()

    def _next(self, connection: HeldConnection, unnudged: list[Arrival]) -> tuple[list[Waiting], bool]:
        """Wait for a request, and take all that wait with it; say whether it was the last."""
        one = self._first(connection, unnudged)
        batch: list[Waiting] = []
        rows = 0
        with suppress(Empty):
            while one is not None:
                batch.append(one)
                rows += len(one.arrivals)
                if rows >= MOST_ROWS:
                    break
                one = self._queue.get_nowait()
        return batch, one is None

    def _first(self, connection: HeldConnection, unnudged: list[Arrival]) -> Waiting | None:
        """Wait for a request; meanwhile do what has time."""
        if unnudged:
            if len(unnudged) < MOST_UNNUDGED:
                with suppress(Empty):
                    return self._queue.get(timeout=NUDGE_SECONDS)
            self._nudge(unnudged)
        try:
            return self._queue.get(timeout=FRESH_SECONDS if connection.is_held else None)
        except Empty:
            connection.give_back()  # it would be looked at anew anyway; until then others may use it
        return self._queue.get()

    def _nudge(self, unnudged: list[Arrival]) -> None:
        try:
            nudge(self._publisher, unnudged)
        except Exception as error:  # noqa: BLE001  # they are kept, and swept; the next are kept too
            logger.opt(exception=error).error("nudges_failed")
        unnudged.clear()

    def _keep(self, connection: HeldConnection, batch: list[Waiting], unnudged: list[Arrival]) -> bool:
        """Keep a batch; False if this thread was left behind meanwhile, and the batch is somebody else's."""
        requests = [one.arrivals for one in batch]
        if self._spool.in_use() or len(self._left_behind) >= MOST_LEFT_BEHIND:
            self._tell(batch, spool_each(self._spool, requests))
            return True
        with self._lock:
            if self._writer is not threading.current_thread():
                return False
            self._in_hand, self._asked_at = batch, time.monotonic()
        kept: list[Kept] | None = None
        with suppress(DatabaseUnavailable):
            kept = keep_together(connection, requests)
        with self._lock:
            if self._writer is not threading.current_thread():
                return False
            self._in_hand, self._asked_at = [], None
        if kept is None:
            self._spool.rest()
            self._tell(batch, spool_each(self._spool, requests))
            return True
        crashpoint("K4")
        self._tell(batch, kept)  # before the nudge: a queue that hangs keeps nobody waiting, and what it loses is swept
        unnudged += (event for one in kept if not isinstance(one, Exception) for event in one)
        return True

    def _tell(self, batch: list[Waiting], kept: list[Kept]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(_tell_each, batch, kept)


def _tell_each(batch: list[Waiting], kept: list[Kept]) -> None:
    for one, outcome in zip(batch, kept, strict=True):
        if one.told.done():  # whoever asked has gone
            continue
        if isinstance(outcome, Exception):
            one.told.set_exception(outcome)
        else:
            one.told.set_result(outcome)
