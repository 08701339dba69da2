"""The TCP proxy of the fault tests does what it is told, or the faults it stands for were never there."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.chaos.proxy import TcpProxy, Trap

ASKED = b"POST /api/messages/send HTTP/1.1\r\nContent-Length: 4\r\n\r\nabcd"


@pytest.fixture
def echo() -> Iterator[TcpProxy]:
    """Put a proxy in front of a server that answers with what it got."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client, suppress(ConnectionResetError):
                    while data := client.recv(1024):
                        client.sendall(data)

        threading.Thread(target=answer, daemon=True).start()
        with TcpProxy(listener.getsockname()) as proxy:
            yield proxy
        listener.shutdown(socket.SHUT_RDWR)


def connect(proxy: TcpProxy) -> socket.socket:
    """Connect to the proxy, with little patience."""
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=0.5)


def test_stall_holds_and_lets_go(echo: TcpProxy) -> None:
    """What is sent while it stalls arrives when it is fair again."""
    with connect(echo) as client:
        echo.turn("stall")
        client.sendall(b"oi")
        with pytest.raises(TimeoutError):
            client.recv(10)
        echo.turn("fair")
        assert client.recv(10) == b"oi"


def test_delay_costs_time_both_ways(echo: TcpProxy) -> None:
    """A delay is paid by the question and by the answer."""
    echo.delay_seconds = 0.1
    with connect(echo) as client:
        begun = time.monotonic()
        client.sendall(b"oi")
        assert client.recv(10) == b"oi"
        assert time.monotonic() - begun >= 0.2


def test_refuse_is_a_refused_connection(echo: TcpProxy) -> None:
    """Nobody listens while it refuses, and the same port answers afterwards."""
    echo.turn("refuse")
    with pytest.raises(ConnectionRefusedError):
        connect(echo)
    echo.turn("fair")
    with connect(echo) as client:
        client.sendall(b"oi")
        assert client.recv(10) == b"oi"


def is_broken(client: socket.socket) -> bool:
    """Say whether the other side has ended the connection, by a reset or, where a thread was quicker, by closing it."""
    client.settimeout(5)
    try:
        return client.recv(10) == b""
    except ConnectionResetError:
        return True


def test_cut_breaks_what_is_open(echo: TcpProxy) -> None:
    """An open connection breaks when it is cut."""
    with connect(echo) as client:
        client.sendall(b"oi")
        assert client.recv(10) == b"oi"
        echo.turn("cut")
        assert is_broken(client)


def test_a_trap_stops_one_request(echo: TcpProxy) -> None:
    """A trap tells who called, lets nothing through, and leaves the next request alone."""
    callers: list[int] = []
    echo.set(Trap(b"POST /api", "nothing", callers.append))
    with connect(echo) as client:
        own_port = client.getsockname()[1]
        client.sendall(ASKED)
        assert is_broken(client)
    assert callers == [own_port]
    with connect(echo) as client:
        client.sendall(ASKED)
        assert client.recv(1024) == ASKED
