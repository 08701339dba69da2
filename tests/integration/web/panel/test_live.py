"""The stream of an open page: it tells what changed, goes on where it broke off, and ends with the session."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import pytest
import redis
from sqlalchemy import Engine
from sqlmodel import Session

from secretaria.attendants.sessions import PREFIX
from secretaria.conversations.feed import newest_cursor
from secretaria.conversations.models import Contact, Conversation
from secretaria.web.access import ACCESS_COOKIE
from secretaria.web.panel import live
from tests.integration.web.panel.conftest import Browser

NOW = datetime(2026, 8, 11, 13, 0, tzinfo=UTC)


def a_conversation(engine: Engine, number: int) -> int:
    """Let somebody new appear, which is an entry of the feed as soon as its mode changes."""
    with Session(engine) as session:
        contact = Contact(identity_key=str(number), number=f"552090000{number:04d}", created_at=NOW)
        session.add(contact)
        session.flush()
        conversation = Conversation(
            contact_id=contact.id or 0,
            channel="principal",
            mode_changed_at=NOW,
            episode_at=NOW,
            last_message_at=NOW,
            created_at=NOW,
        )
        session.add(conversation)
        session.commit()
        return conversation.id or 0


def change(engine: Engine, conversation_id: int, mode: str) -> None:
    """Let something happen in a conversation."""
    with Session(engine) as session:
        session.get_one(Conversation, conversation_id).mode = mode
        session.commit()


def cursor_now(engine: Engine) -> str:
    """Return from where only what happens from now on is told."""
    with Session(engine) as session:
        return newest_cursor(session)


@contextmanager
def stream(browser: Browser, query: str, **headers: str) -> Iterator[Iterator[str]]:
    """Follow the stream as an open page does."""
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    with browser.site.stream("GET", f"/painel/ao-vivo?{query}", headers={"Cookie": cookies, **headers}) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        yield answer.iter_lines()


def until(lines: Iterator[str], wanted: str) -> list[str]:
    """Read until a line comes, and return all that came before."""
    before: list[str] = []
    for line in lines:
        if line == wanted:
            return before
        before.append(line)
    raise AssertionError(before)


def test_a_change_is_told_and_a_reconnect_goes_on_from_there(browser: Browser, engine: Engine) -> None:
    """What happened while nobody listened comes first; of another conversation only the list is told."""
    browser.enter("vera")
    one, other = a_conversation(engine, 1), a_conversation(engine, 2)
    with stream(browser, f"depois={cursor_now(engine)}&conversa={one}") as lines:
        until(lines, ": ok")
        change(engine, one, "waiting")
        before = until(lines, "event: thread")
        assert "event: board" in before
        last = before[-1].removeprefix("id: ")
    change(engine, other, "waiting")
    with stream(browser, f"depois=0-0&conversa={one}", **{"Last-Event-ID": last}) as lines:
        told = until(lines, "event: board")
        assert "event: thread" not in told


def test_a_cursor_of_another_database_begins_anew(browser: Browser, engine: Engine) -> None:
    """After a restored backup the page is told that everything may be otherwise."""
    browser.enter("vera")
    a_conversation(engine, 1)
    with stream(browser, "depois=9000000000000000000-1&conversa=1") as lines:
        until(lines, "event: thread")


def test_it_ends_when_the_session_does(
    browser: Browser, valkey: redis.Redis, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the next heartbeat, and not by looking at the page that it is used."""
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.3)
    browser.enter("vera")
    (session,) = valkey.keys(f"{PREFIX}*")
    valkey.expire(session, 1000)
    with stream(browser, f"depois={cursor_now(engine)}") as lines:
        valkey.expire(session, 500)
        until(lines, ": ")
        assert int(str(valkey.ttl(session))) <= 500
        valkey.delete(session)
        until(lines, "event: over")
        assert list(lines)[-1:] == [""]


def test_what_a_page_asks_by_itself_prolongs_no_session(browser: Browser, valkey: redis.Redis) -> None:
    """Not even when it renews the cookies on the way; a click does."""
    browser.enter("vera")
    (session,) = valkey.keys(f"{PREFIX}*")
    valkey.expire(session, 500)
    assert browser.get("/painel/conversas/lista").status_code == 200
    del browser.cookies[ACCESS_COOKIE]
    assert browser.get("/painel/conversas/lista").status_code == 200
    assert valkey.ttl(session) <= 500
    assert browser.get("/painel/conversas").status_code == 200
    assert valkey.ttl(session) > 500


def test_open_pages_hold_no_thread_and_no_connection(browser: Browser, engine: Engine) -> None:
    """Thirty of them wait in one thread, and others are served meanwhile."""
    browser.enter("vera")
    query = f"depois={cursor_now(engine)}"
    before = threading.active_count()
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    with httpx.Client(
        base_url=browser.site.base_url, trust_env=False, limits=httpx.Limits(max_connections=None)
    ) as site:
        opened = [
            site.send(site.build_request("GET", f"/painel/ao-vivo?{query}", headers={"Cookie": cookies}), stream=True)
            for _ in range(30)
        ]
        assert browser.get("/painel/conversas").status_code == 200
        grown = threading.active_count() - before
        for answer in opened:
            answer.close()
    assert grown < 30
