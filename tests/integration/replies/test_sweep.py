"""What the queue forgets the sweep finds: each row once in a while, by one process, and only what stands still."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import redis
from sqlalchemy import Engine, text

from secretaria.clock import HeldClock
from secretaria.database.engine import build_engine
from secretaria.database.transaction import DatabaseUnavailable
from secretaria.inbox.receive import receive_webhook
from secretaria.local.engines import EngineUrls
from secretaria.queue.broker import build_broker
from secretaria.queue.jobs import ANSWER_TURN, DELIVER_ITEM, FILE_EVENT, Job
from secretaria.queue.publisher import QueuePublisher
from secretaria.replies.answer import answer_turn
from secretaria.replies.sweep import SWEEP_LOCK, sweep
from tests.answering import Scene, a_draft, captured_lines, change_row
from tests.builders import PublishedNudges, a_door, a_text, rows, with_token
from tests.scripted_model import ScriptedModel, says

Row = tuple[Scene, Job]


@pytest.fixture(params=["event", "turn", "item"])
def forgotten(request: pytest.FixtureRequest, scene: Scene, model: ScriptedModel) -> Row:
    """A row that may be worked on at this moment, and whose nudge was lost."""
    job = {"event": FILE_EVENT, "turn": ANSWER_TURN, "item": DELIVER_ITEM}[request.param]
    if job is FILE_EVENT:
        receive_webhook(a_door(scene.engine, scene.nudges, scene.clock), with_token(a_text()))
    else:
        scene.customer_writes("oi")
        scene.quiet()
    if job is DELIVER_ITEM:
        model.endings.append(says(a_draft()))
        answer_turn(scene.room, 1)
    scene.nudges.published.clear()
    return scene, job


def test_lost_nudge_is_published_again(forgotten: Row) -> None:
    """After five seconds of standing still a row is nudged, not earlier, and then only every five seconds."""
    scene, job = forgotten
    assert scene.sweep(5) == 0
    assert scene.sweep(0.1) == 1
    assert [nudge.job for nudge in scene.nudges.published] == [job]
    assert scene.nudges.published[0].delay_seconds == 0
    for _ in range(4):
        assert scene.sweep(1) == 0
    assert scene.sweep(1.1) == 1


def test_two_sweeps_do_the_work_of_one(forgotten: Row) -> None:
    """Of processes that sweep at the same moment one nudges, whoever it is."""
    scene, _ = forgotten
    scene.clock.advance(6)
    together = Barrier(4)

    def work() -> int:
        together.wait()
        return scene.sweep()

    with ThreadPoolExecutor(4) as pool:
        moved = [future.result() for future in [pool.submit(work) for _ in range(4)]]
    assert sorted(moved) == [0, 0, 0, 1]
    assert len(scene.nudges.published) == 1


def test_second_sweep_leaves_at_once(forgotten: Row) -> None:
    """While another process sweeps nothing is waited for."""
    scene, _ = forgotten
    with scene.engine.begin() as other:
        other.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": SWEEP_LOCK})
        assert scene.sweep(6) == 0
    assert scene.sweep() == 1


def test_row_locked_by_a_worker_is_skipped(forgotten: Row) -> None:
    """A sweep never waits for a row that somebody works on at this moment."""
    scene, job = forgotten
    table = {FILE_EVENT: "inbox_event", ANSWER_TURN: "turn", DELIVER_ITEM: "outbox_item"}[job]
    with scene.engine.begin() as worker:
        worker.execute(text(f"SELECT id FROM {table} FOR UPDATE"))  # noqa: S608  # one of three names above
        assert scene.sweep(6) == 0


def test_what_is_not_due_is_left_alone(scene: Scene, model: ScriptedModel) -> None:
    """A turn in its quiet period and a bubble in its back-off are not forgotten, however long that takes."""
    scene.customer_writes("oi")
    assert scene.sweep(scene.due_in() - 0.1) == 0
    scene.quiet()
    model.endings.append(says(a_draft(bubbles=["um", "dois"])))
    answer_turn(scene.room, 1)
    scene.change("outbox_item", 1, not_before=scene.clock.now() + timedelta(seconds=300))
    assert scene.sweep(300) == 0
    assert scene.sweep(4.9) == 0
    scene.nudges.published.clear()
    assert scene.sweep(0.2) == 1
    assert [nudge.identifier for nudge in scene.nudges.published] == ["1"]


@pytest.mark.parametrize("state", ["sending", "unconfirmed"])
def test_bubble_behind_another_is_not_nudged(scene: Scene, model: ScriptedModel, state: str) -> None:
    """What must wait for a bubble on the way, or in doubt, would only be nudged in vain for ten minutes."""
    scene.customer_writes("oi")
    scene.quiet()
    model.endings.append(says(a_draft(bubbles=["um", "dois"])))
    answer_turn(scene.room, 1)
    until = scene.clock.now() + timedelta(seconds=400)
    scene.change("outbox_item", 1, state="sending", lease_until=until)
    scene.change("outbox_item", 1, state=state)
    assert scene.sweep(300) == 0


def test_turn_of_a_dead_worker_comes_back(scene: Scene, model: ScriptedModel) -> None:
    """A turn left half answered is nudged once its lease has run out, and not before; then it is answered."""
    scene.customer_writes("oi")
    scene.quiet()
    scene.change("turn", 1, state="answering")
    scene.change("conversation", 1, lease_token=1, lease_until=scene.clock.now() + timedelta(seconds=50))
    assert scene.sweep(50) == 0
    assert scene.sweep(1) == 1
    model.endings.append(says(a_draft()))
    answer_turn(scene.room, 1)
    assert scene.turns()[0]["state"] == "answered"


def test_closed_rows_are_left_alone(scene: Scene, model: ScriptedModel) -> None:
    """Nothing that has come to an end is ever nudged again."""
    scene.customer_writes("oi")
    scene.quiet()
    model.endings.append(says(a_draft()))
    answer_turn(scene.room, 1)
    scene.change("outbox_item", 1, state="superseded")
    assert scene.sweep(3600) == 0


def test_many_forgotten_rows_are_nudged_in_turns(
    engine: Engine, nudges: PublishedNudges, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a long outage each sweep moves a bounded number of rows, the oldest first, until all have been."""
    door = a_door(engine, nudges, clock)
    for number in range(7):
        receive_webhook(door, with_token(a_text(message_id=f"M{number}")))
        clock.advance(0.1)
    nudges.published.clear()
    clock.advance(10)
    monkeypatch.setattr("secretaria.replies.sweep.AT_ONCE", 3)
    assert [sweep(engine, nudges, clock) for _ in range(4)] == [3, 3, 1, 0]
    assert [nudge.identifier for nudge in nudges.published] == [str(row["id"]) for row in rows(engine, "inbox_event")]


