"""The gateway against a real server on loopback: what it concludes from each ending, and how often it asked."""

from __future__ import annotations

import gc
import json
import logging
import os
import re
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

import httpx
import pytest

from secretaria.clock import HeldClock
from secretaria.errors import ConfigurationError, Unavailable
from secretaria.settings import Flavour
from secretaria.whaticket.gateway import Gateway, Outcome, SendResult
from secretaria.whaticket.http_gateway import HttpGateway, classify_failure

NUMBER = "5520900000101"
TEXT = "Olá, Ana! Seu horário está confirmado."
TOKEN = "token-inventado"
CLOCK = HeldClock(datetime(2026, 3, 9, 12, 0, 45, tzinfo=UTC))

FAILURES: dict[type[httpx.RequestError], Outcome] = {
    httpx.ConnectError: Outcome.NOT_SENT,
    httpx.ConnectTimeout: Outcome.NOT_SENT,
    httpx.PoolTimeout: Outcome.NOT_SENT,
    httpx.ReadTimeout: Outcome.UNKNOWN,
    httpx.WriteTimeout: Outcome.UNKNOWN,
    httpx.ReadError: Outcome.UNKNOWN,
    httpx.WriteError: Outcome.UNKNOWN,
    httpx.CloseError: Outcome.UNKNOWN,
    httpx.ProxyError: Outcome.UNKNOWN,
    httpx.LocalProtocolError: Outcome.UNKNOWN,
    httpx.RemoteProtocolError: Outcome.UNKNOWN,
    httpx.UnsupportedProtocol: Outcome.UNKNOWN,
    httpx.DecodingError: Outcome.UNKNOWN,
    httpx.TooManyRedirects: Outcome.UNKNOWN,
}

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


@pytest.fixture
def whaticket() -> Iterator[FakeWhaticket]:
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


def test_a_text_is_handed_over_as_the_contract_says(whaticket: FakeWhaticket) -> None:
    """One POST with number and body as JSON text, the bearer token, and nothing else; an empty 200 is success."""
    assert send(whaticket, answer(200)) == SendResult(Outcome.ACCEPTED, status=200)
    ((line, headers, body),) = whaticket.requests
    assert line == "POST /api/messages/send HTTP/1.1"
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == {"number": NUMBER, "body": TEXT}


def test_the_path_of_the_address_is_kept(whaticket: FakeWhaticket) -> None:
    """A back end behind a prefix is reached there."""
    whaticket.endings = [answer(200)]
    for address in ("/backend", "/backend/"):
        with opened(whaticket.url + address) as gateway:
            gateway.send_text(NUMBER, TEXT)
    assert [line for line, _, _ in whaticket.requests] == ["POST /backend/api/messages/send HTTP/1.1"] * 2


def test_a_template_never_leaves(whaticket: FakeWhaticket) -> None:
    """Whatever text is given, it is made safe at the door."""
    whaticket.endings = [answer(200)]
    with opened(whaticket.url) as gateway:
        gateway.send_text(NUMBER, "\u200eOlá {{{name}}}")
    assert json.loads(whaticket.requests[0][2])["body"] == "Olá { { {name}}}"


def test_an_empty_text_never_leaves(whaticket: FakeWhaticket) -> None:
    """Nothing readable is refused without asking Whaticket."""
    with opened(whaticket.url) as gateway:
        assert gateway.send_text(NUMBER, "\u200e \0") == SendResult(Outcome.REFUSED, error="empty_text")
    assert whaticket.requests == []


