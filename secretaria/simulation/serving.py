"""Runs an ASGI application on loopback in a thread of this process, and stops it without leaving a socket behind."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

import uvicorn

from secretaria.errors import PreflightRefused, Unavailable

RESET = "secretaria.reset"
START_SECONDS = 10.0
GRACE_SECONDS = 1.0
RESET_INSTEAD_OF_CLOSE = struct.pack("ii", 1, 0)


class LocalServer:
    """One uvicorn in one thread; a context manager, so that tests and the demo cannot forget to stop it.

    The application may call ``reset_connection`` with a request's scope.
    """

    def __init__(
        self,
        app: Any,  # noqa: ANN401 - any ASGI application
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        protocol: str | type[asyncio.Protocol] = "h11",
    ) -> None:
        self._app = app
        self._protocol = protocol
        self._host = host
        self._port = port
        self._server: _SignallingServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where the server answers, without a slash at the end; the port is only known after ``start``."""
        return f"http://{self._host}:{self._port}"

    def start(self) -> str:
        """Listen and wait until requests are answered.

        Returns:
            The base URL, for instance ``http://127.0.0.1:40123``.

        Raises:
            PreflightRefused: The address or port is not free.
            Unavailable: The application did not start in 10 seconds.
        """
        listener = self._listen()
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._answer,
            loop="asyncio",
            http=self._protocol,
            ws="none",
            interface="asgi3",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
        )
        self._server = _SignallingServer(config)
        self._thread = threading.Thread(target=self._server.run_until_stopped, args=(listener,), daemon=True)
        self._thread.start()
        self._server.ready.wait(START_SECONDS)
        if not self._server.started:
            self.stop()
            raise Unavailable(f"o servidor simulado em {self.url} não iniciou")
        return self.url

    def stop(self) -> None:
        """Answer what is being answered, break what hangs, close every socket; harmless when nothing runs."""
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        server.should_exit = True
        thread.join(GRACE_SECONDS)
        if thread.is_alive():
            server.break_connections()
            thread.join()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _listen(self) -> socket.socket:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, for asyncio's NODELAY
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._host, self._port))
            listener.listen()
        except OSError as error:
            listener.close()
            raise PreflightRefused(
                f"não consegui escutar em {self._host}:{self._port}: {error.strerror}",
                "escolha outra porta, ou encerre o programa que a ocupa",
            ) from error
        return listener

    async def _answer(self, scope: dict[str, Any], receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI callables
        scope.setdefault("extensions", {})[RESET] = lambda: self._reset(scope["client"])
        await self._app(scope, receive, send)

    def _reset(self, client: tuple[str, int]) -> None:
        if self._server is not None:
            self._server.reset(client)


async def linger(receive: Callable[[], Awaitable[Any]], seconds: float | None) -> None:
    """Keep a caller waiting, but never longer than the caller stays, so that no thread is left behind.

    Args:
        receive: The ASGI ``receive`` of the request, its body already read.
        seconds: How long; None waits until the caller goes away.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass


def reset_connection(scope: Any) -> None:  # noqa: ANN401 - frameworks type the ASGI scope in their own ways
    """Break the connection of a request with a TCP reset: a fault of the real world that ASGI cannot express."""
    scope["extensions"][RESET]()


class _SignallingServer(uvicorn.Server):
    """A uvicorn server that says when it accepts, and can break its connections."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run_until_stopped(self, listener: socket.socket) -> None:
        """Serve on an open listener; this is the body of the thread."""
        try:
            self.run(sockets=[listener])
        finally:
            listener.close()
            self.ready.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept, then tell the one who waits."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self.ready.set()

    def reset(self, client: tuple[str, int]) -> None:
        """Send a TCP reset to one client; called on the loop's own thread."""
        for connection in list(self.server_state.connections):
            if getattr(connection, "client", None) == client:
                connection.transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, RESET_INSTEAD_OF_CLOSE
                )
                connection.transport.abort()

    def break_connections(self) -> None:
        """Drop every connection still open; called from another thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._abort_all)

    def _abort_all(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()
