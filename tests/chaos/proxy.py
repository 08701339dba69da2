"""A TCP proxy that stalls, cuts, refuses or delays what passes, and springs a trap on one request."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

BYTES = 65_536
POLL_SECONDS = 0.02
HELD_SECONDS = 1.0
RESET = struct.pack("ii", 1, 0)

Weather = Literal["fair", "stall", "cut", "refuse"]


def nothing() -> None:
    """Prepare nothing."""


@dataclass(frozen=True, slots=True)
class Trap:
    """Waits for one request and stops it on its way.

    Attributes:
        begins: How the request begins, for instance ``POST /api/messages/send``.
        passes: What still reaches the other side; with ``answer`` all of it, and the answer is what is stopped; with
            ``cut`` half of the answer comes back before the connection breaks.
        spring: Receives the port of the caller at that moment.
        before: Called before anything passes.
    """

    begins: bytes
    passes: Literal["nothing", "half", "request", "answer", "cut"]
    spring: Callable[[int], None]
    before: Callable[[], None] = nothing


class TcpProxy:
    """Listens on loopback and carries every connection to one address; a context manager.

    Attributes:
        port: Where it listens, the same after ``refuse``.
        delay_seconds: How long each piece is held back, in both directions.
    """

    def __init__(self, upstream: tuple[str, int] | str) -> None:
        """Describe the proxy.

        Args:
            upstream: Host and port, or the path of a Unix socket.
        """
        self._upstream = upstream
        self._weather: Weather = "fair"
        self._trap: Trap | None = None
        self._changed = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self.port = 0
        self.delay_seconds = 0.0

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.turn("refuse")

    def turn(self, weather: Weather) -> None:
        """Change the weather: ``stall`` holds everything, ``cut`` resets what is and comes, ``refuse`` stops listening."""
        was, self._weather = self._weather, weather
        if weather == "refuse":
            self._close_listener()
        if weather in {"cut", "refuse"}:
            self._reset_all()
        if was == "refuse" and weather != "refuse":
            self._listen()

    def set(self, trap: Trap) -> None:
        """Lay a trap for the next request that fits."""
        with self._changed:
            self._trap = trap

    def _listen(self) -> None:
        self._listener = listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.port = listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        try:
            server = self._reach()
        except OSError:
            _reset(client)
            return
        if self._weather == "cut":
            _reset(client, server)
            return
        with self._changed:
            self._open |= {client, server}
        _Carried(self, client, server).carry()
        with self._changed:
            self._open -= {client, server}

    def _reach(self) -> socket.socket:
        if not isinstance(self._upstream, str):
            return socket.create_connection(self._upstream)
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self._upstream)
        except OSError:
            server.close()
            raise
        return server

    def hold_back(self) -> None:
        """Wait as long as the weather says."""
        time.sleep(self.delay_seconds)
        while self._weather == "stall":
            time.sleep(POLL_SECONDS)

    def take_trap(self, data: bytes) -> Trap | None:
        """Return the trap that fits what begins here, once."""
        with self._changed:
            trap = self._trap
            if trap is None or not data.startswith(trap.begins):
                return None
            self._trap = None
            return trap

    def _close_listener(self) -> None:
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # a plain close would leave accept() listening
            self._listener.close()
            self._listener = None

    def _reset_all(self) -> None:
        with self._changed:
            _reset(*self._open)
            self._open.clear()


class _Carried:
    """One connection on its way through the proxy."""

    def __init__(self, proxy: TcpProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._caller = client.getpeername()[1] if client.family == socket.AF_INET else 0
        self._waits_for_answer: Trap | None = None

    def carry(self) -> None:
        back = threading.Thread(target=self._carry_back, daemon=True)
        back.start()
        with suppress(OSError):
            while data := self._client.recv(BYTES):
                self._proxy.hold_back()
                trap = self._proxy.take_trap(data)
                if trap is None:
                    self._server.sendall(data)
                elif self._stop(trap, data):
                    break
            else:
                self._server.shutdown(socket.SHUT_WR)
        if self._waits_for_answer is None:
            back.join(HELD_SECONDS)  # the other side may go on for a moment without its caller
        else:
            back.join()
        _reset(self._client, self._server)

    def _stop(self, trap: Trap, data: bytes) -> bool:
        """Let pass what the trap lets pass; say whether nothing more may."""
        request = _whole_request(self._client, data)
        trap.before()
        if trap.passes in {"answer", "cut"}:
            self._waits_for_answer = trap
            self._server.sendall(request)
            return False
        shares = {"nothing": 0, "half": len(request) // 2, "request": len(request)}
        self._server.sendall(request[: shares[trap.passes]])
        trap.spring(self._caller)
        return True

    def _carry_back(self) -> None:
        with suppress(OSError):
            while data := self._server.recv(BYTES):
                self._proxy.hold_back()
                if self._waits_for_answer is not None:
                    if self._waits_for_answer.passes == "cut":
                        self._client.sendall(data[: len(data) // 2])
                    self._waits_for_answer.spring(self._caller)
                    return
                self._client.sendall(data)
            self._client.shutdown(socket.SHUT_WR)


def _whole_request(client: socket.socket, begun: bytes) -> bytes:
    """Read on until an HTTP request is complete."""
    data = begun
    while b"\r\n\r\n" not in data:
        data += client.recv(BYTES)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < int(lengths[0] if lengths else 0):
        body += client.recv(BYTES)
    return head + b"\r\n\r\n" + body


def _reset(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            if one.family == socket.AF_INET:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            one.shutdown(socket.SHUT_RD)  # wakes whoever reads; only then does closing send the reset
        one.close()