@pytest.mark.parametrize(
    ("flavour", "ending", "expected"),
    [
        ("saas", answer(200, b'{"mensagem":"Mensagem enviada"}'), SendResult(Outcome.ACCEPTED, 200)),
        ("ticketz", answer(200, b'{"mensagem":"Message added to queue"}'), SendResult(Outcome.ACCEPTED, 200)),
        ("community", answer(200, b"OK"), SendResult(Outcome.ACCEPTED, 200)),
        ("community", error(400, "ERR_SENDING_WAPP_MSG"), SendResult(Outcome.UNKNOWN, 400, "ERR_SENDING_WAPP_MSG")),
        ("community", error(400, f"não enviei para {NUMBER}"), SendResult(Outcome.UNKNOWN, 400, "(unlisted)")),
        (
            "community",
            error(400, "ERR_WAPP_INVALID_CONTACT"),
            SendResult(Outcome.REFUSED, 400, "ERR_WAPP_INVALID_CONTACT"),
        ),
        ("community", answer(413, b"<html>"), SendResult(Outcome.REFUSED, 413, "(html)")),
        ("community", answer(502, b"<html>"), SendResult(Outcome.UNKNOWN, 502, "(html)")),
        ("community", answer(504, b"<html>"), SendResult(Outcome.UNKNOWN, 504, "(html)")),
        ("saas", error(500, "Internal server error"), SendResult(Outcome.UNKNOWN, 500, "(unlisted)")),
        ("community", answer(200, b"<html>"), SendResult(Outcome.UNKNOWN, 200, "(html)", alert=True)),
        ("community", answer(404, b"<!DOCTYPE html>"), SendResult(Outcome.MISCONFIGURED, 404, "(html)", alert=True)),
        (
            "saas",
            error(401, "Acesso não permitido"),
            SendResult(Outcome.MISCONFIGURED, 401, "Acesso não permitido", alert=True),
        ),
        (
            "community",
            error(400, "ERR_WAPP_NOT_INITIALIZED"),
            SendResult(Outcome.NOT_SENT, 400, "ERR_WAPP_NOT_INITIALIZED", retry_after_seconds=60, alert=True),
        ),
        (
            "saas",
            error(429, "ERR_RATE_LIMIT_EXCEEDED"),
            SendResult(Outcome.NOT_SENT, 429, "ERR_RATE_LIMIT_EXCEEDED", retry_after_seconds=15),
        ),
        (
            "saas",
            answer(429, b"", "Retry-After: 7"),
            SendResult(Outcome.NOT_SENT, 429, retry_after_seconds=7),
        ),
        (
            "community",
            answer(503, b"", "Retry-After: 999999"),
            SendResult(Outcome.NOT_SENT, 503, retry_after_seconds=3600),
        ),
        ("community", answer(503, b"", "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT"), SendResult(Outcome.UNKNOWN, 503)),
    ],
)
def test_an_answer_is_asked_for_once(
    whaticket: FakeWhaticket, flavour: Flavour, ending: Reply, expected: SendResult
) -> None:
    """What was answered is classified and not asked again, neither in doubt nor when a wait is due."""
    assert send(whaticket, ending, flavour=flavour) == expected
    assert len(whaticket.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(whaticket: FakeWhaticket, status: int) -> None:
    """An address that redirects is a configuration to mend, and the text goes nowhere else."""
    result = send(whaticket, answer(status, b"", "Location: /elsewhere"))
    assert result == SendResult(Outcome.MISCONFIGURED, status, alert=True)
    assert [line for line, _, _ in whaticket.requests] == ["POST /api/messages/send HTTP/1.1"]


@pytest.mark.parametrize(
    ("ending", "name"),
    [
        (close, "RemoteProtocolError"),
        (reset, "ReadError"),
        (cut, "RemoteProtocolError"),
        (nonsense, "RemoteProtocolError"),
        (flood, "ReadTimeout"),
    ],
)
def test_a_broken_answer_is_in_doubt(whaticket: FakeWhaticket, ending: Reply, name: str) -> None:
    """Once the request has left, an ending without an answer is unknown and never repeated."""
    assert send(whaticket, ending) == SendResult(Outcome.UNKNOWN, error=name)
    assert len(whaticket.requests) == 1


def test_a_cut_json_is_in_doubt(whaticket: FakeWhaticket) -> None:
    """A success whose end is missing is no success."""
    result = send(whaticket, cut_undetectably)
    assert result == SendResult(Outcome.UNKNOWN, 200, "(broken json)", alert=True)
    assert len(whaticket.requests) == 1


def test_a_silent_whaticket_is_in_doubt(whaticket: FakeWhaticket) -> None:
    """No answer in time is unknown, after the time that was given and no more."""
    began = time.monotonic()
    result = send(whaticket, hang(whaticket), read_timeout=0.3)
    assert result == SendResult(Outcome.UNKNOWN, error="ReadTimeout")
    assert 0.3 <= time.monotonic() - began < 1.5
    assert len(whaticket.requests) == 1


def test_a_dripping_answer_is_in_doubt(whaticket: FakeWhaticket) -> None:
    """An answer that comes byte by byte ends with the time-out, not with the last byte."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        try:
            while not whaticket.stopping.wait(0.05):
                connection.sendall(b"x")
        except OSError:
            return

    began = time.monotonic()
    assert send(whaticket, drip, read_timeout=0.2) == SendResult(Outcome.UNKNOWN, error="ReadTimeout")
    assert time.monotonic() - began < 2


def test_a_500_of_community_is_asked_once_more(whaticket: FakeWhaticket) -> None:
    """There it comes before the send: one repetition, which may succeed."""
    assert send(whaticket, error(500, "Internal server error"), answer(200)).outcome is Outcome.ACCEPTED
    assert len(whaticket.requests) == 2


def test_a_500_of_community_is_asked_only_once_more(whaticket: FakeWhaticket) -> None:
    """A second 500 is reported; nothing was sent."""
    result = send(whaticket, error(500, "Internal server error"))
    assert result == SendResult(Outcome.NOT_SENT, 500, "Internal server error")
    assert len(whaticket.requests) == 2


def test_a_repetition_in_doubt_is_in_doubt(whaticket: FakeWhaticket) -> None:
    """A second attempt that breaks off is unknown, whatever the first one proved."""
    assert send(whaticket, error(500, "Internal server error"), close).outcome is Outcome.UNKNOWN
    assert len(whaticket.requests) == 2


def test_a_refused_connection_is_surely_not_sent() -> None:
    """Nobody listens: three quick attempts, then the truth."""
    began = time.monotonic()
    with opened(_closed_address()) as gateway:
        assert gateway.send_text(NUMBER, TEXT) == SendResult(Outcome.NOT_SENT, error="ConnectError")
    assert 0.5 < time.monotonic() - began < 3


def test_a_whaticket_that_starts_late_gets_the_text() -> None:
    """A restart of Whaticket between two attempts is not noticed by the caller."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]

        def listen() -> bytes:
            time.sleep(0.1)
            reserved.listen()
            connection, _ = reserved.accept()
            with connection:
                received = connection.recv(65_536)
                answer(200)(connection)
                return received

        with ThreadPoolExecutor(1) as pool, opened(f"http://127.0.0.1:{port}") as gateway:
            heard = pool.submit(listen)
            assert gateway.send_text(NUMBER, TEXT).outcome is Outcome.ACCEPTED
            assert heard.result().startswith(b"POST /api/messages/send")


def test_a_connect_time_out_is_surely_not_sent() -> None:
    """A host that does not take the connection got nothing."""
    with ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(full.getsockname())
        gateway = stack.enter_context(opened(f"http://127.0.0.1:{full.getsockname()[1]}"))
        assert gateway.send_text(NUMBER, TEXT) == SendResult(Outcome.NOT_SENT, error="ConnectTimeout")


def test_an_unknown_name_is_surely_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an address there is no connection."""

    def unresolved(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unresolved)
    with opened("http://whaticket.invalid") as gateway:
        assert gateway.send_text(NUMBER, TEXT) == SendResult(Outcome.NOT_SENT, error="ConnectError")


def test_a_failed_tls_handshake_is_surely_not_sent(whaticket: FakeWhaticket) -> None:
    """A server that does not speak TLS gets no request."""
    whaticket.greeting = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    with opened(whaticket.url.replace("http:", "https:")) as gateway:
        assert gateway.send_text(NUMBER, TEXT) == SendResult(Outcome.NOT_SENT, error="ConnectError")
    assert whaticket.connections == 3


@pytest.mark.parametrize(("failure", "outcome"), FAILURES.items())
def test_every_failure_has_its_class(failure: type[httpx.RequestError], outcome: Outcome) -> None:
    """Only what ends before a connection stands is surely not sent."""
    assert classify_failure(failure(f"to {NUMBER}")) == SendResult(outcome, error=failure.__name__)


def test_no_failure_is_forgotten() -> None:
    """A new kind of failure in httpx has to be given its class by hand."""

    def leaves(kind: type[httpx.RequestError]) -> set[type[httpx.RequestError]]:
        return set[type[httpx.RequestError]]().union(*map(leaves, kind.__subclasses__())) or {kind}

    assert leaves(httpx.RequestError) == set(FAILURES)


def test_a_connection_is_kept_for_the_next_text(whaticket: FakeWhaticket) -> None:
    """Two texts travel on one connection; one that Whaticket closed meanwhile is replaced without a loss."""
    whaticket.endings = [answer(200), answer_and_close, answer(200)]
    with opened(whaticket.url) as gateway:
        for _ in range(2):
            assert gateway.send_text(NUMBER, TEXT).outcome is Outcome.ACCEPTED
        assert whaticket.connections == 1
        time.sleep(0.1)
        assert gateway.send_text(NUMBER, TEXT).outcome is Outcome.ACCEPTED
    assert len(whaticket.requests) == 3
    assert whaticket.connections == 2


def test_threads_share_one_gateway(whaticket: FakeWhaticket) -> None:
    """Texts of many threads are all handed over, each once."""
    whaticket.endings = [answer(200)]
    with opened(whaticket.url) as gateway, ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda index: gateway.send_text(NUMBER, f"texto {index}"), range(200)))
    assert {result.outcome for result in results} == {Outcome.ACCEPTED}
    bodies = [json.loads(body)["body"] for _, _, body in whaticket.requests]
    assert sorted(bodies) == sorted(f"texto {index}" for index in range(200))


def test_the_environment_changes_nothing(whaticket: FakeWhaticket, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment is not used: texts go to the configured address only."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, _closed_address())
    assert send(whaticket, answer(200)).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("ending", [answer(200, b"<html>"), answer(404), answer(500), answer(302), cut])
def test_any_http_answer_is_a_sign_of_life(whaticket: FakeWhaticket, ending: Reply) -> None:
    """Whatever Whaticket says, it is there."""
    whaticket.endings = [ending]
    with opened(whaticket.url) as gateway:
        gateway.ping()
    assert [line for line, _, _ in whaticket.requests] == ["GET / HTTP/1.1"]


def test_silence_is_no_sign_of_life(whaticket: FakeWhaticket) -> None:
    """A closed port, a hang and something that is not HTTP are all unavailable, said without the address."""
    whaticket.endings = [nonsense, hang(whaticket)]
    for url in (_closed_address(), whaticket.url, whaticket.url):
        with (
            opened(url, read_timeout=0.2) as gateway,
            pytest.raises(Unavailable, match="o Whaticket não responde") as caught,
        ):
            gateway.ping()
        assert "127.0.0.1" not in caught.value.message


@pytest.mark.parametrize(
    "url",
    [
        "",
        "whaticket.exemplo",
        "ftp://127.0.0.1",
        "http://",
        "http://127.0.0.1:porta",
        "http://usuario:senha@127.0.0.1",
        "http://127.0.0.1/?token=x",
        "http://127.0.0.1/#x",
    ],
)
def test_an_unusable_address_is_refused_at_once(url: str) -> None:
    """An address that would fail later, or override our token, is refused by the name of its setting."""
    with pytest.raises(ConfigurationError, match="WHATICKET_URL") as caught:
        HttpGateway(url, TOKEN, "community", connect_timeout=1, read_timeout=1, clock=CLOCK)
    assert "senha" not in caught.value.message


@pytest.mark.parametrize("token", ["", "com espaço", "acentuação", "a\nX-Outro: b"])
def test_an_unusable_token_is_refused_at_once(token: str) -> None:
    """A token that no header can carry is refused, and not shown."""
    with pytest.raises(ConfigurationError, match="WHATICKET_TOKEN") as caught:
        HttpGateway("http://127.0.0.1", token, "community", connect_timeout=1, read_timeout=1, clock=CLOCK)
    assert not token or token not in str(caught.value)


def test_nothing_personal_is_logged(whaticket: FakeWhaticket, caplog: pytest.LogCaptureFixture) -> None:
    """Neither our libraries nor the retries write the number, the text or the token, at any level."""
    caplog.set_level(logging.DEBUG)
    send(whaticket, error(500, "Internal server error"), reset)
    everything = " ".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    assert "stamina.retry_scheduled" in everything
    assert not re.search(rf"{NUMBER}|{TOKEN}|Ana", everything)


def _closed_address() -> str:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{reserved.getsockname()[1]}"
