"""A Whaticket that keeps no contract: it reads whole HTTP requests on loopback and ends each one as it is told."""

from __future__ import annotations

import gc
import json
import os
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from secretaria.clock import HeldClock
from secretaria.settings import Flavour
from secretaria.whaticket.gateway import Gateway, SendResult
from secretaria.whaticket.http_gateway import HttpGateway

NUMBER = "5520900000101"
TEXT = "Olá, Ana! Seu horário está confirmado."
TOKEN = "token-inventado"
CLOCK = HeldClock(datetime(2026, 3, 9, 12, 0, 45, tzinfo=UTC))

Reply = Callable[[socket.socket], None]


class FakeWhaticket(socketserver.ThreadingTCPServer):
    """Reads whole HTTP requests, keeps them, and ends each one as told; the last ending is repeated."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.endings: list[Reply] = []
        self.greeting = b""
        self.stopping = threading.Event()
        self.connections = 0

    @property
    def url(self) -> str:
        """Address to reach it by."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Connection(socketserver.BaseRequestHandler):
    server: FakeWhaticket

    def handle(self) -> None:
        """Answer requests until one side closes, or greet without listening."""
        self.server.connections += 1
        connection: socket.socket = self.request
        if self.server.greeting:
            connection.sendall(self.server.greeting)
            return
        with connection.makefile("rb") as stream:
            while connection.fileno() != -1 and (line := stream.readline()):
                pairs = iter(lambda: stream.readline().decode().strip(), "")
                headers = {name.lower(): value.strip() for name, _, value in (pair.partition(":") for pair in pairs)}
                body = stream.read(int(headers.get("content-length", 0)))
                self.server.requests.append((line.decode().strip(), headers, body))
                endings = self.server.endings
                (endings.pop(0) if len(endings) > 1 else endings[0])(connection)


def answer(status: int, body: bytes = b"", *headers: str) -> Reply:
    """End with a whole answer and keep the connection."""
    lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}", *headers, "", ""]
    return lambda connection: connection.sendall("\r\n".join(lines).encode() + body)


def error(status: int, text: str) -> Reply:
    """End with an error the way Whaticket says it."""
    return answer(status, json.dumps({"error": text}).encode(), "Content-Type: application/json")


def close(connection: socket.socket) -> None:
    """End without an answer."""
    connection.shutdown(socket.SHUT_RDWR)


def reset(connection: socket.socket) -> None:
    """End with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())  # close() would wait for the reader


def cut(connection: socket.socket) -> None:
    """End in the middle of a success."""
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"mensagem":"Mens')
    close(connection)


def cut_undetectably(connection: socket.socket) -> None:
    """End in the middle of a success whose length nobody told."""
    connection.sendall(b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"mensagem":"Mens')
    close(connection)


def nonsense(connection: socket.socket) -> None:
    """End with something that is not HTTP."""
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    close(connection)


def flood(connection: socket.socket) -> None:
    """Begin a success that is far too long."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 200_000)
    close(connection)


def hang(whaticket: FakeWhaticket) -> Reply:
    """End with nothing until the test is over."""

    def wait(_: socket.socket) -> None:
        whaticket.stopping.wait(10)

    return wait


def answer_and_close(connection: socket.socket) -> None:
    """End well, then close the connection that was promised to stay."""
    answer(200)(connection)
    close(connection)


@contextmanager
def running() -> Iterator[FakeWhaticket]:
    """Run a fake Whaticket on loopback, and leave no socket behind."""
    with FakeWhaticket() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.stopping.set()
        server.shutdown()
        thread.join()
    gc.collect()  # a socket nobody closed would warn here, and a warning is an error


@contextmanager
def opened(url: str, flavour: Flavour = "community", read_timeout: float = 5.0) -> Iterator[Gateway]:
    """Open a gateway with short time-outs and close it."""
    gateway = HttpGateway(url, TOKEN, flavour, connect_timeout=0.5, read_timeout=read_timeout, clock=CLOCK)
    try:
        yield gateway
    finally:
        gateway.close()


def send(
    whaticket: FakeWhaticket, *endings: Reply, flavour: Flavour = "community", read_timeout: float = 5.0
) -> SendResult:
    """Send one text to a Whaticket that ends its requests as given."""
    whaticket.endings = list(endings)
    with opened(whaticket.url, flavour, read_timeout) as gateway:
        return gateway.send_text(NUMBER, TEXT)
