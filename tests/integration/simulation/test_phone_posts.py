"""The phone posts to a webhook over real HTTP, signed or with the token in the path."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from litestar import Litestar, Request, Response, post
from litestar.datastructures import State

from secretaria.clock import HeldClock
from secretaria.errors import Unavailable
from secretaria.simulation.phone import Phone, text_event
from secretaria.simulation.serving import LocalServer

AT = datetime(2026, 8, 10, 12, tzinfo=UTC)
EVENT = text_event("5520900000101", "olá, tudo bem?", "3EB0AA", AT, "Ana")
Received = list[tuple[str, dict[str, str], bytes]]


@pytest.fixture
def received() -> Received:
    """What the webhook under test has received."""
    return []


@pytest.fixture
def webhook(received: Received) -> Iterator[str]:
    """A webhook that keeps what it gets and answers 202."""

    @post(["/webhook/whaticket", "/webhook/whaticket/{token:str}"])
    async def receive(request: Request[Any, Any, State]) -> Response[Any]:
        received.append((request.url.path, dict(request.headers), await request.body()))
        return Response({"queued": True}, status_code=202)

    @post("/quebrado/webhook/whaticket")
    async def broken() -> Response[str]:
        return Response("<html>", status_code=502, media_type="text/html")

    with LocalServer(Litestar([receive, broken], openapi_config=None, logging_config=None)) as server:
        yield server.url


def test_a_relay_signs_the_raw_body(webhook: str, received: Received) -> None:
    """The signature covers the very bytes posted, with the time of the clock."""
    with Phone(webhook, secret="segredo-inventado", clock=HeldClock(AT)) as phone:
        assert phone.post(EVENT) == (202, {"queued": True})
    ((path, headers, body),) = received
    timestamp = str(int(AT.timestamp()))
    expected = hmac.new(b"segredo-inventado", f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert (path, headers["x-timestamp"], headers["x-signature"]) == ("/webhook/whaticket", timestamp, expected)
    assert "olá" in body.decode()


def test_a_fork_posts_to_its_token_path(webhook: str, received: Received) -> None:
    """Without a secret nothing is signed and the token is the last part of the path."""
    with Phone(webhook, token="ficha-inventada") as phone:
        phone.post(EVENT)
    ((path, headers, _),) = received
    assert path == "/webhook/whaticket/ficha-inventada"
    assert "x-signature" not in headers


def test_an_answer_that_is_not_json_is_none(webhook: str) -> None:
    """The page of a proxy is told by its status alone."""
    with Phone(f"{webhook}/quebrado") as phone:
        assert phone.post(EVENT) == (502, None)


def test_nobody_there_is_said_in_plain_words() -> None:
    """A closed port is an error with a hint, not a trace."""
    with Phone("http://127.0.0.1:9") as phone, pytest.raises(Unavailable) as refused:
        phone.post(EVENT)
    assert "ninguém respondeu em http://127.0.0.1:9" in refused.value.message
