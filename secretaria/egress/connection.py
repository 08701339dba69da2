"""Connections that go to the checked address and end at a deadline, whatever the name or the server does."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future

import httpcore  # below httpx: only here can an address be checked between the look-up and the connection

from secretaria.egress.addresses import checked_addresses
from secretaria.egress.refusals import DestinationUnavailable

MOST_LOOK_UPS = 32
_LOOK_UPS = threading.BoundedSemaphore(MOST_LOOK_UPS)

Resolver = Callable[[str, int], Iterable[str]]


def resolve_host(host: str, port: int) -> list[str]:
    """Return the addresses of a host as the system knows them; decimal, octal and hex forms become plain ones."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class CheckedBackend(httpcore.NetworkBackend):
    """Connects to an address that was checked; TLS and the Host header keep the name."""

    def __init__(self, deadline: float, resolve: Resolver, *, trusted: bool) -> None:
        self._deadline = deadline
        self._resolve = resolve
        self._trusted = trusted
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Look the name up once and connect to the first of its addresses that answers."""
        found = _look_up(self._resolve, host, port, _left(self._deadline, None))
        failure: Exception = DestinationUnavailable("dns")
        for address in checked_addresses(found, trusted=self._trusted):
            seconds = _left(self._deadline, timeout)
            try:
                stream = self._sockets.connect_tcp(address, port, seconds, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _PunctualStream(stream, self._deadline)
        raise failure


class _PunctualStream(httpcore.NetworkStream):
    """A connection that ends at a deadline: the library only limits silence, and a hostile server drips."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come."""
        return self._stream.read(max_bytes, _left(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send everything."""
        self._stream.write(buffer, _left(self._deadline, timeout))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Begin TLS under the name that was asked for."""
        secure = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline, timeout))
        return _PunctualStream(secure, self._deadline)

    def get_extra_info(self, info: str) -> object:
        """Tell what the connection knows of itself."""
        return self._stream.get_extra_info(info)


def _left(deadline: float, timeout: float | None) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the call took too long")
    return left if timeout is None else min(left, timeout)


def _look_up(resolve: Resolver, host: str, port: int, seconds: float) -> list[str]:
    """Resolve in a thread that may be left behind: no look-up of the system can be told how long it may take."""
    if not _LOOK_UPS.acquire(blocking=False):
        raise DestinationUnavailable("dns")
    answer: Future[list[str]] = Future()
    threading.Thread(target=_resolve_into, args=(answer, resolve, host, port), name="dns", daemon=True).start()
    try:
        return answer.result(seconds)
    except (TimeoutError, OSError, UnicodeError) as error:
        raise DestinationUnavailable("dns") from error


def _resolve_into(answer: Future[list[str]], resolve: Resolver, host: str, port: int) -> None:
    try:
        answer.set_result(list(resolve(host, port)))
    except BaseException as error:  # noqa: BLE001  # told to whoever asked
        answer.set_exception(error)
    finally:
        _LOOK_UPS.release()
