"""PostgreSQL dies, or hangs, while customers write: every 202 is kept, in order and once, and every customer answered."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import pytest
from sqlalchemy import Engine, text

from secretaria.database.engine import build_engine
from secretaria.local.home import EngineHome
from secretaria.local.postgres import database_url
from secretaria.simulation.phone import Phone, text_event
from tests.acceptance.conftest import Shop, open_shop
from tests.builders import SECRET

CUSTOMERS = 6
MESSAGES = 24
GAP_SECONDS = 0.25
HANGS_SECONDS = 4.0
SETTLE_SECONDS = 90.0
KEPT = """
    SELECT event.id, message.text, event.state, turn.state AS turn
    FROM inbox_event AS event
    LEFT JOIN message ON message.event_id = event.id
    LEFT JOIN turn ON turn.id = message.turn_id
    LEFT JOIN conversation ON conversation.id = message.conversation_id
    LEFT JOIN contact ON contact.id = conversation.contact_id
    WHERE contact.number = :number
    ORDER BY event.received_at
"""
UNSETTLED = """
    SELECT (SELECT count(*) FROM inbox_event WHERE state = 'received')
         + (SELECT count(*) FROM turn WHERE state IN ('waiting', 'answering'))
         + (SELECT count(*) FROM outbox_item WHERE state IN ('pending', 'sending'))
"""


@dataclass(frozen=True)
class Customer:
    """Who wrote what, and which events the door acknowledged."""

    number: str
    texts: list[str]
    events: list[str]


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_every_202_is_kept_in_order_and_once(how: str) -> None:
    """With PostgreSQL killed with -9, or stopped for seconds, no connection is refused and nothing accepted is lost."""
    with open_shop() as shop:
        outage: Callable[[Shop], None] = kill_postgresql if how == "killed" else stop_postgresql
        with ThreadPoolExecutor(CUSTOMERS + 1) as threads:
            writing = [threads.submit(write, shop, f"55209000020{n:02d}") for n in range(CUSTOMERS)]
            time.sleep(GAP_SECONDS * 3)
            threads.submit(outage, shop).result()
            customers = [one.result() for one in writing]
        engine = build_engine(database_url(EngineHome(Path(shop.environment["SECRETARIA_HOME"]).resolve())))
        settle(shop, engine)
        for customer in customers:
            kept = kept_of(engine, customer.number)
            assert [row[0] for row in kept] == customer.events
            assert [row[1] for row in kept] == customer.texts
            assert {row[2] for row in kept} == {"filed"}
            turns = {row[3] for row in kept}
            assert turns <= {"answered", "handed_off", "silenced"}
            assert "silenced" not in turns or "handed_off" in turns  # who repeats a question for long gets a person
            said = [sent.body for sent in shop.ledger.sent(customer.number)]
            assert 1 <= len(said) <= sent_items(engine, customer.number)
        engine.dispose()
        assert "spooling_began" in "\n".join(shop.said)
        assert "spooling_ended" in "\n".join(shop.said)


def write(shop: Shop, number: str) -> Customer:
    """Type one message after another, each signed; all of them must be accepted."""
    texts = ["oi", *(f"qnt ta a limpeza da sala {place}?" for place in range(1, MESSAGES))]  # so that order shows
    events = []
    with Phone(shop.url, secret=SECRET) as phone:
        for position, said in enumerate(texts):
            status, answer = phone.post(
                text_event(number, said, f"{number}-{position}", datetime.now(UTC), "Juliana Prates")
            )
            assert (status, answer["queued"]) == (202, True)
            events.append(answer["event"])
            time.sleep(GAP_SECONDS)
    return Customer(number, texts, events)


def kill_postgresql(shop: Shop) -> None:
    """Kill the server as an out-of-memory killer would; whoever supervises it brings it back."""
    os.kill(postmaster(shop), signal.SIGKILL)


def stop_postgresql(shop: Shop) -> None:
    """Freeze every process of the server for a while: connections are accepted by the kernel and nobody answers."""
    server = psutil.Process(postmaster(shop))
    frozen = [server]
    server.suspend()
    for child in server.children(recursive=True):
        child.suspend()
        frozen.append(child)
    begun = time.monotonic()
    while time.monotonic() - begun < HANGS_SECONDS:
        ready = httpx.get(f"{shop.url}/readyz", timeout=10, trust_env=False)
        assert (ready.status_code, ready.json()["status"]) == (200, "spooling")
        assert httpx.get(f"{shop.url}/healthz", timeout=10, trust_env=False).status_code == 503
    for process in frozen:
        process.resume()


def postmaster(shop: Shop) -> int:
    """Return the process id of the shop's PostgreSQL."""
    data = EngineHome(Path(shop.environment["SECRETARIA_HOME"]).resolve()).postgres_data
    return int((data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])


def settle(shop: Shop, engine: Engine) -> None:
    """Wait until nothing is on the spool and nothing waits for a worker."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        assert time.monotonic() < deadline, "\n".join(shop.said)
        time.sleep(0.5)
        if httpx.get(f"{shop.url}/readyz", timeout=10, trust_env=False).json() != {"status": "ok"}:
            continue
        with engine.connect() as connection:
            if connection.execute(text(UNSETTLED)).scalar_one() == 0:
                return


def kept_of(engine: Engine, number: str) -> list[tuple[str, str, str, str]]:
    """Return event, text, state and state of the turn of all that a customer wrote, in order of arrival."""
    with engine.connect() as connection:
        found = connection.execute(text(KEPT), {"number": number})
        return [(str(row.id), row.text, row.state, row.turn) for row in found]


def sent_items(engine: Engine, number: str) -> int:
    """Return how many bubbles may have reached a customer: one send for each item that is not known to have failed."""
    counted = "SELECT count(*) FROM outbox_item WHERE number = :number AND state IN ('sent', 'unconfirmed', 'held')"
    with engine.connect() as connection:
        return int(connection.execute(text(counted), {"number": number}).scalar_one())
