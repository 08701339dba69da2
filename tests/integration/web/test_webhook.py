"""POST /webhook/whaticket as Whaticket, a relay and a stranger meet it: statuses and bodies to the letter."""

from __future__ import annotations

import base64
import gzip
import json
import socket
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import Engine

from tests.builders import NUMBER, SECRET, TOKEN, a_text, rows, signed

Start = Callable[..., httpx.Client]

PATH = "/webhook/whaticket"
WITH_TOKEN = f"{PATH}/{TOKEN}"
MIB = 1024 * 1024
SIM = {"number": NUMBER, "message": {"conversation": "sim"}}


def post_signed(
    site: httpx.Client,
    body: bytes,
    *,
    secret: str = SECRET,
    seconds: float = 0,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """Post a body as a relay does, signed some seconds from now."""
    knock = signed(body, datetime.now(UTC) + timedelta(seconds=seconds), secret)
    own = {name.decode(): value.decode() for name, value in knock.headers}
    return site.post(PATH, content=body, headers={**own, **(headers or {})})


def padded(size: int) -> bytes:
    """Build a readable event of exactly so many bytes."""
    body = json.dumps({**a_text(), "pad": ""}).encode()
    return body[:-2] + b"x" * (size - len(body)) + body[-2:]


def test_what_is_queued_is_answered_with_its_event(site: httpx.Client, engine: Engine) -> None:
    """A new event is 202 with its id, signed or by token; the same again is 202 as a duplicate."""
    answers = [post_signed(site, json.dumps(SIM).encode()), site.post(WITH_TOKEN, json=a_text())]
    for answer, kept in zip(answers, rows(engine, "inbox_event"), strict=True):
        assert answer.status_code == 202
        assert answer.headers["content-type"] == "application/json"
        assert answer.json() == {"queued": True, "event": str(kept["id"])}
    again = site.post(WITH_TOKEN, json=a_text())
    assert (again.status_code, again.json()) == (202, {"queued": False, "duplicate": True})


def test_what_is_not_for_us_is_answered_with_its_reason(site: httpx.Client) -> None:
    """A group's message is acknowledged, so that no fork tries again or falls over."""
    answer = site.post(WITH_TOKEN, json=a_text(remoteJid="120363000000000001@g.us"))
    assert (answer.status_code, answer.json()) == (202, {"queued": False, "ignored": "group"})
    answer = site.post(WITH_TOKEN, json=a_text(message_id="OWN", fromMe=True))
    assert (answer.status_code, answer.json()) == (202, {"queued": False, "ignored": "from_me"})


NOT_JSON = "O corpo não é um JSON válido em UTF-8."
TOO_DEEP = "O JSON tem mais de 64 níveis."
NO_OBJECT = "O corpo é um JSON, mas não um objeto."
NO_NUMBER = "o evento não traz uma mensagem com número de telefone utilizável"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", NOT_JSON),
        (b'{"number": "5520900000101", "message": "oi', NOT_JSON),
        (b'{"a": "\xff\xfe"}', NOT_JSON),
        (json.dumps(SIM).encode("utf-16"), NOT_JSON),
        (b'{"number": NaN}', NOT_JSON),
        (b'{"number": -Infinity}', NOT_JSON),
        (b'{"number": 1e999}', NOT_JSON),
        (b'{"number": ' + b"9" * 10_000 + b"}", NOT_JSON),
        (b"number=5520900000101&message=oi", NOT_JSON),
        (b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", NOT_JSON),
        (b"[" * 100_000 + b"]" * 100_000, TOO_DEEP),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, TOO_DEEP),
        (b"[" * 100_000, TOO_DEEP),
        (b"[]", NO_OBJECT),
        (b'"oi"', NO_OBJECT),
        (b"null", NO_OBJECT),
        (b"{}", NO_NUMBER),
        (b'{"message": {"conversation": "oi"}}', NO_NUMBER),
    ],
    ids=range(18),
)
def test_what_cannot_be_used_is_400(site: httpx.Client, engine: Engine, body: bytes, sentence: str) -> None:
    """An authentic body that is no JSON object, or names nobody, is refused with a sentence that never quotes it."""
    for answer in (post_signed(site, body), site.post(WITH_TOKEN, content=body)):
        assert (answer.status_code, answer.json()) == (400, {"error": sentence})
    assert rows(engine, "inbox_event") == []