def test_empty_redis_loses_nothing(forgotten: Row, valkey: redis.Redis, engines: EngineUrls) -> None:
    """After FLUSHALL the sweep fills the real queue again, with the same job for the same row."""
    scene, job = forgotten
    broker = build_broker(engines.redis_url, timeout_seconds=5)
    broker.declare_queue(job.queue)
    valkey.flushall()
    scene.clock.advance(6)
    assert sweep(scene.engine, QueuePublisher(broker), scene.clock) == 1
    assert broker.client.llen(f"secretaria:jobs:{job.queue}") == 1
    broker.close()
    broker.client.close()


def test_dead_redis_costs_a_line(forgotten: Row) -> None:
    """While Redis is away the sweep goes on, says so, and tries again five seconds later."""
    scene, _ = forgotten
    broker = build_broker("redis://127.0.0.1:1/0", timeout_seconds=0.5)
    publisher = QueuePublisher(broker)
    scene.clock.advance(6)
    with captured_lines() as lines:
        assert sweep(scene.engine, publisher, scene.clock) == 1
    broker.client.close()
    assert [line["message"] for line in lines] == ["nudge_not_published", "forgotten_rows_nudged"]
    assert scene.sweep(6) == 1
    assert len(scene.nudges.published) == 1


def test_dead_database_is_said(nudges: PublishedNudges, clock: HeldClock) -> None:
    """Without PostgreSQL the sweep raises what its caller knows to postpone."""
    away = build_engine("postgresql://ninguem@/nada?host=/tmp/nao-existe-aqui", connect_timeout=1)
    with pytest.raises(DatabaseUnavailable):
        sweep(away, nudges, clock)
    away.dispose()


def test_a_turn_that_grew_is_found_at_its_new_time(scene: Scene) -> None:
    """A nudge of the past does not hide a turn that became due again later."""
    scene.customer_writes("oi")
    assert scene.sweep(scene.due_in() + 5.1) == 1
    change_row(scene.engine, "turn", 1, deadline_at=scene.clock.now() + timedelta(hours=1))
    scene.customer_writes("e aí?")
    assert scene.sweep(scene.due_in() + 4.9) == 0
    assert scene.sweep(0.2) == 1
