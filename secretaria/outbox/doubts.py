"""The queries over sends that may or may not have happened; the caller holds the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import case, func, update
from sqlmodel import Session, col, select

from secretaria.conversations.models import Message
from secretaria.database.nudging import mark_nudged
from secretaria.outbox.models import DeliveryAttempt, ItemState, Kind, OutboxItem, Purpose
from secretaria.whaticket.gateway import Outcome

FIRST_LOOK = timedelta(seconds=3)
KNOWN_MESSAGES = 100  # five pages of twenty
ECHO = "echo"
READBACK = "readback"
MOST_ATTEMPTS = 2  # a bubble in doubt is sent once more at most, whoever decides it


def doubt_abandoned(session: Session, *, now: datetime) -> list[int]:
    """Move sends whose worker vanished to ``unconfirmed``: they may have left, so they are never just repeated.

    Returns:
        The ids of the messages in doubt.
    """
    abandoned = (
        update(OutboxItem)
        .where(col(OutboxItem.state) == ItemState.SENDING, col(OutboxItem.lease_until) < now)
        .values(state=ItemState.UNCONFIRMED, reason="lease_expired", lease_until=now, looks=0, look_at=now + FIRST_LOOK)
        .returning(col(OutboxItem.message_id))
    )
    return [message_id for message_id in session.execute(abandoned).scalars() if message_id is not None]


def confirm_echoed(session: Session, *, now: datetime) -> list[int]:
    """Count as sent what was in doubt, or held, and was then seen as an own message of the connection.

    Returns:
        The ids of the messages that did arrive.
    """
    seen = (
        update(OutboxItem)
        .where(
            col(OutboxItem.state).in_((ItemState.UNCONFIRMED, ItemState.HELD)),
            col(OutboxItem.message_id) == Message.id,
            col(Message.provider_message_id).is_not(None),
        )
        .values(
            state=ItemState.SENT,
            confirmed_by=ECHO,
            provider_message_id=Message.provider_message_id,
            sent_at=now,
            reason=None,
            look_at=None,
            lease_until=None,
        )
        .returning(col(Message.id))
    )
    return list(session.execute(seen).scalars())


def settle_doubtful(
    session: Session, *, now: datetime, after_seconds: float, resend_once: bool
) -> list[tuple[int | None, str]]:
    """Close doubts that nobody cleared: for a person, or once more where the owner prefers a double to a silence.

    Returns:
        The message of each (None for a transfer) and the state it is in now.
    """
    again = (
        (col(OutboxItem.kind) == Kind.BUBBLE)
        & (col(OutboxItem.purpose) != Purpose.REMINDER)
        & (col(OutboxItem.attempts) < MOST_ATTEMPTS)
    )
    state = case((again, ItemState.PENDING), else_=ItemState.HELD) if resend_once else ItemState.HELD
    doubtful = (
        update(OutboxItem)
        .where(
            col(OutboxItem.state) == ItemState.UNCONFIRMED,
            col(OutboxItem.lease_until) < now - timedelta(seconds=after_seconds),
        )
        .values(state=state, look_at=None, not_before=now)
        .returning(col(OutboxItem.message_id), col(OutboxItem.state))
    )
    return [(message_id, settled) for message_id, settled in session.execute(doubtful)]


def due_looks(session: Session, *, now: datetime, age_seconds: float, limit: int) -> list[int]:
    """Mark as nudged, and return, the items in doubt that Whaticket should be asked about now."""
    due = (
        select(OutboxItem.id)
        .where(OutboxItem.state == ItemState.UNCONFIRMED, col(OutboxItem.look_at) <= now)
        .where(
            col(OutboxItem.nudged_at).is_(None)
            | (col(OutboxItem.nudged_at) < col(OutboxItem.look_at))
            | (col(OutboxItem.nudged_at) < now - timedelta(seconds=age_seconds))
        )
        .order_by(col(OutboxItem.look_at))
    )
    return mark_nudged(session, OutboxItem, due, now=now, limit=limit)


def take_look(session: Session, item_id: int, *, now: datetime, seconds: float) -> OutboxItem | None:
    """Take an item in doubt for a look, so that no other worker looks meanwhile; None when it is not due."""
    take = (
        update(OutboxItem)
        .where(
            col(OutboxItem.id) == item_id,
            col(OutboxItem.state) == ItemState.UNCONFIRMED,
            col(OutboxItem.look_at) <= now,
        )
        .values(look_at=now + timedelta(seconds=seconds))
        .returning(OutboxItem)
        .execution_options(populate_existing=True)
    )
    return session.execute(take).scalar_one_or_none()


def settle_look(session: Session, item: OutboxItem, **changes: object) -> bool:
    """Write what a look showed, unless the doubt was cleared, or looked at again, meanwhile (fencing).

    Returns:
        Whether it is written.
    """
    settle = (
        update(OutboxItem)
        .where(
            col(OutboxItem.id) == item.id,
            col(OutboxItem.state) == ItemState.UNCONFIRMED,
            col(OutboxItem.lease_token) == item.lease_token,
            col(OutboxItem.look_at) == item.look_at,
        )
        .values(changes)
        .returning(col(OutboxItem.id))
    )
    return session.execute(settle).first() is not None


def doubtful_since(session: Session, item_id: int) -> datetime | None:
    """Return when the first attempt that may have reached the customer began."""
    began = select(func.min(DeliveryAttempt.started_at)).where(
        DeliveryAttempt.item_id == item_id, col(DeliveryAttempt.outcome).in_(("", Outcome.UNKNOWN))
    )
    return session.exec(began).one()


def others_sent(session: Session, item: OutboxItem) -> Sequence[OutboxItem]:
    """Return the last other bubbles sent in the conversation whose copy at Whaticket is not known."""
    statement = select(OutboxItem).where(
        OutboxItem.conversation_id == item.conversation_id,
        OutboxItem.id != item.id,
        OutboxItem.kind == Kind.BUBBLE,
        OutboxItem.state == ItemState.SENT,
        col(OutboxItem.provider_message_id).is_(None),
    )
    return session.exec(statement.order_by(col(OutboxItem.id).desc()).limit(KNOWN_MESSAGES)).all()


def messages_with_ids(session: Session, item: OutboxItem) -> dict[str, datetime]:
    """Return when we heard of each other message of the conversation whose WhatsApp id is known, the last hundred."""
    statement = (
        select(Message.provider_message_id, Message.received_at)
        .where(Message.conversation_id == item.conversation_id, col(Message.provider_message_id).is_not(None))
        .where(col(Message.id).is_distinct_from(item.message_id))
        .order_by(col(Message.seq).desc())
        .limit(KNOWN_MESSAGES)
    )
    return {str(identifier): heard_at for identifier, heard_at in session.exec(statement).all()}
