"""What the door writes to its log: enough to follow an event, nothing of what was said, by whom, or with which secret."""

from __future__ import annotations

import io
import json
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import Engine, text

from tests.answering import wait_until
from tests.builders import SECRET, TOKEN, a_text, rows, signed

Start = Callable[..., httpx.Client]
PATH = "/webhook/whaticket"
WORDS = "canario-palavra"
NAME = "canario-nome"
NUMBER = "5520900000777"
WRONG_TOKEN = "canario-token-errado"
EVENT = {**a_text(WORDS, number=NUMBER), "pushName": NAME}


def assert_silent(log: io.StringIO, *more: str) -> str:
    """Check that nothing confidential was written, in clear or as bytes of JSON, and return what was."""
    written = log.getvalue()
    canaries = (WORDS, NAME, NUMBER, NUMBER[2:], WRONG_TOKEN, TOKEN, SECRET, *more)
    assert [canary for canary in canaries if canary in written or canary.encode().hex() in written] == []
    return written


def taken(log: io.StringIO, count: int) -> list[str]:
    """Return the lines of accepted events, which are written behind their answers, once all are there."""
    wait_until(lambda: log.getvalue().count("webhook_received") >= count)
    return [line for line in log.getvalue().splitlines() if "webhook_received" in line]


def post_signed(site: httpx.Client, body: bytes, secret: str = SECRET) -> tuple[httpx.Response, str]:
    """Post a signed body and return the answer with the signature."""
    knock = signed(body, datetime.now(UTC), secret)
    headers = {name.decode(): value.decode() for name, value in knock.headers}
    return site.post(PATH, content=body, headers=headers), headers["x-signature"]


def test_what_is_taken_is_told_by_its_event(site: httpx.Client, engine: Engine, log: io.StringIO) -> None:
    """Each accepted request leaves a line that carries the event's id and the outcome, and no content."""
    answers = [
        post_signed(site, json.dumps({**EVENT, "n": 1}).encode()),
        (site.post(f"{PATH}/{TOKEN}", json=EVENT), ""),
        (site.post(PATH, json=EVENT, headers={"x-webhook-token": TOKEN}), ""),
        (site.post(PATH, json=EVENT, params={"token": TOKEN}), ""),
        (site.post(f"{PATH}/{TOKEN}", json=a_text(WORDS, remoteJid="120363000000000001@g.us", id="G")), ""),
    ]
    assert {answer.status_code for answer, _ in answers} == {202}
    lines = taken(log, len(answers))
    assert_silent(log, answers[0][1])
    first = rows(engine, "inbox_event")[0]
    assert first["id"] is not None
    assert [str(first["id"]) in line for line in lines] == [True, False, False, False, False]
    for line, status in zip(lines, ("accepted", "duplicate", "duplicate", "duplicate", "ignored"), strict=True):
        assert status in line


def test_the_correlation_id_is_the_event(site: httpx.Client, log: io.StringIO) -> None:
    """The id in the answer stands in the line's correlation id, to be found again in every later line."""
    event = site.post(f"{PATH}/{TOKEN}", json=EVENT).json()["event"]
    (line,) = taken(log, 1)
    if line.startswith("{"):
        assert json.loads(line)["correlation_id"] == event
    else:
        assert f"'correlation_id': '{event}'" in line


def test_what_is_refused_is_not_told(site: httpx.Client, log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strangers, broken bodies and our own faults leave no word, number, name, token, secret or signature behind."""
    body = json.dumps(EVENT).encode()
    token = f"{PATH}/{TOKEN}"
    answers = [
        site.post(f"{PATH}/{WRONG_TOKEN}", content=body),
        site.post(PATH, content=body, headers={"authorization": f"Bearer {WRONG_TOKEN}"}),
        site.post(PATH, content=body, params={"token": WRONG_TOKEN}),
        site.post(token, content=body[:-1]),
        site.post(token, content=body + b"\xff"),
        site.post(token, content=b"[" * 100 + body + b"]" * 100),
        site.post(token, json={"message": {"conversation": WORDS}, "pushName": NAME}),
        site.post(token, content=body, headers={"content-encoding": "gzip"}),
        site.post(token, content=body + b" " * 1024 * 1024),
        site.post(f"{token}/{WRONG_TOKEN}", content=body),
        site.get(token, params={"token": TOKEN}),
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 400, 400, 400, 400, 415, 413, 404, 405]
    assert not any(canary in answer.text for answer in answers for canary in (WORDS, NAME, NUMBER, TOKEN))
    refused, signature = post_signed(site, body, "outro-segredo-de-teste-com-mais-de-32!")
    assert refused.status_code == 401

    def fail(_: object, *, closely: bool) -> None:  # noqa: ARG001  # as the reader is called
        raise KeyError(WORDS)

    monkeypatch.setattr("secretaria.inbox.receive.read_payload", fail)
    assert site.post(token, content=body).status_code == 202
    assert "payload_not_understood" in assert_silent(log, signature)


def test_a_database_that_is_away_is_told_without_content(start: Start, log: io.StringIO) -> None:
    """What could not be kept is not kept in the log either."""
    site = start(DATABASE_URL="postgresql://ninguem:senha-do-banco@/nada?host=/nonexistent")
    answer, signature = post_signed(site, json.dumps(EVENT).encode())
    assert answer.status_code == 503
    assert_silent(log, signature, "senha-do-banco")


def test_a_fault_of_ours_is_told_without_content(site: httpx.Client, owner: Engine, log: io.StringIO) -> None:
    """A statement that fails is logged with its traceback, and the caller sees neither SQL nor path."""
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE inbox_event RENAME TO elsewhere"))
    try:
        answer, signature = post_signed(site, json.dumps(EVENT).encode())
    finally:
        with owner.begin() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO inbox_event"))
    told = answer.json()
    assert (answer.status_code, sorted(told), told["error"]) == (500, ["error", "request_id"], "erro interno")
    written = assert_silent(log, signature)
    assert "request_failed" in written
    assert "UndefinedTable" in written


def test_a_sender_that_hangs_up_is_no_fault_of_ours(site: httpx.Client, log: io.StringIO) -> None:
    """Half a body writes no error and no traceback."""
    with socket.create_connection((site.base_url.host, site.base_url.port or 80)) as connection:
        head = f"POST {PATH}/{TOKEN} HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n"
        connection.sendall(head.encode() + json.dumps(EVENT).encode())
        time.sleep(0.1)  # the service must have begun to read
    assert site.get("/livez").status_code == 200
    time.sleep(0.1)
    written = assert_silent(log)
    assert "ERROR" not in written
    assert "Traceback" not in written
