"""What comes drop by drop, or could be read in two ways, ends; nobody else waits for it."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from sqlalchemy import Engine

from secretaria.web.connections import PunctualProtocol
from tests.builders import TOKEN, a_text, rows
from tests.integration.web.conftest import service

PATH = f"/webhook/whaticket/{TOKEN}"
OPENINGS = (
    b"",
    b"POST /webhook/whaticket HTTP/1.1\r\nHost: x\r\nX-A: ",
    b"POST /webhook/whaticket HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n{",
    b"POST /webhook/whaticket HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{",
)
SLOW, HONEST = 200, 20
GET = b"GET /livez HTTP/1.1\r\nHost: x\r\n"


class ImpatientProtocol(PunctualProtocol):
    """The protocol of the service with less patience, so that a test need not have its."""

    request_seconds = 1.5


@pytest.fixture(scope="module")
def impatient(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Run a service that waits for a request as short as a test can bear."""
    folder = tmp_path_factory.mktemp("impatient")
    with service(folder / "secretaria.toml", environment, ImpatientProtocol) as client:
        yield client


def opened(site: httpx.Client, stack: ExitStack, begun: bytes) -> socket.socket:
    """Open a connection and say the first words of a request."""
    connection = stack.enter_context(socket.create_connection((site.base_url.host, site.base_url.port or 80)))
    connection.settimeout(10)
    connection.sendall(begun)
    return connection


def drip(connections: list[socket.socket]) -> list[socket.socket]:
    """Send one more byte on each connection; return those that are still there."""
    left = []
    for connection in connections:
        try:
            connection.sendall(b"1")
        except OSError:
            continue
        left.append(connection)
    return left


def test_two_hundred_slow_connections_leave_the_webhook_answering(impatient: httpx.Client, engine: Engine) -> None:
    """While 200 say nothing or a byte at a time, every event is taken; then the slow ones are ended."""
    with ExitStack() as stack:
        slow = [opened(impatient, stack, OPENINGS[n % len(OPENINGS)]) for n in range(SLOW)]
        for n in range(HONEST):
            assert impatient.post(PATH, json=a_text(message_id=f"H{n}")).status_code == 202
        speaking = [connection for n, connection in enumerate(slow) if OPENINGS[n % len(OPENINGS)]]
        silent = [connection for n, connection in enumerate(slow) if not OPENINGS[n % len(OPENINGS)]]
        deadline = time.monotonic() + 10 * ImpatientProtocol.request_seconds
        while speaking := drip(speaking):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert [connection.recv(1) for connection in silent] == [b""] * len(silent)
    assert len(rows(engine, "inbox_event")) == HONEST


def test_a_large_body_over_an_honest_line_is_taken(impatient: httpx.Client, engine: Engine) -> None:
    """What keeps coming may take longer than a request that says little."""
    body = json.dumps({**a_text(), "pad": "x" * 400_000}).encode()

    def at_a_walk() -> Iterator[bytes]:
        for at in range(0, len(body), 50_000):
            time.sleep(0.25)
            yield body[at : at + 50_000]

    begun = time.monotonic()
    assert impatient.post(PATH, content=at_a_walk()).status_code == 202
    assert time.monotonic() - begun > ImpatientProtocol.request_seconds
    assert len(rows(engine, "inbox_event")) == 1


def test_who_was_answered_may_come_again_later(impatient: httpx.Client) -> None:
    """A connection that rests between two requests is not late."""
    with ExitStack() as stack:
        connection = opened(impatient, stack, GET + b"\r\n")
        assert answer_on(connection).startswith(b"HTTP/1.1 200")
        time.sleep(ImpatientProtocol.request_seconds * 1.2)
        connection.sendall(GET + b"\r\n")
        assert answer_on(connection).startswith(b"HTTP/1.1 200")


def answer_on(connection: socket.socket) -> bytes:
    """Read one whole answer whose body is a JSON object."""
    answer = b""
    while not answer.endswith(b"}") and (received := connection.recv(65_536)):
        answer += received
    return answer


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd", 400),
        (b"POST /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        (b"GET /livez\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\nHost: x\n\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\n X-A: 1\r\n\r\n", 400),
        (b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\nabcd", 400),
        (b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 4, 4\r\n\r\nabcd", 400),
        (b"POST /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (GET + b"X-Big: " + b"a" * 100_000 + b"\r\n\r\n", 431),
        (GET + b"".join(b"X-%d: 1\r\n" % n for n in range(1_000)) + b"\r\n", 431),
    ],
    ids=[
        "length and chunks",
        "two lengths",
        "an unknown coding",
        "two hosts",
        "a space before the colon",
        "no version",
        "bare line feeds",
        "a header that goes on",
        "a signed length",
        "a list of lengths",
        "a chunk of 0x1",
        "TLS",
        "100 kB of headers",
        "1000 headers",
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(site: httpx.Client, asked: bytes, status: int) -> None:
    """A request that a proxy could take for another one is answered once, and the connection is closed."""
    answered = b""
    with ExitStack() as stack:
        connection = opened(site, stack, asked)
        while received := _more(connection):
            answered += received
    assert answered.startswith((b"HTTP/1.1 %d " % status, b"HTTP/1.1 400 ")), answered
    assert answered.count(b"HTTP/1.1 ") == 1


def _more(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except ConnectionResetError:
        return b""


def test_strangers_who_speak_no_http_write_no_line(site: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    """Noise at the port is answered, and the log stays as it was."""
    with ExitStack() as stack:
        assert opened(site, stack, b"\x00\x01 nothing\r\n\r\n").recv(100).startswith(b"HTTP/1.1 400")
        upgrade = GET + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"
        assert opened(site, stack, upgrade).recv(100).startswith(b"HTTP/1.1 200")
    assert caplog.records == []
