"""The queries over outbox items and attempts; the caller holds the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from sqlalchemy import ColumnElement, func, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from secretaria.conversations import store as conversations
from secretaria.conversations.models import Author, Conversation, Direction
from secretaria.database.nudging import mark_nudged
from secretaria.outbox.models import ItemState, Kind, OutboxItem, Purpose


def place_item(session: Session, item: OutboxItem) -> OutboxItem:
    """Put a bubble in the outbox."""
    session.add(item)
    session.flush()
    return item


def place_bubble(
    session: Session,
    conversation: Conversation,
    text: str,
    *,
    number: str,
    correlation_id: UUID,
    now: datetime,
    purpose: Purpose = Purpose.REPLY,
    turn_id: int | None = None,
    position: int = 0,
    inbound_seq: int = 0,
    expires_at: datetime | None = None,
    attendant: str | None = None,
    request_id: str | None = None,
) -> OutboxItem:
    """Write a bubble in a locked conversation and put it in the outbox, so that what is shown is what is sent.

    Args:
        session: The caller's transaction.
        conversation: Locked.
        text: The words.
        number: The digits exactly as received from the customer.
        correlation_id: Of the event behind it.
        now: The present moment.
        purpose: Whose word it is.
        turn_id: The turn it answers; None where nobody asked.
        position: Order of the bubble in its turn.
        inbound_seq: The newest customer message its author knew of.
        expires_at: When it has become useless.
        attendant: Who wrote it, where a person did.
        request_id: Of whoever asked to write it, once.
    """
    message = conversations.add_message(
        session,
        conversation,
        direction=Direction.OUTBOUND,
        author=Author.ATTENDANT if purpose is Purpose.ATTENDANT else Author.SECRETARY,
        kind="text",
        text=text,
        sent_at=now,
        now=now,
        turn_id=turn_id,
        delivery=ItemState.PENDING,
        attendant=attendant,
        request_id=request_id,
    )
    item = OutboxItem(
        conversation_id=message.conversation_id,
        turn_id=turn_id,
        message_id=message.id,
        purpose=purpose,
        inbound_seq=inbound_seq,
        correlation_id=correlation_id,
        position=position,
        number=number,
        body=text,
        not_before=now,
        expires_at=expires_at,
        created_at=now,
    )
    return place_item(session, item)


def place_transfer(
    session: Session,
    *,
    conversation_id: int,
    turn_id: int,
    correlation_id: UUID,
    position: int,
    number: str,
    brief: str,
    inbound_seq: int,
    now: datetime,
) -> OutboxItem:
    """Put the handing of a ticket to people in the outbox, behind the bubbles of its turn.

    Place one only where ``[handoff] department_id`` is set and there is a panel login: otherwise it ends as ``dead``.

    Args:
        session: The caller's transaction.
        conversation_id: Whose ticket.
        turn_id: The turn that asked for a person.
        correlation_id: Of the event behind it.
        position: The number of bubbles of the turn.
        number: The digits exactly as received from the customer.
        brief: What the person should know.
        inbound_seq: The newest customer message the turn knew of.
        now: The present moment.
    """
    item = OutboxItem(
        conversation_id=conversation_id,
        turn_id=turn_id,
        kind=Kind.TRANSFER,
        correlation_id=correlation_id,
        position=position,
        number=number,
        body=brief,
        inbound_seq=inbound_seq,
        not_before=now,
        created_at=now,
    )
    return place_item(session, item)


def next_pending(session: Session, conversation_id: int) -> OutboxItem | None:
    """Return the oldest bubble of a conversation that still waits to be sent."""
    statement = select(OutboxItem).where(
        OutboxItem.conversation_id == conversation_id, OutboxItem.state == ItemState.PENDING
    )
    return session.exec(statement.order_by(col(OutboxItem.id)).limit(1)).first()


def supersede_pending(session: Session, conversation_id: int, reason: str) -> Sequence[int]:
    """Drop what has not been sent yet of the replies in a conversation.

    Returns:
        The ids of the messages that will never be said.
    """
    replies = col(OutboxItem.purpose) == Purpose.REPLY
    return _supersede(session, reason, (col(OutboxItem.conversation_id) == conversation_id) & replies)


def supersede_replies(session: Session, conversation_id: int, reason: str) -> Sequence[int]:
    """Drop what has not been sent yet of the replies in a conversation, but for what a worker has in its hands.

    That worker waits for the conversation, which the caller has locked, and then drops it by itself; waiting for the
    worker here would be a deadlock.

    Returns:
        The ids of the messages that will never be said.
    """
    waiting = select(OutboxItem.id).where(
        OutboxItem.conversation_id == conversation_id,
        OutboxItem.state == ItemState.PENDING,
        OutboxItem.purpose == Purpose.REPLY,
    )
    found = [identifier for identifier in session.exec(waiting).all() if identifier is not None]
    return supersede_items(session, found, reason) if found else ()


def supersede_items(session: Session, item_ids: Sequence[int], reason: str) -> Sequence[int]:
    """Drop some items that have not been sent yet; what a worker has in its hands at this moment is let go.

    Returns:
        The ids of the messages that will never be said.
    """
    waiting = select(OutboxItem.id).where(col(OutboxItem.id).in_(item_ids), OutboxItem.state == ItemState.PENDING)
    free = session.exec(waiting.with_for_update(skip_locked=True)).all()
    return _supersede(session, reason, col(OutboxItem.id).in_(free)) if free else ()


def supersede_rest(session: Session, item: OutboxItem, reason: str) -> Sequence[int]:
    """Drop a bubble and those after it in the same turn; a ticket is still handed to people.

    Returns:
        The ids of the messages that will never be said.
    """
    rest = (col(OutboxItem.turn_id) == item.turn_id) & (col(OutboxItem.position) >= item.position)
    return _supersede(session, reason, rest & (col(OutboxItem.kind) == Kind.BUBBLE))


def postpone_item(session: Session, item_id: int, until: datetime) -> OutboxItem | None:
    """Let a pending item wait until a moment.

    Returns:
        The item, or None when it was not pending.
    """
    later = (
        update(OutboxItem)
        .where(col(OutboxItem.id) == item_id, col(OutboxItem.state) == ItemState.PENDING)
        .values(not_before=func.greatest(OutboxItem.not_before, until))
        .returning(OutboxItem)
        .execution_options(populate_existing=True)
    )
    return session.execute(later).scalar_one_or_none()


def forgotten_items(session: Session, *, now: datetime, age_seconds: float, limit: int) -> list[int]:
    """Mark as nudged, and return, the items that could be sent but whose nudge seems lost, oldest first."""
    before = now - timedelta(seconds=age_seconds)
    waiting = (
        select(OutboxItem.id)
        .where(OutboxItem.state == ItemState.PENDING, col(OutboxItem.not_before) < before, ~one_goes_first())
        .where(func.coalesce(OutboxItem.nudged_at, OutboxItem.created_at) < before)
        .order_by(col(OutboxItem.not_before))
    )
    return mark_nudged(session, OutboxItem, waiting, now=now, limit=limit)


def _supersede(session: Session, reason: str, which: ColumnElement[bool]) -> Sequence[int]:
    drop = (
        update(OutboxItem)
        .where(which, col(OutboxItem.state) == ItemState.PENDING)
        .values(state=ItemState.SUPERSEDED, reason=reason)
        .returning(col(OutboxItem.message_id))
    )
    return [message_id for message_id in session.execute(drop).scalars() if message_id is not None]


@cache
def one_goes_first() -> ColumnElement[bool]:
    """Return the condition that an older item of the conversation still waits, or one is being sent or in doubt."""
    other = aliased(OutboxItem)
    older_waits = (col(other.state) == ItemState.PENDING) & (col(other.id) < col(OutboxItem.id))
    same_conversation = other.conversation_id == OutboxItem.conversation_id
    in_flight = (col(other.state) == ItemState.SENDING) | (col(other.state) == ItemState.UNCONFIRMED)
    return select(other.id).where(same_conversation, in_flight | older_waits).exists()
