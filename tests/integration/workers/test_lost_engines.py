"""A queue that forgets, a database that goes away and an error of ours: the worker goes on and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from sqlalchemy import Engine

from secretaria.inbox.receive import Door
from secretaria.outbox.delivery import deliver_item
from secretaria.queue.heartbeats import living_workers
from secretaria.simulation.ledger import Sent
from tests.answering import (
    PATIENCE_SECONDS,
    RunWorker,
    WhaticketSite,
    captured_lines,
    customer_writes,
    drop_connections,
    wait_until,
)
from tests.builders import rows
from tests.scripted_model import ScriptedModel


def test_flushed_redis_loses_nothing(
    run_worker: RunWorker, door: Door, valkey: redis.Redis, engine: Engine, whaticket: WhaticketSite
) -> None:
    """While Redis is emptied again and again every customer still gets the answer, once."""
    numbers = [f"55209000003{number:02d}" for number in range(6)]
    with run_worker():
        for number in numbers:
            customer_writes(door, number=number, message_id=number)
            valkey.flushall()
            time.sleep(0.1)
        for _ in range(10):
            valkey.flushall()
            time.sleep(0.05)
        whaticket.ledger.wait_for(len(numbers), PATIENCE_SECONDS)
        wait_until(lambda: all(item["state"] == "sent" for item in rows(engine, "outbox_item")))
    assert sorted(sent.number for sent in whaticket.ledger.sent()) == numbers
    assert len(rows(engine, "reply")) == len(numbers)


def test_lost_database_postpones(
    run_worker: RunWorker,
    door: Door,
    engine: Engine,
    valkey: redis.Redis,
    address: Path,
    whaticket: WhaticketSite,
) -> None:
    """A job that finds no database ends quietly and leaves nothing in Redis; once it is back the sweep goes on."""
    folder = address.readlink()
    with captured_lines() as lines, run_worker():
        wait_until(lambda: living_workers(valkey))
        address.unlink()
        drop_connections(engine)
        customer_writes(door)
        wait_until(lambda: "job_postponed" in [line["message"] for line in lines])
        wait_until(lambda: "sweep_postponed" in [line["message"] for line in lines])
        assert rows(engine, "inbox_event")[0]["state"] == "received"
        wait_until(lambda: not valkey.exists("secretaria:jobs:inbox.XQ", "secretaria:jobs:inbox.msgs"))
        address.symlink_to(folder)
        whaticket.ledger.wait_for(1, PATIENCE_SECONDS)
        wait_until(lambda: rows(engine, "outbox_item")[0]["state"] == "sent")
    assert len(whaticket.ledger.sent()) == 1
    (postponed,) = (line for line in lines if line["message"] == "job_postponed")
    assert postponed["extra"]["correlation_id"] == str(rows(engine, "inbox_event")[0]["id"])


def test_database_lost_while_the_model_thinks(
    run_worker: RunWorker,
    door: Door,
    engine: Engine,
    address: Path,
    model: ScriptedModel,
    whaticket: WhaticketSite,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A reply that could not be written is thought again when the lease is over, and said once."""
    monkeypatch.setattr("secretaria.replies.answer.LEASE_SECONDS", 1.5)
    folder = address.readlink()

    def lose() -> None:
        address.unlink()
        drop_connections(engine)

    model.meanwhile.append(lose)
    with captured_lines() as lines, run_worker():
        customer_writes(door)
        wait_until(lambda: "job_postponed" in [line["message"] for line in lines])
        assert rows(engine, "turn")[0]["state"] == "answering"
        address.symlink_to(folder)
        whaticket.ledger.wait_for(1, PATIENCE_SECONDS)
    assert len(whaticket.ledger.sent()) == len(rows(engine, "reply")) == 1
    assert len(model.asked) == 2
    assert rows(engine, "turn")[0]["failures"] == 1


def test_database_lost_while_whaticket_sends(
    run_worker: RunWorker, door: Door, engine: Engine, address: Path, whaticket: WhaticketSite
) -> None:
    """What Whaticket answered is kept in mind until the database is back: a send that succeeded is not in doubt."""
    folder = address.readlink()

    def lose(_: Sent) -> None:
        address.unlink()
        drop_connections(engine)

    stop_listening = whaticket.ledger.subscribe(lose)
    with captured_lines() as lines, run_worker():
        customer_writes(door)
        wait_until(lambda: "sweep_postponed" in [line["message"] for line in lines])
        time.sleep(0.3)
        assert rows(engine, "outbox_item")[0]["state"] == "sending"
        stop_listening()
        address.symlink_to(folder)
        wait_until(lambda: rows(engine, "outbox_item")[0]["state"] != "sending")
    assert [item["state"] for item in rows(engine, "outbox_item")] == ["sent"]
    assert len(whaticket.ledger.sent()) == 1


def test_fault_of_ours_ends_only_its_job(
    run_worker: RunWorker,
    door: Door,
    valkey: redis.Redis,
    whaticket: WhaticketSite,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An unforeseen error in one job is told, keeps nothing in Redis, and the row is worked on a moment later."""
    monkeypatch.setattr("secretaria.workers.delivery.deliver_item", _failing_once())
    with captured_lines() as lines, run_worker():
        customer_writes(door)
        whaticket.ledger.wait_for(1, PATIENCE_SECONDS)
        (failed,) = (line for line in lines if line["message"] == "job_failed")
        assert failed["extra"]["item_id"] == "1"
        assert valkey.exists("secretaria:jobs:outbox.XQ") == 0


def _failing_once() -> Callable[..., None]:
    calls: list[object] = []

    def deliver(*args: object) -> None:
        calls.append(args)
        if len(calls) == 1:
            raise ZeroDivisionError
        deliver_item(*args)  # type: ignore[arg-type]  # passed on as they came

    return deliver