def test_what_is_odd_but_json_is_taken(site: httpx.Client, engine: Engine) -> None:
    """A byte order mark, NUL, a lone surrogate, a doubled or a strange key do not cost a customer an answer."""
    odd = (
        b'\xef\xbb\xbf{"number": "'
        + NUMBER.encode()
        + b'", "message": "o\\u0000i \\ud800", "message": "oi \\u0000!", "\\ud800": 1}'
    )
    answer = site.post(WITH_TOKEN, content=odd, headers={"content-type": "text/plain"})
    assert answer.status_code == 202
    assert rows(engine, "inbox_event")[0]["body"] == odd


def test_every_refusal_reads_the_same(site: httpx.Client, engine: Engine) -> None:
    """Who is not let in learns nothing of why: 401, one body and the same headers for every cause."""
    body = json.dumps(a_text()).encode()
    good = dict(signed(body, datetime.now(UTC)).headers)
    stamp, signature = good[b"x-timestamp"].decode(), good[b"x-signature"].decode()
    answers = [
        site.post(PATH, content=body),
        site.post(PATH, content=b"\xff not json"),
        site.post(PATH, content=body, headers={"x-timestamp": stamp}),
        site.post(PATH, content=body, headers={"x-signature": signature}),
        site.post(PATH, content=body, headers={"x-timestamp": stamp, "x-signature": "sha256=" + signature}),
        site.post(PATH, content=body, headers=[("x-timestamp", stamp), *[("x-signature", signature)] * 2]),
        site.post(PATH, content=body + b" ", headers={"x-timestamp": stamp, "x-signature": signature}),
        site.post(PATH, content=body, headers=[(b"x-timestamp", stamp.encode()), (b"x-signature", b"\xe9" * 64)]),
        post_signed(site, body, seconds=-302),
        post_signed(site, body, seconds=302),
        post_signed(site, body, secret="outro-segredo-de-teste-com-mais-de-32!"),
        post_signed(site, body, secret="x", headers={"x-webhook-token": TOKEN}),
        site.post(f"{PATH}/errado", content=body),
        site.post(f"{PATH}/{TOKEN}x", content=body),
        site.post(f"{PATH}/{TOKEN.replace('-', '%2d', 1)}", content=body),
        site.post(f"{PATH}/%2e", content=body),
        site.post(f"{WITH_TOKEN}%00", content=body),
        site.post(f"{WITH_TOKEN}%20", content=body),
        site.post(PATH, content=body, params={"token": TOKEN + "0"}),
        site.post(PATH, content=body, params={"Token": TOKEN}),
        site.post(PATH, content=body, headers={"authorization": "Bearer errado"}),
        site.post(PATH, content=body, headers={"authorization": "Basic %%%"}),
        site.post(PATH, content=body, headers={"x-webhook-token": ""}),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.content for answer in answers} == {'{"error":"requisição não autenticada"}'.encode()}
    assert len({tuple(sorted(answer.headers.keys())) for answer in answers}) == 1
    assert rows(engine, "inbox_event") == []


