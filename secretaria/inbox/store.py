"""The queries over inbox events; the caller holds the transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, bindparam
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from secretaria.database.compiled import CompiledStatement
from secretaria.database.nudging import mark_nudged
from secretaria.inbox.models import Arrival, EventState, InboxEvent

INSERT_NEW = CompiledStatement("""
    INSERT INTO inbox_event (id, channel, dedupe_key, signature, item, state, reason, body, failures, received_at)
    SELECT id, channel, dedupe_key, signature, item, state, reason, body, 0, received_at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:channels AS text[]), CAST(:dedupe_keys AS text[]), CAST(:signatures AS text[]),
                CAST(:items AS int[]), CAST(:states AS text[]), CAST(:reasons AS text[]), CAST(:bodies AS bytea[]),
                CAST(:moments AS timestamptz[]))
        AS new (id, channel, dedupe_key, signature, item, state, reason, body, received_at)
    ON CONFLICT DO NOTHING
    RETURNING CAST(id AS text)
""")
FIND_KEYS = "SELECT dedupe_key FROM inbox_event WHERE channel = %s AND dedupe_key = ANY (%s)"


def insert_once(session: Session, event: InboxEvent) -> bool:
    """Store an event unless its message id, or the signature of its request, is already there.

    Returns:
        Whether it is new.
    """
    fresh = insert(InboxEvent).values(**event.model_dump()).on_conflict_do_nothing().returning(col(InboxEvent.id))
    return session.execute(fresh).first() is not None


def insert_new(cursor: Any, connection: Connection, arrivals: Sequence[Arrival]) -> set[UUID]:  # noqa: ANN401  # psycopg2 ships no types
    """Store, with one statement, the events whose message id and whose request's signature are not there yet.

    It is written without the ORM: one statement for all that wait is what the door's speed rests on.

    Returns:
        The ids of those that are new.
    """
    by_number = {str(arrival.id): arrival.id for arrival in arrivals}
    columns = {
        "ids": by_number,
        "channels": [one.channel for one in arrivals],
        "dedupe_keys": [one.dedupe_key for one in arrivals],
        "signatures": [one.signature for one in arrivals],
        "items": [str(one.item) for one in arrivals],
        "states": [one.state for one in arrivals],
        "reasons": [one.reason for one in arrivals],
        "bodies": [f"\\x{one.body.hex()}" for one in arrivals],
        "moments": [one.received_at.isoformat() for one in arrivals],
    }
    INSERT_NEW.send(cursor, connection, {name: _array_of(column) for name, column in columns.items()})
    return {by_number[number] for (number,) in cursor.fetchall()}


def _array_of(texts: Iterable[str | None]) -> str:
    """Return a column as PostgreSQL writes an array: one constant to send and to parse, instead of one for each row."""
    return f"{{{','.join(map(_element, texts))}}}"


def _element(text: str | None) -> str:
    if text is None:
        return "NULL"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def keys_there(cursor: Any, channel: str, dedupe_keys: Sequence[str]) -> set[str]:  # noqa: ANN401  # see above
    """Return which of these keys an event already has."""
    cursor.execute(FIND_KEYS, (channel, list(dedupe_keys)))
    return {row[0] for row in cursor.fetchall()}


def lock_received(session: Session, event_id: UUID) -> InboxEvent | None:
    """Return an event that still waits to be filed, locked; None when it is done or another worker has it."""
    statement = select(InboxEvent).where(InboxEvent.id == event_id, InboxEvent.state == EventState.RECEIVED)
    return session.exec(statement.with_for_update(skip_locked=True)).first()


@dataclass(frozen=True, slots=True)
class Received:
    """An event that waits to be filed, locked; see ``InboxEvent``."""

    id: UUID
    channel: str
    item: int
    reason: str | None
    body: bytes
    received_at: datetime
    nudged_at: datetime | None


EVENT: Table = InboxEvent.metadata.tables["inbox_event"]
TAKE_RECEIVED = CompiledStatement(
    EVENT.select()
    .with_only_columns(*(EVENT.c[one.name] for one in fields(Received)))
    .where(EVENT.c.id == bindparam("event_id"), EVENT.c.state == EventState.RECEIVED)
    .with_for_update(skip_locked=True)
)
CLOSE_EVENT = CompiledStatement("""
    UPDATE inbox_event SET state = :state, reason = :reason, filed_at = :now, body = CASE WHEN :emptied THEN '' ELSE body END
    WHERE id = :event_id
""")


def take_received(session: Session, event_id: UUID) -> Received | None:
    """Return an event that still waits to be filed, locked; None when it is done or another worker has it."""
    row = TAKE_RECEIVED.first(session, {"event_id": event_id})
    return None if row is None else Received(*row._replace(body=bytes(row.body)))


def close_event(session: Session, event_id: UUID, state: EventState, reason: str | None, now: datetime) -> None:
    """Write down what became of an event; of one that is ignored nothing will be read again."""
    emptied = state == EventState.IGNORED
    told = {"event_id": event_id, "state": state, "reason": reason, "now": now, "emptied": emptied}
    CLOSE_EVENT.run(session, told)


def forgotten_events(session: Session, *, now: datetime, age_seconds: float, limit: int) -> list[UUID]:
    """Mark as nudged, and return, the events whose nudge seems lost, oldest first."""
    before = now - timedelta(seconds=age_seconds)
    waiting = (
        select(InboxEvent.id)
        .where(InboxEvent.state == EventState.RECEIVED, col(InboxEvent.received_at) < before)
        .where(col(InboxEvent.nudged_at).is_(None) | (col(InboxEvent.nudged_at) < before))
        .order_by(col(InboxEvent.received_at))
    )
    return mark_nudged(session, InboxEvent, waiting, now=now, limit=limit)
