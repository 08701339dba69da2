"""What happened, told to open pages as it happens: one stream a page, one waiting thread a process, nothing held meanwhile.

A stream says only that the list or the open conversation changed; the page then asks for that part. So it carries nothing
of a customer, and hearing of a change twice shows it once. Between two looks at the feed a stream is a coroutine that
sleeps: it holds neither a thread nor a connection to PostgreSQL.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, TypeVar

import anyio.to_thread
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage

from secretaria.attendants.entering import Person, is_still_in
from secretaria.attendants.roles import Role
from secretaria.bootstrap import Installation
from secretaria.conversations.feed import CursorUnknown, newest_cursor, read_feed
from secretaria.conversations.waking import Waker
from secretaria.database.transaction import transaction
from secretaria.errors import SecretariaError
from secretaria.web.access import for_role
from secretaria.web.panel.showing import Http

LOOK_SECONDS = 3.0  # also where nobody rings
HEARTBEAT_SECONDS = 15.0  # proxies close what is silent; and how late an ended session is noticed
CALM_SECONDS = 0.25  # a burst is one change of the page
RETRY_MILLISECONDS = 1000
BOARD, THREAD, OVER = "board", "thread", "over"
MOST_THREADS = 4  # looks at the feed at once, apart from those of the pages and of the webhook

Found = TypeVar("Found")
Cursor = Annotated[str, QueryParameter(max_length=20_000)]


class Doorbell:
    """Wakes the open streams of one process; its thread waits only while somebody has a page open."""

    def __init__(self, waker: Waker) -> None:
        self._waker = waker
        self._streams: set[asyncio.Event] = set()
        self._waiting: asyncio.Task[None] | None = None
        self.threads = anyio.CapacityLimiter(MOST_THREADS)
        self._own_thread = anyio.CapacityLimiter(1)

    @contextmanager
    def open(self) -> Iterator[asyncio.Event]:
        """Wake a stream by its event until it is closed."""
        rung = asyncio.Event()
        self._streams.add(rung)
        if self._waiting is None or self._waiting.done():
            self._waiting = asyncio.get_running_loop().create_task(self._wait())
        try:
            yield rung
        finally:
            self._streams.discard(rung)

    async def _wait(self) -> None:
        listener = self._waker.listen()
        while self._streams:
            if await anyio.to_thread.run_sync(listener.wait, limiter=self._own_thread):
                for rung in self._streams:
                    rung.set()


@get("/painel/ao-vivo", **for_role(Role.VIEWER, asked_by_page=True))
async def follow(
    request: Http,
    person: NamedDependency[Person],
    installation: NamedDependency[Installation],
    doorbell: NamedDependency[Doorbell],
    depois: Cursor = "",
    conversa: FromQuery[int] = 0,
) -> ServerSentEvent:
    """Tell a page what changes from where it was filled, or from where the stream broke off."""
    cursor = request.headers.get("last-event-id") or depois or None
    stream = _Stream(installation, person, doorbell, conversa or None, cursor)
    return ServerSentEvent(
        stream.told(), retry_duration=RETRY_MILLISECONDS, comment_message="ok", headers={"Cache-Control": "no-store"}
    )


class _Stream:
    """One open page."""

    def __init__(
        self,
        installation: Installation,
        person: Person,
        doorbell: Doorbell,
        conversation_id: int | None,
        cursor: str | None,
    ) -> None:
        self._installation = installation
        self._person = person
        self._doorbell = doorbell
        self._conversation_id = conversation_id
        self._cursor = cursor

    async def told(self) -> AsyncIterator[ServerSentEventMessage]:
        """Yield what changed, a heartbeat every 15 seconds, and at last that the session is over."""
        clock = asyncio.get_running_loop().time
        beat_at = clock() + HEARTBEAT_SECONDS
        with self._doorbell.open() as rung:
            while True:
                rung.clear()  # before the look: a ring during it counts for the next
                try:
                    for message in await self._in_thread(self._look):
                        yield message
                    if clock() >= beat_at:
                        if not await self._in_thread(self._is_in):
                            yield ServerSentEventMessage(event=OVER, data="-")
                            return
                        yield ServerSentEventMessage(data=None, comment="")
                        beat_at = clock() + HEARTBEAT_SECONDS
                except SecretariaError:  # an engine is away: the browser comes back, and goes on from its cursor
                    return
                await asyncio.sleep(CALM_SECONDS)
                await self._ring_or(rung, min(LOOK_SECONDS, beat_at - clock()))

    def _look(self) -> list[ServerSentEventMessage]:
        changed: dict[str, None] = {}
        with transaction(self._installation.engine) as session:
            try:
                while True:
                    page = read_feed(session, self._cursor or newest_cursor(session))
                    self._cursor = page.cursor
                    for entry in page.entries:
                        changed[BOARD] = None
                        if entry.conversation_id in {None, self._conversation_id}:
                            changed[THREAD] = None
                    if not page.more:
                        break
            except CursorUnknown:  # another database: all that is shown may be otherwise
                self._cursor = newest_cursor(session)
                changed = dict.fromkeys((BOARD, THREAD))
        return [ServerSentEventMessage(event=name, data="-", id=self._cursor) for name in changed]

    def _is_in(self) -> bool:
        return is_still_in(self._installation.entrance, self._person)

    async def _in_thread(self, work: Callable[[], Found]) -> Found:
        return await anyio.to_thread.run_sync(work, limiter=self._doorbell.threads, abandon_on_cancel=True)

    @staticmethod
    async def _ring_or(rung: asyncio.Event, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, 0)):
                await rung.wait()


routes = (follow,)
