"""The route of Alertmanager: for whoever has its token and nobody else, and only for what Alertmanager writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import redis

from tests.answering import WHATICKET_TOKEN, WhaticketSite
from tests.integration.web.conftest import Start

KEY = "ficha-dos-alertas-0001"
OWNER = "5520900000900"
BEARER = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture
def watched(start: Start, whaticket: WhaticketSite, valkey: redis.Redis) -> httpx.Client:  # noqa: ARG001  # emptied
    """Run a service that has an owner to tell."""
    return start(
        ALERTS_TOKEN=KEY,
        SECRETARIA__ALERTS__OWNER_NUMBER=OWNER,
        WHATICKET_URL=whaticket.url,
        WHATICKET_TOKEN=WHATICKET_TOKEN,
    )


def a_notice(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  # whatever a field may hold
    """Return what Alertmanager 0.25 posts, with changes to its one alert."""
    alert = {
        "status": "firing",
        "labels": {"alertname": "NenhumWorker", "severity": "critical"},
        "annotations": {"summary": "Nenhum worker está vivo.", "runbook": "docs/operacao/NenhumWorker.md"},
        "startsAt": "2026-03-02T12:00:00.000Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph",
        "fingerprint": "16b8a4d3b1c2e5f0",
    }
    told = {"groupLabels": {"alertname": "NenhumWorker"}, "externalURL": "http://alertmanager:9093"}
    return {"version": "4", "status": "firing", "receiver": "owner", **told, "alerts": [{**alert, **changes}]}


def test_a_notice_reaches_the_owner_once(watched: httpx.Client, whaticket: WhaticketSite) -> None:
    """What Alertmanager posts becomes a message; its repetition does not."""
    answers = [watched.post("/alerts", json=a_notice(), headers=BEARER) for _ in range(2)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"told": 1}), (200, {"told": 0})]
    assert [sent.number for sent in whaticket.ledger.sent()] == [OWNER]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer errado"}, {"X-Webhook-Token": KEY}])
def test_without_its_token_it_is_not_there(
    watched: httpx.Client, whaticket: WhaticketSite, headers: dict[str, str]
) -> None:
    """Not for our own networks either: a page opened in a browser inside of them could post."""
    assert watched.post("/alerts", json=a_notice(), headers=headers).status_code == 404
    assert whaticket.bodies() == []


def test_an_empty_token_opens_nothing(site: httpx.Client) -> None:
    """A service that was given none has no such route."""
    assert site.post("/alerts", json=a_notice(), headers={"Authorization": "Bearer"}).status_code == 404


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: [],
        lambda notice: {**notice, "version": "3"},
        lambda notice: {**notice, "alerts": notice["alerts"] * 201},
        lambda _: a_notice(status="pending"),
        lambda _: a_notice(fingerprint="16b8 *"),
        lambda _: a_notice(labels={"severity": "critical"}),
        lambda _: a_notice(labels={"alertname": "x\ny"}),
        lambda _: a_notice(annotations={"summary": "x" * 2001}),
        lambda _: a_notice(annotations={"runbook": "https://outro.exemplo.com?x"}),
    ],
)
def test_what_alertmanager_does_not_write_is_refused(
    watched: httpx.Client, whaticket: WhaticketSite, spoil: Callable[[dict[str, Any]], Any]
) -> None:
    """Nothing of it is sent."""
    assert watched.post("/alerts", json=spoil(a_notice()), headers=BEARER).status_code == 400
    assert whaticket.bodies() == []


def test_a_notice_has_its_size(watched: httpx.Client) -> None:
    """Nobody sends alerts of many kilobytes."""
    assert watched.post("/alerts", content=b" " * 262_145, headers=BEARER).status_code == 413


def test_alertmanager_is_asked_to_come_again(watched: httpx.Client, whaticket: WhaticketSite) -> None:
    """While Whaticket takes nothing the answer is one that Alertmanager repeats."""
    whaticket.faults.fail_next("ERR_WAPP_NOT_INITIALIZED", 9)
    answer = watched.post("/alerts", json=a_notice(), headers=BEARER)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
