"""The gateway and its connections: what it concludes where none stands, what it keeps, and what it refuses to use."""

from __future__ import annotations

import json
import logging
import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from secretaria.errors import ConfigurationError, Unavailable
from secretaria.whaticket.gateway import Outcome, SendResult
from secretaria.whaticket.http_gateway import HttpGateway, classify_failure
from tests.integration.whaticket.scripted_whaticket import (
    CLOCK,
    NUMBER,
    TEXT,
    TOKEN,
    FakeWhaticket,
    Reply,
    answer,
    answer_and_close,
    cut,
    error,
    hang,
    nonsense,
    opened,
    reset,
    running,
    send,
)

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


@pytest.fixture
def whaticket() -> Iterator[FakeWhaticket]:
    """Run a fake Whaticket on loopback, and leave no socket behind."""
    with running() as server:
        yield server


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
