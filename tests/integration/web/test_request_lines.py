"""The one line of a request says where its time went, and of what kind its failure was; as the schema has it."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema_rs import validator_for

from tests.builders import TOKEN, a_text

Start = Callable[..., httpx.Client]
AS_DESCRIBED = validator_for(
    json.loads((Path(__file__).parents[3] / "docs/log-line.schema.json").read_text(encoding="utf-8"))
)
PATIENCE_SECONDS = 5.0
PATH = f"/webhook/whaticket/{TOKEN}"

pytestmark = pytest.mark.parametrize("log", ["json"], indirect=True)


def lines(log: io.StringIO, event: str) -> list[dict[str, Any]]:
    """Return the lines of one event, each as the schema describes it; they are written once the answer is complete."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    found: list[dict[str, Any]] = []
    while not found and time.monotonic() < deadline:
        time.sleep(0.01)
        written = [json.loads(line) for line in log.getvalue().splitlines()]
        found = [line for line in written if line["message"] == event]
    for line in written:
        AS_DESCRIBED.validate(line)
    return found


def test_a_slow_event_says_which_step_was_slow(
    site: httpx.Client, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above the limit it is a warning, and its milliseconds are told by step."""
    monkeypatch.setattr("secretaria.web.webhook.SLOW_SECONDS", 0.0)
    site.post(PATH, json=a_text())
    (line,) = lines(log, "webhook_received")
    assert (line["level"], line["status"], sorted(line["step_milliseconds"])) == (
        "WARNING",
        "accepted",
        ["kept", "read"],
    )
    assert sum(line["step_milliseconds"].values()) <= line["milliseconds"] + 0.2  # each is rounded


def test_an_event_that_could_not_be_kept_says_why(start: Start, log: io.StringIO) -> None:
    """PostgreSQL is away and there is no spool: the kind of the failure, and how long it was waited for."""
    site = start(DATABASE_URL="postgresql://ninguem@/nada?host=/nonexistent")
    assert site.post(PATH, json=a_text()).status_code == 503
    (line,) = lines(log, "webhook_received")
    assert (line["level"], line["status"], line["reason"]) == ("ERROR", "unavailable", "SpoolFull")
    assert "kept" in line["step_milliseconds"]


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        (PATH, b"{", ("WARNING", "unreadable", "PayloadUnreadable")),
        (PATH, b"{}", ("WARNING", "unreadable", "PayloadUnusable")),
        ("/webhook/whaticket/errado", b"{}", ("DEBUG", "unauthorized", "SignatureInvalid")),
    ],
)
def test_a_refused_event_says_of_what_kind(
    site: httpx.Client, log: io.StringIO, path: str, body: bytes, told: tuple[str, str, str]
) -> None:
    """What an authentic sender cannot make us read is worth a look; a stranger is noise."""
    site.post(path, content=body)
    (line,) = lines(log, "webhook_received")
    assert (line["level"], line["status"], line["reason"]) == told


def test_a_fault_says_of_what_kind(site: httpx.Client, log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line for the request, beside the traceback."""

    async def fail(*_: object) -> None:
        raise KeyError("canario")

    monkeypatch.setattr("secretaria.web.webhook.receive_together", fail)
    assert site.post(PATH, json=a_text()).status_code == 500
    (line,) = lines(log, "webhook_received")
    assert (line["level"], line["status"], line["reason"]) == ("ERROR", "error", "KeyError")


def test_another_request_says_what_was_postgresqls(start: Start, log: io.StringIO) -> None:
    """A login that knows nobody has looked for them."""
    site = start(JWT_SECRET="chave-de-teste-com-mais-de-32-bytes-1")
    site.post("/auth/token", json={"login": "ninguem", "password": "senha-inventada"})
    (line,) = lines(log, "request_answered")
    assert (line["status"], line["reason"]) == (401, "CredentialsWrong")
    assert line["statements"] > 0
    assert 0 < line["sql_milliseconds"] <= line["milliseconds"]


@pytest.mark.parametrize(
    ("body", "kind"), [({"login": 1}, "ValidationException"), ({"login": "x", "password": "y"}, "EntranceClosed")]
)
def test_another_request_says_of_what_kind_its_failure_was(
    site: httpx.Client, log: io.StringIO, body: dict[str, Any], kind: str
) -> None:
    """The name of the error, ours or the framework's, never its words."""
    site.post("/auth/token", json=body)
    (line,) = lines(log, "request_answered")
    assert (line["reason"], line["statements"]) == (kind, 0)
