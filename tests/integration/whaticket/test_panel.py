"""The panel against the simulated Whaticket over HTTP: sessions that renew themselves, tickets and messages."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from secretaria.settings import Flavour
from secretaria.whaticket.http_panel import HttpPanel
from secretaria.whaticket.panel import PanelClosed, PanelUnavailable
from tests.answering import OpenWhaticket, WhaticketSite
from tests.builders import NUMBER
from tests.scripted_model import Asgi, Stage


class Recorder:
    """Keeps which requests reach a Whaticket, and lets it forget its sessions or fall ill."""

    def __init__(self, inner: Asgi) -> None:
        self.inner = inner
        self.asked: list[str] = []
        self.broken: dict[str, tuple[int, bytes]] = {}

    async def __call__(self, scope: Any, receive: Asgi, send: Asgi) -> None:  # noqa: ANN401  # an ASGI scope
        """Pass on, or answer as told for this path."""
        path = scope["path"]
        self.asked.append(f"{scope['method']} {path}")
        if path not in self.broken:
            await self.inner(scope, receive, send)
            return
        status, body = self.broken[path]
        await send({"type": "http.response.start", "status": status, "headers": [(b"location", b"/livre")]})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def asked(whaticket: WhaticketSite, whaticket_stage: Stage) -> Recorder:
    """Listen at the door of the Whaticket of the test, which has one ticket."""
    whaticket.book.receive(NUMBER, "oi", message_id="3EB0AA", name="Juliana Prates")
    assert whaticket_stage.app is not None
    recorder = Recorder(whaticket_stage.app)
    whaticket_stage.app = recorder
    return recorder


@pytest.fixture
def panel(whaticket: WhaticketSite) -> Iterator[HttpPanel]:
    """Connect to it."""
    with closing(whaticket.panel()) as opened:
        yield opened


def test_one_login_serves_many_calls(panel: HttpPanel, asked: Recorder) -> None:
    """Who asks often logs in once."""
    for _ in range(3):
        panel.list_tickets("pending")
    assert asked.asked == ["POST /auth/login", *["GET /tickets"] * 3]


def test_session_is_refreshed_before_it_ends(panel: HttpPanel, asked: Recorder, whaticket: WhaticketSite) -> None:
    """A minute before the token's fifteen are over the cookie buys a new one; no call meets a dead token."""
    panel.list_tickets("pending")
    whaticket.clock.advance(14 * 60 - 1)
    panel.list_tickets("pending")
    assert asked.asked.count("POST /auth/refresh_token") == 0
    whaticket.clock.advance(1)
    panel.list_tickets("pending")
    assert asked.asked[-2:] == ["POST /auth/refresh_token", "GET /tickets"]
    assert asked.asked.count("POST /auth/login") == 1


def test_expired_cookie_leads_to_a_login(panel: HttpPanel, asked: Recorder, whaticket: WhaticketSite) -> None:
    """After a week of silence the cookie is dead too: the password opens again."""
    panel.list_tickets("pending")
    whaticket.clock.advance(8 * 24 * 3600)
    assert len(panel.list_tickets("pending").tickets) == 1
    assert asked.asked[-3:] == ["POST /auth/refresh_token", "POST /auth/login", "GET /tickets"]


def test_forgotten_session_is_opened_again(
    panel: HttpPanel, asked: Recorder, open_whaticket: OpenWhaticket, whaticket_stage: Stage
) -> None:
    """A Whaticket that restarted knows no token of ours: refresh, then login, and the answer comes."""
    panel.list_tickets("pending")
    open_whaticket()
    assert whaticket_stage.app is not None
    asked.inner, whaticket_stage.app = whaticket_stage.app, asked
    asked.asked.clear()
    panel.list_tickets("pending")
    assert asked.asked == ["GET /tickets", "POST /auth/refresh_token", "POST /auth/login", "GET /tickets"]


def test_refusal_does_not_loop(panel: HttpPanel, asked: Recorder) -> None:
    """A user who may not do something is told so after one refresh and one login."""
    panel.list_tickets("pending")
    asked.asked.clear()
    asked.broken["/tickets"] = (403, b'{"error": "ERR_NO_PERMISSION"}')
    with pytest.raises(PanelUnavailable) as caught:
        panel.list_tickets("pending")
    assert (caught.value.status, caught.value.error) == (403, "ERR_NO_PERMISSION")
    assert [one.split("/")[-1] for one in asked.asked] == ["tickets", "refresh_token", "tickets", "login", "tickets"]