def basic(user: str, password: str) -> str:
    """Encode what stands before the @ of an address, as clients send it."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (WITH_TOKEN, {}),
        (f"{WITH_TOKEN}?x=1", {}),
        (f"{PATH}?token={TOKEN}", {}),
        (f"{PATH}?a=b&token={TOKEN.replace('-', '%2D')}", {}),
        (PATH, {"X-Webhook-Token": TOKEN}),
        (PATH, {"X-N8N-API-KEY": TOKEN}),
        (PATH, {"Authorization": TOKEN}),
        (PATH, {"Authorization": f"Bearer {TOKEN}"}),
        (PATH, {"Authorization": basic("secretaria", TOKEN)}),
        (PATH, {"Authorization": basic(TOKEN, "")}),
        (f"{PATH}/outro", {"X-Webhook-Token": TOKEN}),
    ],
)
def test_the_token_counts_wherever_a_fork_can_put_it(site: httpx.Client, path: str, headers: dict[str, str]) -> None:
    """A Whaticket that cannot sign may show the token in the address, in a header or in the query."""
    assert site.post(path, json=a_text(), headers=headers).status_code == 202


@pytest.mark.parametrize("authentic", [True, False])
def test_a_body_too_large_is_413(site: httpx.Client, engine: Engine, *, authentic: bool) -> None:
    """One byte above 1 MiB is refused with and without Content-Length; 1 MiB is taken."""
    path = WITH_TOKEN if authentic else PATH
    large = padded(MIB + 1)

    def in_chunks() -> Iterator[bytes]:
        yield from (large[at : at + 65_536] for at in range(0, len(large), 65_536))

    for content in (large, in_chunks()):
        answer = site.post(path, content=content)
        assert (answer.status_code, list(answer.json())) == (413, ["error"])
    assert rows(engine, "inbox_event") == []
    assert site.post(path, content=padded(MIB)).status_code == (202 if authentic else 401)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate", "br", "identity, gzip"])
def test_a_compressed_body_is_never_inflated(site: httpx.Client, engine: Engine, encoding: str) -> None:
    """A compressed body is 415 whoever sends it, and one that does not say so is no JSON."""
    bomb = gzip.compress(b" " * 10 * MIB)
    answer = post_signed(site, bomb, headers={"content-encoding": encoding})
    assert (answer.status_code, answer.json()) == (415, {"error": "corpo comprimido não é aceito"})
    assert post_signed(site, bomb).status_code == 400
    assert rows(engine, "inbox_event") == []


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", [PATH, WITH_TOKEN])
def test_only_post_knocks(site: httpx.Client, method: str, path: str) -> None:
    """Any other method is 405, whatever header asks for another one."""
    answer = site.request(method, path, headers={"X-HTTP-Method-Override": "POST"})
    assert answer.status_code == 405


def test_where_nobody_lives_is_404(site: httpx.Client) -> None:
    """An unknown path says no more than that."""
    answer = site.post(f"{PATH}/{TOKEN}/mais", json=a_text())
    assert (answer.status_code, list(answer.json())) == (404, ["error"])


def test_an_event_that_cannot_be_kept_is_503(start: Start) -> None:
    """With PostgreSQL away and no spool an authentic sender is asked to come again, a stranger is refused as ever."""
    site = start(DATABASE_URL="postgresql://ninguem@/nada?host=/nonexistent")
    answer = site.post(WITH_TOKEN, json=a_text())
    assert (answer.status_code, answer.json()) == (
        503,
        {"error": "o PostgreSQL não respondeu e não há espaço para guardar o evento neste servidor"},
    )
    assert answer.headers["retry-after"] == "5"
    assert site.post(PATH, json=a_text()).status_code == 401
    assert site.post(WITH_TOKEN, content=b"{}").status_code == 400


def test_a_dead_queue_is_nobody_s_business(start: Start, engine: Engine) -> None:
    """With Redis away an event is kept and acknowledged."""
    site = start(REDIS_URL="unix:///nonexistent/redis.sock")
    assert site.post(WITH_TOKEN, json=a_text()).status_code == 202
    assert rows(engine, "inbox_event")[0]["state"] == "received"


def test_a_sender_that_hangs_up_leaves_nothing(site: httpx.Client, engine: Engine) -> None:
    """Half a body keeps no event, and the next one is served."""
    with socket.create_connection((site.base_url.host, site.base_url.port or 80)) as connection:
        connection.sendall(
            f"POST {WITH_TOKEN} HTTP/1.1\r\nHost: x\r\nContent-Length: 400\r\n\r\n".encode() + b'{"key":'
        )
    assert site.post(WITH_TOKEN, json=a_text()).status_code == 202
    assert len(rows(engine, "inbox_event")) == 1


def test_a_crowd_at_the_door_is_503(site: httpx.Client, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """While more wait than memory may hold an authentic sender is told when to come again, and nothing of it is kept."""
    monkeypatch.setattr("secretaria.inbox.group_commit.MOST_REQUESTS", 0)
    answer = post_signed(site, json.dumps(SIM).encode())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert rows(engine, "inbox_event") == []
