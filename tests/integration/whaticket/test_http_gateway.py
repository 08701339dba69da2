"""The gateway against a real server on loopback: what it concludes from each answer, and how often it asked."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import pytest

from secretaria.settings import Flavour
from secretaria.whaticket.gateway import Outcome, SendResult
from tests.integration.whaticket.scripted_whaticket import (
    NUMBER,
    TEXT,
    TOKEN,
    FakeWhaticket,
    Reply,
    answer,
    close,
    cut,
    cut_undetectably,
    error,
    flood,
    hang,
    nonsense,
    opened,
    reset,
    running,
    send,
)


@pytest.fixture
def whaticket() -> Iterator[FakeWhaticket]:
    """Run a fake Whaticket on loopback, and leave no socket behind."""
    with running() as server:
        yield server


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
