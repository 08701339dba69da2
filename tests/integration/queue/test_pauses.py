"""A paused queue stands still in every process, keeps its rows, and goes on where it stood."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import cast

import dramatiq
import pytest
from dramatiq.middleware import SkipMessage
from sqlalchemy import Engine

from secretaria.clock import HeldClock
from secretaria.database.engine import build_engine
from secretaria.database.transaction import DatabaseUnavailable, transaction
from secretaria.inbox.receive import receive_webhook
from secretaria.queue.jobs import ANSWER_TURN, FILE_EVENT
from secretaria.queue.pauses import PauseBoard, pause_queue, paused_queues, resume_queue
from secretaria.replies.sweep import sweep
from secretaria.workers.middleware import HoldPaused
from tests.answering import Scene
from tests.builders import PublishedNudges, a_door, a_text, rows, with_token

WHO = "renata@balcao"


def test_pause_and_resume_work_once(engine: Engine, clock: HeldClock) -> None:
    """The second pause, and the second resume, change nothing and say so; who was first stays on record."""
    assert pause_queue(engine, "outbox", by=WHO, now=clock.now()) is True
    assert pause_queue(engine, "outbox", by="caio@balcao", now=clock.now()) is False
    with transaction(engine) as session:
        (pause,) = paused_queues(session).values()
    assert (pause.queue, pause.paused_by, pause.paused_at) == ("outbox", WHO, clock.now())
    assert [resume_queue(engine, "outbox"), resume_queue(engine, "outbox")] == [True, False]
    assert rows(engine, "queue_pause") == []


def test_two_pauses_at_once_are_one(engine: Engine, clock: HeldClock) -> None:
    """Of operators who pause at the same moment one did it."""
    together = Barrier(4)

    def pause() -> bool:
        together.wait()
        return pause_queue(engine, "inbox", by=WHO, now=clock.now())

    with ThreadPoolExecutor(4) as pool:
        done = [future.result() for future in [pool.submit(pause) for _ in range(4)]]
    assert sorted(done) == [False, False, False, True]


def test_board_holds_everything_until_it_is_read(engine: Engine, clock: HeldClock) -> None:
    """A worker that could not read the pauses yet runs nothing; then it runs what is not paused."""
    board = PauseBoard(engine)
    pause_queue(engine, "turns", by=WHO, now=clock.now())
    assert [board.holds(queue) for queue in ("inbox", "turns")] == [True, True]
    board.refresh()
    assert [board.holds(queue) for queue in ("inbox", "turns")] == [False, True]
    resume_queue(engine, "turns")
    assert board.holds("turns") is True
    board.refresh()
    assert board.holds("turns") is False


def test_board_keeps_what_it_knew(engine: Engine, clock: HeldClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """While PostgreSQL is away a pause stands as it was last read."""
    board = PauseBoard(engine)
    pause_queue(engine, "turns", by=WHO, now=clock.now())
    board.refresh()
    away = build_engine("postgresql://ninguem@/nada?host=/tmp/nao-existe-aqui", connect_timeout=1)
    monkeypatch.setattr(board, "_engine", away)
    with pytest.raises(DatabaseUnavailable):
        board.refresh()
    assert [board.holds(queue) for queue in ("inbox", "turns")] == [False, True]
    away.dispose()


def test_paused_job_ends_at_once(engine: Engine, clock: HeldClock) -> None:
    """The job of a paused queue is skipped before it begins, the job of another one is not."""
    board = PauseBoard(engine)
    pause_queue(engine, FILE_EVENT.queue, by=WHO, now=clock.now())
    board.refresh()
    hold, broker = HoldPaused(board), cast("dramatiq.Broker", None)
    with pytest.raises(SkipMessage):
        hold.before_process_message(broker, _message(FILE_EVENT.queue))
    hold.before_process_message(broker, _message(ANSWER_TURN.queue))


def test_sweep_leaves_a_paused_queue_alone(scene: Scene) -> None:
    """Its rows are not nudged in vain; once resumed the next sweep finds every one of them, others all the while."""
    scene.customer_writes("oi")
    receive_webhook(a_door(scene.engine, scene.nudges, scene.clock), with_token(a_text(message_id="M1")))
    pause_queue(scene.engine, "inbox", by=WHO, now=scene.clock.now())
    scene.nudges.published.clear()
    assert scene.sweep(600) == 1
    assert [nudge.job for nudge in scene.nudges.published] == [ANSWER_TURN]
    resume_queue(scene.engine, "inbox")
    scene.nudges.published.clear()
    assert scene.sweep(0.1) == 1
    assert [nudge.job for nudge in scene.nudges.published] == [FILE_EVENT]


def test_pause_survives_an_empty_redis(engine: Engine, nudges: PublishedNudges, clock: HeldClock) -> None:
    """It is a row: nothing that Redis forgets starts the queue again."""
    for queue in ("inbox", "turns", "outbox"):
        pause_queue(engine, queue, by=WHO, now=clock.now())
    receive_webhook(a_door(engine, nudges, clock), with_token(a_text()))
    clock.advance(3600)
    assert sweep(engine, nudges, clock) == 0
    assert rows(engine, "inbox_event")[0]["state"] == "received"


def _message(queue: str) -> dramatiq.MessageProxy:
    message: dramatiq.Message[None] = dramatiq.Message(
        queue_name=queue, actor_name="qualquer", args=(), kwargs={}, options={}
    )
    return dramatiq.MessageProxy(message)
