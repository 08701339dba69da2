"""One worker at a time per conversation: a lease with a fencing token, and the gate a reply passes to be written."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col

from secretaria.conversations.models import Conversation, Mode


def take_lease(session: Session, conversation_id: int, *, now: datetime, seconds: float) -> int | None:
    """Take the conversation for a number of seconds.

    Returns:
        The fencing token, or None while another worker has it.
    """
    take = (
        update(Conversation)
        .where(
            col(Conversation.id) == conversation_id,
            col(Conversation.lease_until).is_(None) | (col(Conversation.lease_until) < now),
        )
        .values(lease_token=Conversation.lease_token + 1, lease_until=now + timedelta(seconds=seconds))
        .returning(col(Conversation.lease_token))
    )
    return session.execute(take).scalar_one_or_none()


def pass_gate(session: Session, conversation_id: int, *, token: int, inbound_seq: int | None) -> bool:
    """Release the lease if it is still ours, nobody else has the word and, where asked, nothing newer has come.

    Args:
        session: The transaction that will also write the reply.
        conversation_id: Whose turn this is.
        token: The fencing token of the lease.
        inbound_seq: The newest customer message the draft knows of; None to say it even if there is a newer one.

    Returns:
        Whether the reply may be written; the row stays locked until the transaction ends.
    """
    gate = update(Conversation).where(
        col(Conversation.id) == conversation_id,
        col(Conversation.lease_token) == token,
        col(Conversation.mode) == Mode.AUTOMATIC,
    )
    if inbound_seq is not None:
        gate = gate.where(col(Conversation.last_inbound_seq) == inbound_seq)
    return session.execute(gate.values(lease_until=None).returning(col(Conversation.id))).first() is not None


def release_lease(session: Session, conversation_id: int, *, token: int) -> bool:
    """Give the conversation back.

    Returns:
        Whether the lease was still ours.
    """
    release = (
        update(Conversation)
        .where(col(Conversation.id) == conversation_id, col(Conversation.lease_token) == token)
        .values(lease_until=None)
        .returning(col(Conversation.id))
    )
    return session.execute(release).first() is not None
