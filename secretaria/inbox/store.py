"""The queries over inbox events; the caller holds the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from secretaria.database.nudging import mark_nudged
from secretaria.inbox.models import EventState, InboxEvent


def insert_once(session: Session, event: InboxEvent) -> bool:
    """Store an event unless its message id, or the signature of its request, is already there.

    Returns:
        Whether it is new.
    """
    fresh = insert(InboxEvent).values(**event.model_dump()).on_conflict_do_nothing().returning(col(InboxEvent.id))
    return session.execute(fresh).first() is not None


def holds_any(session: Session, *, channel: str, dedupe_keys: Sequence[str]) -> bool:
    """Say whether an event with one of these keys is there."""
    statement = select(InboxEvent.id).where(InboxEvent.channel == channel, col(InboxEvent.dedupe_key).in_(dedupe_keys))
    return session.exec(statement).first() is not None


def lock_received(session: Session, event_id: UUID) -> InboxEvent | None:
    """Return an event that still waits to be filed, locked; None when it is done or another worker has it."""
    statement = select(InboxEvent).where(InboxEvent.id == event_id, InboxEvent.state == EventState.RECEIVED)
    return session.exec(statement.with_for_update(skip_locked=True)).first()


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
