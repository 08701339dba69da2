"""The send API of the simulated Whaticket over real HTTP: statuses, bodies and faults of each edition."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest

from secretaria.settings import Flavour
from tests.integration.simulation.sites import AUTHORIZED, NUMBER, Open, Site

PAYLOADS = Path(__file__).parents[2] / "fixtures" / "payloads"


def test_community_says_nothing_when_it_sent(community: Site) -> None:
    """Success is 200 with an empty body, no content type and a length of 0; the ledger knows more."""
    answer = community.send("Olá, Ana!")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")
    assert "content-type" not in answer.headers
    (sent,) = community.ledger.sent()
    assert (sent.number, sent.body, sent.ticket_id, sent.at) == (NUMBER, "Olá, Ana!", 1, community.clock.now())


@pytest.mark.parametrize(("flavour", "said"), [("saas", "Mensagem enviada"), ("ticketz", "Message added to queue")])
def test_saas_and_ticketz_answer_in_json(open_site: Open, flavour: Flavour, said: str) -> None:
    """Their success is a sentence, and no message id either."""
    assert open_site(flavour).send().json() == {"mensagem": said}


@pytest.mark.parametrize(
    ("case", "headers", "number"),
    [
        ("no Authorization header", {}, NUMBER),
        ("wrong token", {"Authorization": "Bearer errado"}, NUMBER),
        ("number missing", AUTHORIZED, None),
        ("number with letters", AUTHORIZED, "Ana"),
        ("number empty", AUTHORIZED, ""),
    ],
)
def test_community_refuses_as_recorded(community: Site, case: str, headers: dict[str, str], number: object) -> None:
    """Each refusal is, status and body, the one recorded from a running copy; nothing is sent."""
    recorded = {item["case"]: item for item in json.loads((PAYLOADS / "community-send-responses.json").read_text())}
    answer = community.http.post("/api/messages/send", json={"number": number, "body": "oi"}, headers=headers)
    assert (answer.status_code, answer.json()) == (recorded[case]["status"], recorded[case]["body"])
    assert community.ledger.sent() == ()


def test_every_recorded_session_error_can_be_switched_on(community: Site) -> None:
    """The errors that depend on WhatsApp come out as recorded, with nothing sent."""
    codes = ["ERR_NO_DEF_WAPP_FOUND", "ERR_WAPP_NOT_INITIALIZED", "ERR_WAPP_INVALID_CONTACT", "ERR_WAPP_CHECK_CONTACT"]
    for code in codes:
        community.faults.fail_next(code)
    answers = [community.send() for _ in codes]
    assert [(answer.status_code, answer.json()["error"]) for answer in answers] == [(400, code) for code in codes]
    assert community.ledger.sent() == ()
    assert community.send().status_code == 200


def test_a_jwt_does_not_open_the_send_api(community: Site) -> None:
    """The panel's token is refused with 403 where the static one is wanted."""
    answer = community.http.post(
        "/api/messages/send", json={"number": NUMBER, "body": "oi"}, headers=community.log_in()
    )
    assert answer.status_code == 403


def test_a_template_never_reaches_the_phone(community: Site) -> None:
    """Tags disappear from the text; an open one is refused for ever and nothing is sent."""
    community.send("oi {{nome}}, custa R$ 180")
    assert community.ledger.sent()[0].body == "oi , custa R$ 180"
    assert community.send("custa {{ 180").json() == {"error": "ERR_SENDING_WAPP_MSG"}
    assert len(community.ledger.sent()) == 1


def test_a_text_too_long_for_the_column_is_sent_and_refused(community: Site) -> None:
    """The 400 comes after the send: a 4xx proves nothing."""
    answer = community.send("á" * 33_000)
    assert (answer.status_code, answer.json()) == (400, {"error": "ERR_SENDING_WAPP_MSG"})
    assert len(community.ledger.sent()) == 1


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        ("400_after_send", 400, '{"error":"ERR_SENDING_WAPP_MSG"}'),
        ("500_after_send", 500, '{"error":"Internal server error"}'),
    ],
)
def test_errors_may_come_after_the_send(community: Site, fault: str, status: int, body: str) -> None:
    """The customer has the message although the API says it failed."""
    community.faults.fail_next(fault)
    answer = community.send()
    assert (answer.status_code, answer.text) == (status, body)
    assert len(community.ledger.sent()) == 1


@pytest.mark.parametrize(
    ("fault", "error", "sent"),
    [
        ("hang", httpx.ReadTimeout, 0),
        ("hang_after_send", httpx.ReadTimeout, 1),
        ("reset", httpx.ReadError, 0),
        ("reset_after_send", httpx.ReadError, 1),
    ],
)
def test_connections_may_break(community: Site, fault: str, error: type[Exception], sent: int) -> None:
    """A silent or reset connection leaves the caller in the dark, before or after the send."""
    community.faults.fail_next(fault)
    with pytest.raises(error):
        community.http.post(
            "/api/messages/send", json={"number": NUMBER, "body": "oi"}, headers=AUTHORIZED, timeout=0.2
        )
    assert len(community.ledger.sent()) == sent
    assert community.send().status_code == 200


def test_a_proxy_may_answer_in_html(community: Site) -> None:
    """The 502 of a proxy in front is a page, not JSON, and nothing was sent."""
    community.faults.fail_next("html_502")
    answer = community.send()
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert community.ledger.sent() == ()


def test_a_send_may_take_its_time(community: Site) -> None:
    """The delay comes before the physical send."""
    community.faults.delay_seconds = 0.2
    began = time.monotonic()
    community.send()
    assert time.monotonic() - began >= 0.2


def test_a_wrong_path_is_an_html_page(community: Site) -> None:
    """Express answers unknown routes with a page."""
    answer = community.http.get("/api/messages/send")
    assert (answer.status_code, answer.text) == (404, "<!DOCTYPE html><pre>Cannot GET /api/messages/send</pre>")


def test_saas_closes_after_a_send_when_asked(open_site: Open) -> None:
    """A send with closeTicket closes the ticket it went to."""
    site = open_site("saas")
    site.send(closeTicket=True)
    assert site.book.tickets()[0].status == "closed"
