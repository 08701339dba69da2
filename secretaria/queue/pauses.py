"""Queues that an operator stopped: the rows that say so, and what each worker process remembers of them."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine, delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from secretaria.audit.trail import SYSTEM, Actor, note
from secretaria.database.transaction import transaction
from secretaria.queue.models import QueuePause


def pause_queue(engine: Engine, queue: str, *, by: str, now: datetime, actor: Actor = SYSTEM) -> bool:
    """Stop a queue: its rows wait, whatever becomes of Redis and of the workers.

    Returns:
        Whether it was running until now; a second pause changes nothing.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    stop = insert(QueuePause).values(queue=queue, paused_at=now, paused_by=by).on_conflict_do_nothing()
    with transaction(engine) as session:
        stopped = session.execute(stop.returning(col(QueuePause.queue))).first() is not None
        if stopped:
            note(session, actor, "queue.paused", queue, at=now, before={"paused": False}, after={"paused": True})
    return stopped


def resume_queue(engine: Engine, queue: str, *, now: datetime | None = None, actor: Actor = SYSTEM) -> bool:
    """Let a queue run again; the sweep finds what waited.

    Returns:
        Whether it was paused until now.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    start = delete(QueuePause).where(col(QueuePause.queue) == queue).returning(col(QueuePause.queue))
    with transaction(engine) as session:
        started = session.execute(start).first() is not None
        if started:
            at = now or datetime.now(UTC)
            note(session, actor, "queue.resumed", queue, at=at, before={"paused": True}, after={"paused": False})
    return started


def paused_queues(session: Session) -> dict[str, QueuePause]:
    """Return the pauses in force, by queue."""
    return {pause.queue: pause for pause in session.exec(select(QueuePause)).all()}


class PauseBoard:
    """What a worker process knows of the pauses, so that no job has to ask the database.

    Until it is read for the first time every queue is held: a worker that starts may not overrun a pause.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._paused: frozenset[str] | None = None

    def refresh(self) -> None:
        """Read the pauses again.

        Raises:
            DatabaseUnavailable: PostgreSQL is away; what was known stands.
        """
        with transaction(self._engine) as session:
            self._paused = frozenset(paused_queues(session))

    def holds(self, queue: str) -> bool:
        """Say whether the jobs of a queue must wait."""
        return self._paused is None or queue in self._paused
