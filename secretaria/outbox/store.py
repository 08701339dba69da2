"""The queries over outbox items and attempts; the caller holds the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from secretaria.outbox.models import DeliveryAttempt, ItemState, OutboxItem

IN_FLIGHT = (ItemState.SENDING, ItemState.UNCONFIRMED)


def place_item(session: Session, item: OutboxItem) -> OutboxItem:
    """Put a bubble in the outbox."""
    session.add(item)
    session.flush()
    return item


def claim_item(session: Session, item_id: int, *, now: datetime, lease_seconds: float) -> OutboxItem | None:
    """Take a pending item for sending, unless another one of its conversation goes first.

    Returns:
        The item with its new fencing token, or None when there is nothing to send now.
    """
    claim = (
        update(OutboxItem)
        .where(
            col(OutboxItem.id) == item_id,
            col(OutboxItem.state) == ItemState.PENDING,
            col(OutboxItem.not_before) <= now,
            ~_one_goes_first(),
        )
        .values(
            state=ItemState.SENDING,
            attempts=OutboxItem.attempts + 1,
            lease_token=OutboxItem.lease_token + 1,
            lease_until=now + timedelta(seconds=lease_seconds),
        )
        .returning(OutboxItem)
        .execution_options(populate_existing=True)
    )
    return session.execute(claim).scalar_one_or_none()


def settle_item(session: Session, item: OutboxItem, *, state: ItemState, **changes: object) -> bool:
    """Write the outcome of an attempt, unless the item was taken away meanwhile (fencing).

    Returns:
        Whether this attempt still held the item.
    """
    settle = (
        update(OutboxItem)
        .where(
            col(OutboxItem.id) == item.id,
            col(OutboxItem.state) == ItemState.SENDING,
            col(OutboxItem.lease_token) == item.lease_token,
        )
        .values({"state": state, "lease_until": None, **changes})
        .returning(col(OutboxItem.id))
    )
    return session.execute(settle).first() is not None


def next_pending(session: Session, conversation_id: int) -> OutboxItem | None:
    """Return the oldest bubble of a conversation that still waits to be sent."""
    statement = select(OutboxItem).where(
        OutboxItem.conversation_id == conversation_id, OutboxItem.state == ItemState.PENDING
    )
    return session.exec(statement.order_by(col(OutboxItem.id)).limit(1)).first()


def supersede_pending(session: Session, conversation_id: int, reason: str) -> Sequence[int]:
    """Drop the bubbles of a conversation that have not been sent yet.

    Returns:
        The ids of the messages that will never be said.
    """
    drop = (
        update(OutboxItem)
        .where(col(OutboxItem.conversation_id) == conversation_id, col(OutboxItem.state) == ItemState.PENDING)
        .values(state=ItemState.SUPERSEDED, reason=reason)
        .returning(col(OutboxItem.message_id))
    )
    return session.execute(drop).scalars().all()


def count_attempts(session: Session, item_id: int) -> int:
    """Return how many attempts an item has on record."""
    statement = select(func.count()).select_from(DeliveryAttempt).where(DeliveryAttempt.item_id == item_id)
    return session.exec(statement).one()


def forgotten_items(session: Session, *, now: datetime, age_seconds: float, limit: int) -> list[int]:
    """Mark as nudged, and return, the items that could be sent but whose nudge seems lost, oldest first."""
    before = now - timedelta(seconds=age_seconds)
    waiting = (
        select(OutboxItem.id)
        .where(OutboxItem.state == ItemState.PENDING, col(OutboxItem.not_before) < before, ~_one_goes_first())
        .where(func.coalesce(OutboxItem.nudged_at, OutboxItem.created_at) < before)
        .order_by(col(OutboxItem.not_before))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = [identifier for identifier in session.exec(waiting).all() if identifier is not None]
    if found:
        session.execute(update(OutboxItem).where(col(OutboxItem.id).in_(found)).values(nudged_at=now))
    return found


def doubt_abandoned(session: Session, *, now: datetime) -> list[int]:
    """Move sends whose worker vanished to ``unconfirmed``: they may have left, so they are never just repeated.

    Returns:
        The ids of the messages in doubt.
    """
    abandoned = (
        update(OutboxItem)
        .where(col(OutboxItem.state) == ItemState.SENDING, col(OutboxItem.lease_until) < now)
        .values(state=ItemState.UNCONFIRMED, reason="lease_expired", lease_until=now)
        .returning(col(OutboxItem.message_id))
    )
    return list(session.execute(abandoned).scalars().all())


def hold_doubtful(session: Session, *, now: datetime, after_seconds: float) -> list[int]:
    """Hand doubts that nobody cleared to a person, so that the conversation can go on.

    Returns:
        The ids of the messages that are now held.
    """
    doubtful = (
        update(OutboxItem)
        .where(
            col(OutboxItem.state) == ItemState.UNCONFIRMED,
            col(OutboxItem.lease_until) < now - timedelta(seconds=after_seconds),
        )
        .values(state=ItemState.HELD)
        .returning(col(OutboxItem.message_id))
    )
    return list(session.execute(doubtful).scalars().all())


def _one_goes_first() -> ColumnElement[bool]:
    """An older bubble of the conversation still waits, or one of whatever age is being sent or in doubt."""
    other = aliased(OutboxItem)
    older_waits = (col(other.state) == ItemState.PENDING) & (col(other.id) < col(OutboxItem.id))
    same_conversation = other.conversation_id == OutboxItem.conversation_id
    return select(other.id).where(same_conversation, col(other.state).in_(IN_FLIGHT) | older_waits).exists()
