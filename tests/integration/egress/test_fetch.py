"""One call to a real server on loopback: what is sent, what is taken, and when it is given up."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from secretaria.egress import AnswerRefused, DestinationUnavailable, Limits, fetch
from secretaria.outside import Seats

QUICK = Limits(connect_seconds=1.0, read_seconds=0.3, total_seconds=0.6, max_bytes=1000)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: audio/ogg; codecs=opus\r\nContent-Length: 3\r\n\r\nabc"


class Site(socketserver.ThreadingTCPServer):
    """Answers every request with the same bytes and keeps what it was asked."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answer: Callable[[socketserver.StreamRequestHandler], None]) -> None:
        self.asked: list[bytes] = []
        site = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                site.asked.append(self.request.recv(65536))
                answer(self)

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def origin(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def a_site(answer: bytes | Callable[[socketserver.StreamRequestHandler], None] = OK) -> Iterator[Site]:
    """Serve one answer."""
    write = answer if callable(answer) else (lambda handler: handler.wfile.write(answer))
    with Site(write) as site:
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield site
        finally:
            site.shutdown()
            thread.join()


def an_answer(*headers: str, status: str = "200 OK", body: bytes = b"abc") -> bytes:
    """Write an HTTP answer."""
    lines = (f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", "")
    return "\r\n".join(lines).encode() + body


def test_what_a_trusted_origin_answers_comes_back() -> None:
    """What a trusted origin answers comes back."""
    with a_site() as site:
        told = fetch(
            f"{site.origin}/a.ogg?x=1",
            trusted_origins=(site.origin,),
            headers={"Authorization": "Bearer x", "Host": "evil.test"},
            limits=Limits(content_types=("audio/",)),
        )
    assert told == b"abc"
    assert site.asked[0].startswith(b"GET /a.ogg?x=1 HTTP/1.1\r\n")
    assert b"Authorization: Bearer x" in site.asked[0]
    assert b"evil.test" not in site.asked[0]


def test_the_name_is_looked_up_once_and_kept_as_host_while_the_checked_address_is_called() -> None:
    """The name is looked up once and kept as host while the checked address is called."""
    looked_up = []

    def rebinding(host: str, _port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"] if len(looked_up) == 1 else ["169.254.169.254"]

    with a_site() as site:
        port = site.server_address[1]
        origin = f"http://media.exemplo.test:{port}"
        assert fetch(f"{origin}/a", trusted_origins=(origin,), resolve=rebinding) == b"abc"
    assert looked_up == ["media.exemplo.test"]
    assert f"Host: media.exemplo.test:{port}".encode() in site.asked[0]


def test_tls_asks_for_the_name_and_a_server_that_cannot_prove_it_is_not_believed() -> None:
    """Tls asks for the name and a server that cannot prove it is not believed."""
    with a_site() as site:
        origin = f"https://media.exemplo.test:{site.server_address[1]}"
        with pytest.raises(DestinationUnavailable):
            fetch(f"{origin}/a", trusted_origins=(origin,), limits=QUICK, resolve=lambda _host, _port: ["127.0.0.1"])
    assert b"media.exemplo.test" in site.asked[0]  # the server name of the TLS greeting


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (an_answer("Location: http://169.254.169.254/", status="302 Found"), "redirect"),
        (an_answer(status="404 Not Found"), "status"),
        (an_answer("Content-Type: text/html"), "content_type"),
        (an_answer(), "content_type"),
        (an_answer("Content-Type: audio/ogg", "Content-Encoding: gzip"), "encoded"),
        (an_answer("Content-Type: audio/ogg", body=b"x" * 1001), "too_large"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: audio/ogg\r\n\r\n" + b"x" * 1001, "too_large"),
    ],
)
def test_an_answer_that_was_not_agreed_is_not_taken(answer: bytes, cause: str) -> None:
    """An answer that was not agreed is not taken."""
    limits = Limits(max_bytes=1000, content_types=("audio/", "application/ogg"))
    with a_site(answer) as site, pytest.raises(AnswerRefused) as refused:
        fetch(f"{site.origin}/a", trusted_origins=(site.origin,), limits=limits)
    assert refused.value.cause == cause


@pytest.mark.parametrize("status", ["500 Internal Server Error", "503 Service Unavailable", "429 Too Many Requests"])
def test_a_service_in_trouble_is_unavailable_and_not_refused(status: str) -> None:
    """A service in trouble is unavailable and not refused."""
    with a_site(an_answer(status=status)) as site, pytest.raises(DestinationUnavailable) as failed:
        fetch(f"{site.origin}/a", trusted_origins=(site.origin,))
    assert failed.value.cause == "status"


def drip_headers(handler: socketserver.StreamRequestHandler) -> None:
    """Send one letter of a header after the other, never silent for long."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(60):
        handler.wfile.write(b"a")
        time.sleep(0.05)


def drip_body(handler: socketserver.StreamRequestHandler) -> None:
    """Send one byte of an endless body after the other."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(60):
        handler.wfile.write(b"a")
        time.sleep(0.05)


@pytest.mark.parametrize("drip", [drip_headers, drip_body])
def test_a_server_that_drips_is_given_up_at_the_total(
    drip: Callable[[socketserver.StreamRequestHandler], None],
) -> None:
    """A server that drips is given up at the total."""
    begun = time.monotonic()
    with a_site(drip) as site, pytest.raises(DestinationUnavailable) as late:
        fetch(f"{site.origin}/a", trusted_origins=(site.origin,), limits=QUICK)
    assert late.value.cause == "timeout"
    assert time.monotonic() - begun < 3


def test_others_work_while_an_answer_is_waited_for() -> None:
    """Whoever has a seat of a worker leaves it for the length of the call, and has it again after it."""
    seats, answering, taken = Seats(1), threading.Event(), threading.Event()

    def answer(handler: socketserver.StreamRequestHandler) -> None:
        answering.set()
        taken.wait(5)
        handler.wfile.write(OK)

    def work() -> None:
        answering.wait(5)
        with seats.taken():
            taken.set()

    other = threading.Thread(target=work)
    other.start()
    with a_site(answer) as site, seats.taken():
        assert fetch(f"{site.origin}/a", trusted_origins=(site.origin,)) == b"abc"
    other.join(5)
    assert taken.is_set()


def test_what_is_no_http_is_unreachable() -> None:
    """What is no http is unreachable."""
    with a_site(b"+PONG\r\n") as site, pytest.raises(DestinationUnavailable) as failed:
        fetch(f"{site.origin}/a", trusted_origins=(site.origin,))
    assert failed.value.cause == "unreachable"


def test_a_post_carries_its_body() -> None:
    """A post carries its body."""
    with a_site() as site:
        fetch(f"{site.origin}/a", trusted_origins=(site.origin,), method="POST", body=b'{"a": 1}')
    assert site.asked[0].startswith(b"POST /a ")
    assert b"Content-Length: 8" in site.asked[0]
