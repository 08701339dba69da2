"""The real worker over PostgreSQL and Valkey: an event goes in, a bubble comes out, and Redis learns only ids."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
import redis
from redis.client import Monitor
from sqlalchemy import Engine

from secretaria.inbox.receive import Door
from secretaria.local.engines import EngineUrls
from secretaria.queue.broker import build_redis
from secretaria.queue.heartbeats import living_workers, this_worker
from secretaria.queue.jobs import FILE_EVENT
from tests.answering import (
    LLM_KEY,
    PATIENCE_SECONDS,
    QUESTION,
    WHATICKET_TOKEN,
    RunWorker,
    WhaticketSite,
    captured_lines,
    customer_writes,
    wait_until,
)
from tests.builders import NUMBER, SECRET, TOKEN, rows
from tests.scripted_model import ScriptedModel

ANSWER = "primeira hora"


def test_event_in_bubble_out(
    run_worker: RunWorker, door: Door, engine: Engine, whaticket: WhaticketSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nudges alone carry a customer's text through all three jobs to one bubble, and every line names its event."""
    monkeypatch.setattr("secretaria.replies.sweep.FORGOTTEN_SECONDS", 60.0)
    with captured_lines() as lines, run_worker():
        customer_writes(door)
        whaticket.ledger.wait_for(1, PATIENCE_SECONDS)
        wait_until(lambda: rows(engine, "outbox_item")[0]["state"] == "sent")
    (sent,) = whaticket.ledger.sent()
    assert sent.number == NUMBER
    assert ANSWER in sent.body
    (event,) = rows(engine, "inbox_event")
    told = [line for line in lines if line["message"] in {"event_filed", "turn_settled", "item_delivered"}]
    assert [line["message"] for line in told] == ["event_filed", "turn_settled", "item_delivered"]
    assert {line["extra"]["correlation_id"] for line in told} == {str(event["id"])}


def test_burst_is_answered_once(
    run_worker: RunWorker, door: Door, model: ScriptedModel, whaticket: WhaticketSite
) -> None:
    """Three texts in quick succession are one turn, one call and one reply, whatever the number of threads."""
    for number, message in enumerate(("oi", QUESTION, "obrigado")):
        customer_writes(door, message, message_id=f"M{number}")
    with run_worker():
        whaticket.ledger.wait_for(1, PATIENCE_SECONDS)
        time.sleep(0.5)
    assert len(whaticket.ledger.sent()) == len(model.asked) == 1
    for message in ("oi", QUESTION, "obrigado"):
        assert message in model.prompts()[0]


def test_redis_never_learns_anything_private(
    run_worker: RunWorker, door: Door, engines: EngineUrls, valkey: redis.Redis, whaticket: WhaticketSite
) -> None:
    """No command that reaches Redis in a whole run carries a number, a text, a name or a secret: only ids."""
    seen: list[str] = []
    with Monitor(build_redis(engines.redis_url, timeout_seconds=5).connection_pool) as monitor:  # type: ignore[no-untyped-call]  # redis leaves it untyped
        with run_worker():
            whaticket.faults.fail_next("ERR_WAPP_INVALID_CONTACT")
            customer_writes(door)
            customer_writes(door, number="5520900000202", message_id="M2")
            whaticket.ledger.wait_for(1, PATIENCE_SECONDS)
        kept = "".join(_dump(valkey, key) for key in valkey.scan_iter())
        valkey.echo("o fim")
        while "o fim" not in (command := str(monitor.next_command()["command"])):
            seen.append(command)
    everything = "\n".join([*seen, kept])
    assert FILE_EVENT.name in everything  # what follows a worker nudges itself, and so not through Redis
    for secret in (NUMBER, NUMBER[4:], "900000202", "estacionamento", ANSWER, "Juliana", TOKEN, SECRET):
        assert secret not in everything
    for secret in (WHATICKET_TOKEN, LLM_KEY):
        assert secret not in everything


def _dump(client: redis.Redis, key: bytes) -> str:
    kinds: dict[object, Callable[[], object]] = {
        b"string": lambda: client.get(key),
        b"hash": lambda: client.hgetall(key),
        b"list": lambda: client.lrange(key, 0, -1),
        b"set": lambda: client.smembers(key),
        b"zset": lambda: client.zrange(key, 0, -1),
    }
    return f"{key!r} {kinds[client.type(key)]()!r}"


def test_jobs_carry_one_id(door: Door, valkey: redis.Redis, engine: Engine) -> None:
    """What waits in the queue is the name of a job and the id of a row, nothing else."""
    valkey.flushall()
    customer_writes(door)
    (payload,) = valkey.hgetall("secretaria:jobs:inbox.msgs").values()
    message = json.loads(payload)
    (event,) = rows(engine, "inbox_event")
    assert (message["actor_name"], message["args"], message["kwargs"]) == ("inbox.file", [str(event["id"])], {})
    assert set(message["options"]) == {"redis_message_id"}


def test_stop_finishes_what_runs(
    run_worker: RunWorker, door: Door, model: ScriptedModel, engine: Engine, whaticket: WhaticketSite
) -> None:
    """A worker told to stop while the model thinks writes its reply first; the next worker sends it, once."""
    model.meanwhile.append(lambda: time.sleep(0.6))
    with run_worker() as stopping:
        customer_writes(door)
        wait_until(lambda: model.asked)
        stopping.set()
    assert [turn["state"] for turn in rows(engine, "turn")] == ["answered"]
    with run_worker():
        whaticket.ledger.wait_for(1, PATIENCE_SECONDS)
        wait_until(lambda: rows(engine, "outbox_item")[0]["state"] == "sent")
    assert len(whaticket.ledger.sent()) == len(model.asked) == 1


def test_stop_finishes_a_send(run_worker: RunWorker, door: Door, engine: Engine, whaticket: WhaticketSite) -> None:
    """A worker told to stop while Whaticket takes its time still learns, and writes, what came of the send."""
    whaticket.faults.delay_seconds = 0.6
    with run_worker() as stopping:
        customer_writes(door)
        wait_until(lambda: [item for item in rows(engine, "outbox_item") if item["state"] == "sending"])
        stopping.set()
    assert [item["state"] for item in rows(engine, "outbox_item")] == ["sent"]
    assert len(whaticket.ledger.sent()) == 1


def test_heartbeat_comes_and_goes(run_worker: RunWorker, valkey: redis.Redis) -> None:
    """A living worker is seen at once, and one that stopped is gone at once."""
    with run_worker():
        wait_until(lambda: living_workers(valkey))
        (name,) = living_workers(valkey)
        assert name == this_worker()
        (age,) = living_workers(valkey).values()
        assert 0 <= age < 6
    assert living_workers(valkey) == {}
