"""Two workers under a storm of faults, judged by what reached the customers and by the rows that are left."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
import redis
from sqlalchemy import Engine

from secretaria.inbox.receive import Door
from tests.answering import DOUBTS, RunWorker, WhaticketSite, customer_writes, drop_connections, wait_until
from tests.builders import rows
from tests.scripted_model import ScriptedModel

SHORT_WAITS: dict[str, object] = {
    "secretaria.replies.answer.LEASE_SECONDS": 2.0,
    "secretaria.outbox.reconcile.DOUBT_SECONDS": 1.0,
    "secretaria.outbox.delivery.LEASE_SECONDS": 1.5,
    "secretaria.outbox.delivery.BACKOFF_SECONDS": (0.1, 0.2),
    "secretaria.outbox.delivery.BREAKER_WAIT_SECONDS": 0.2,
    "secretaria.breaker.FIRST_OPEN_MS": 300,
    "secretaria.breaker.LONGEST_OPEN_MS": 600,
}


@pytest.mark.parametrize("seed", [20260811])
def test_storm_loses_and_doubles_nothing(
    run_worker: RunWorker,
    door: Door,
    engine: Engine,
    valkey: redis.Redis,
    address: Path,
    model: ScriptedModel,
    whaticket: WhaticketSite,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    """Two workers while everything fails at random: each text ends in one turn, each bubble leaves once or is held."""
    for name, seconds in SHORT_WAITS.items():
        monkeypatch.setattr(name, seconds)
    chance, folder = random.Random(seed), address.readlink()  # noqa: S311  # a storm, not a secret
    numbers = [f"552090000{number:04d}" for number in range(12)]
    with run_worker(), run_worker():
        for knock in range(36):
            number = numbers[knock % len(numbers)]
            for _ in range(chance.choice([1, 1, 2])):
                customer_writes(door, number=number, message_id=f"M{knock}-{chance.random()}")
            _break_something(chance, knock, whaticket, model, valkey)
            if knock in {10, 25}:
                address.unlink()
                drop_connections(engine)
                time.sleep(0.3)
                address.symlink_to(folder)
            time.sleep(chance.random() / 20)
        wait_until(lambda: _all_at_rest(engine))
    _check_turns(engine)
    for number in numbers:
        items = [item for item in rows(engine, "outbox_item") if item["number"] == number]
        arrived = [sent.body for sent in whaticket.ledger.sent(number)]
        assert _in_order([item["body"] for item in items if item["state"] == "sent"], arrived)
        assert _in_order(arrived, [item["body"] for item in items if item["state"] in {"sent", "held"}])


def _break_something(
    chance: random.Random, knock: int, whaticket: WhaticketSite, model: ScriptedModel, valkey: redis.Redis
) -> None:
    if chance.random() < 0.2:
        whaticket.faults.fail_next(chance.choice(DOUBTS))
    if chance.random() < 0.2:
        valkey.flushall()
    model.faults.mode = "error_500" if knock % 12 == 11 else "answer"


def _all_at_rest(engine: Engine) -> bool:
    open_states = {"received", "waiting", "answering", "pending", "sending", "unconfirmed"}
    tables = ("inbox_event", "turn", "outbox_item")
    return not any(row["state"] in open_states for table in tables for row in rows(engine, table))


def _check_turns(engine: Engine) -> None:
    """Every text of a customer is in a turn, and every turn that was not silenced has one reply."""
    inbound = [message for message in rows(engine, "message") if message["direction"] == "inbound"]
    assert len(inbound) == len(rows(engine, "inbox_event"))
    replied = [reply["turn_id"] for reply in rows(engine, "reply")]
    for turn in rows(engine, "turn"):
        assert sum(message["turn_id"] == turn["id"] for message in inbound) == turn["messages"] > 0
        assert replied.count(turn["id"]) == (0 if turn["state"] == "silenced" else 1)


def _in_order(some: Iterable[str], every: Iterable[str]) -> bool:
    """Say whether all of some are among every, in the same order and each once."""
    following = iter(every)
    return all(one in following for one in some)
