"""One HTTP connection: a request must come in time, and be readable in one way only, or the connection ends."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

REQUEST_SECONDS = 10.0
SLOWEST_BYTES_A_SECOND = 32 * 1024  # what is sent slower than this is no upload but a hand on the door
VERSIONS = frozenset({"1.0", "1.1"})
MOST_HEADERS, MOST_HEADER_BYTES = 100, 16 * 1024
FRAMING = frozenset({b"content-length", b"transfer-encoding"})
BAD_REQUEST, TOO_MANY_FIELDS = 400, 431
STRANGERS = logging.getLogger("uvicorn.strangers")
STRANGERS.setLevel(logging.ERROR)  # whoever sends no HTTP at all must not fill the log


class PunctualProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which by itself waits for ever for the rest of a request.

    A request has ten seconds, and one more for each 32 kB of it that came; so drops of headers or of a body end alike.
    A connection that said nothing yet is treated as one that is late.
    """

    request_seconds = REQUEST_SECONDS

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401  # as uvicorn passes them
        super().__init__(*arguments, **named)
        self.logger = STRANGERS
        self.app = self._app_of_well_framed
        self._deadline: asyncio.TimerHandle | None = None
        self._begun = 0.0
        self._received = 0
        self._in_head = False  # a request has begun and its headers are not complete
        self._in_request = False  # the same until its body is

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; what is not complete with it is waited for."""
        self._received += len(data)
        super().data_received(data)
        if self._in_head and self._received > MOST_HEADER_BYTES and not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 431 \r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            self.transport.close()
        if self._in_request:
            self._expect()
        else:
            self._expect_nothing()

    def on_message_begin(self) -> None:
        """Note that a request begins."""
        super().on_message_begin()
        self._in_head = self._in_request = True

    def on_headers_complete(self) -> None:
        """Note that its headers are complete."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that all of it came."""
        self._in_request = False
        super().on_message_complete()

    def shutdown(self) -> None:
        """Finish what is being answered, but wait for no answer that has no end, as the stream of an open page."""
        super().shutdown()
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.close()

    def _expect(self) -> None:
        if self._deadline is None:
            self._begun, self._received = self.loop.time(), 0
            self._deadline = self.loop.call_later(self.request_seconds, self._judge)

    def _expect_nothing(self) -> None:
        self._received = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _judge(self) -> None:
        """End a connection whose request is late, unless it comes as fast as an honest line carries it."""
        allowed = self.request_seconds + self._received / SLOWEST_BYTES_A_SECOND
        left = self._begun + allowed - self.loop.time()
        if left > 0:
            self._deadline = self.loop.call_later(left, self._judge)
        elif not self.transport.is_closing():
            self.transport.abort()

    async def _app_of_well_framed(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  # ASGI's own
        """Answer what a proxy in front may have read as another request than we do; hand on the rest."""
        refused = status_of_framing(scope["headers"]) if scope["http_version"] in VERSIONS else BAD_REQUEST
        if refused is None:
            await self.config.loaded_app(scope, receive, send)
            return
        head = [(b"content-length", b"0"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": refused, "headers": head})
        await send({"type": "http.response.body", "body": b""})


def status_of_framing(headers: list[tuple[bytes, bytes]]) -> int | None:
    """Return with what a request is refused for its headers alone, or None.

    Args:
        headers: Pairs as ASGI has them, names in lower case.
    """
    size = framings = hosts = 0
    for name, value in headers:
        size += len(name) + len(value)
        if name in FRAMING:
            framings += 1
        elif name == b"host":
            hosts += 1
    if size > MOST_HEADER_BYTES or len(headers) > MOST_HEADERS:
        return TOO_MANY_FIELDS
    return BAD_REQUEST if framings > 1 or hosts > 1 else None