def test_wrong_password_is_not_hammered(whaticket: WhaticketSite, asked: Recorder) -> None:
    """Some editions count logins that fail: after one, a minute passes before the next."""
    with closing(whaticket.panel(password="outra")) as closed:
        for _ in range(3):
            with pytest.raises(PanelClosed):
                closed.list_tickets("pending")
        assert asked.asked == ["POST /auth/login"]
        whaticket.clock.advance(60)
        with pytest.raises(PanelClosed):
            closed.list_tickets("pending")
    assert asked.asked == ["POST /auth/login"] * 2


@pytest.mark.parametrize(
    "answer",
    [
        (500, b'{"error": "Internal server error"}'),
        (502, b"<html>"),
        (302, b""),
        (200, b"[]"),
        (200, b"{"),
        (200, b"{}"),
    ],
)
def test_what_is_no_answer_is_said(panel: HttpPanel, asked: Recorder, answer: tuple[int, bytes]) -> None:
    """A page, a redirect, an error and half an answer are not an empty list; none of them is followed or repeated."""
    asked.broken["/tickets"] = answer
    with pytest.raises(PanelUnavailable):
        panel.list_tickets("pending")
    assert asked.asked == ["POST /auth/login", "GET /tickets"]


def test_nobody_answers(whaticket: WhaticketSite) -> None:
    """A Whaticket that is away is said by the kind of failure, without its address."""
    whaticket.url = "http://127.0.0.1:1"
    with closing(whaticket.panel()) as away, pytest.raises(PanelUnavailable) as caught:
        away.find_tickets(NUMBER)
    assert (caught.value.error, caught.value.status) == ("ConnectError", None)


def test_threads_share_one_session(panel: HttpPanel, asked: Recorder) -> None:
    """Of eight calls at the same moment one logs in."""
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda _: panel.list_tickets("pending"), range(8)))
    assert all(len(page.tickets) == 1 for page in pages)
    assert asked.asked.count("POST /auth/login") == 1


def test_ticket_is_found_however_the_ninth_digit_comes(panel: HttpPanel, whaticket: WhaticketSite) -> None:
    """The tickets of a person and nobody else's, those that somebody works on first."""
    closed = whaticket.book.receive("552000000101", "oi")
    whaticket.book.change(closed, {"status": "closed"})
    whaticket.clock.advance(60)
    whaticket.book.receive(NUMBER, "oi de novo", name="Juliana Prates")
    whaticket.book.receive("5521900000101", "outro DDD")
    found = panel.find_tickets(NUMBER)
    assert [(ticket.id, ticket.status) for ticket in found] == [(2, "pending"), (1, "closed")]
    assert (found[0].name, found[0].unread, found[0].last_message) == ("Juliana Prates", 1, "oi de novo")
    assert found[0].updated_at == whaticket.clock.now()
    assert whaticket.book.seen == []


def test_messages_come_newest_first(panel: HttpPanel, asked: Recorder, whaticket: WhaticketSite) -> None:
    """Pages of twenty, newest first, with WhatsApp's ids; reading them shows "seen", as it does."""
    assert asked.asked == []
    for number in range(21):
        whaticket.clock.advance(1)
        whaticket.book.receive(NUMBER, f"mensagem {number}", message_id=f"M{number}")
    first, second = panel.messages(1), panel.messages(1, 2)
    assert [one.id for one in (*first.messages, *second.messages)] == [f"M{n}" for n in range(20, -1, -1)] + ["3EB0AA"]
    assert (first.has_more, second.has_more, whaticket.book.seen) == (True, False, [1, 1])
    assert not first.messages[0].from_me
    assert first.messages[0].at == whaticket.clock.now()


@pytest.mark.parametrize("flavour", ["community", "saas"])
def test_ticket_is_moved(open_whaticket: OpenWhaticket, flavour: Flavour) -> None:
    """The ticket waits in the queue with nobody; beside another open one it may not, and that is said."""
    site = open_whaticket(flavour)
    site.book.change(site.book.receive(NUMBER, "oi"), {"status": "open", "userId": 7})
    with closing(site.panel()) as panel:
        moved = panel.change_ticket(1, status="pending", user_id=None, queue_id=3)
        assert (moved.status, moved.user_id, moved.queue_id) == ("pending", None, 3)
        site.book.change(site.book.tickets()[0], {"status": "closed"})
        site.book.receive(NUMBER, "oi de novo")
        with pytest.raises(PanelUnavailable) as caught:
            panel.change_ticket(1, status="pending", user_id=None, queue_id=3)
    assert (caught.value.status, caught.value.error) == (
        (400, "ERR_OTHER_OPEN_TICKET") if flavour == "community" else (500, "(unlisted)")
    )
