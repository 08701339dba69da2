"""The queries of one attempt at an item: claimed and begun before any byte leaves, settled by what came back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal, cast

from sqlalchemy import bindparam, func, update
from sqlmodel import Session, col, select

from secretaria.conversations.models import Conversation
from secretaria.conversations.waking import wrote_to_feed
from secretaria.database.compiled import CompiledStatement
from secretaria.outbox.models import DeliveryAttempt, ItemState, Kind, OutboxItem
from secretaria.outbox.store import one_goes_first
from secretaria.whaticket.gateway import Outcome, SendResult


def claim_item(
    session: Session, item_id: int, *, now: datetime, lease_seconds: float, refused_seconds: float
) -> OutboxItem | None:
    """Take a pending item for sending, unless another one of its conversation goes first or its channel is refused.

    Args:
        session: The caller's transaction.
        item_id: Which one.
        now: The present moment.
        lease_seconds: How long it is ours.
        refused_seconds: How long nothing goes over a channel on which Whaticket has just refused our token.

    Returns:
        The item with its new fencing token, or None when there is nothing to send now.
    """
    known = {
        "item_id": item_id,
        "now": now,
        "until": now + timedelta(seconds=lease_seconds),
        "refused_since": now - timedelta(seconds=refused_seconds),
    }
    row = _claim().first(session, known)
    return cast("OutboxItem | None", row)  # its attributes are the item's, and nothing is changed through it


@cache  # writing it costs more than sending it, and every delivery sends it
def _claim() -> CompiledStatement:
    word = _last_word_on_channel().subquery()
    refused = select(word.c.outcome).where(
        word.c.outcome == Outcome.MISCONFIGURED, word.c.ended_at > bindparam("refused_since")
    )
    return CompiledStatement(
        update(OutboxItem.metadata.tables["outbox_item"])
        .where(
            col(OutboxItem.id) == bindparam("item_id"),
            col(OutboxItem.state) == ItemState.PENDING,
            col(OutboxItem.not_before) <= bindparam("now"),
            ~one_goes_first(),
            ~refused.exists(),
        )
        .values(
            state=ItemState.SENDING,
            attempts=OutboxItem.attempts + 1,
            lease_token=OutboxItem.lease_token + 1,
            lease_until=bindparam("until"),
        )
        .returning(*OutboxItem.metadata.tables["outbox_item"].columns)
    )


BEGIN_ATTEMPT = CompiledStatement("""
    WITH asked AS (
        SELECT :automatic AND EXISTS (SELECT FROM secretary_pause) AS paused,
               :automatic AND EXISTS (SELECT FROM contact WHERE id = :contact_id AND opted_out_at < :written_at) AS opted_out
    ),
    begun AS (
        INSERT INTO delivery_attempt (item_id, started_at, outcome, error)
        SELECT :item_id, :now, '', '' FROM asked WHERE :wanted AND NOT paused AND NOT opted_out
        RETURNING id
    )
    SELECT begun.id, paused, opted_out FROM asked LEFT JOIN begun ON true
""")


@dataclass(frozen=True, slots=True)
class Begun:
    """What came of beginning an attempt.

    Attributes:
        attempt_id: The attempt; None where nothing may be said.
        paused: Whether the secretary is paused everywhere.
        opted_out: Whether the contact had asked for no automatic messages before this one was written.
    """

    attempt_id: int | None
    paused: bool
    opted_out: bool


def begin_attempt(
    session: Session, item: OutboxItem, contact_id: int, now: datetime, *, automatic: bool, wanted: bool
) -> Begun:
    """Write an attempt down, unless at this moment the secretary may not speak or the contact does not want to hear her.

    Args:
        session: The caller's transaction; it has locked the conversation.
        item: Claimed.
        contact_id: Whose conversation it is.
        now: The present moment.
        automatic: Whether these are the secretary's words: nothing else is asked for then.
        wanted: Whether there is any attempt to be written.
    """
    known = {
        "item_id": item.id,
        "now": now,
        "automatic": automatic,
        "wanted": wanted,
        "contact_id": contact_id,
        "written_at": item.created_at,
    }
    return Begun(*BEGIN_ATTEMPT.one(session, known))


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


def end_attempt(session: Session, attempt_id: int, now: datetime, result: SendResult) -> None:
    """Write down how an attempt ended."""
    ended = {"ended_at": now, "outcome": result.outcome, "status": result.status, "error": result.error}
    session.execute(update(DeliveryAttempt).where(col(DeliveryAttempt.id) == attempt_id).values(ended))


SETTLE_SENT = CompiledStatement("""
    WITH ended AS (
        UPDATE delivery_attempt SET ended_at = :now, outcome = :outcome, status = :status, error = :error
        WHERE id = :attempt_id
    ),
    settled AS (
        UPDATE outbox_item
        SET state = 'sent', lease_until = NULL, sent_at = :now, provider_message_id = :provider_message_id, reason = NULL
        WHERE id = :item_id AND state = 'sending' AND lease_token = :lease_token
        RETURNING message_id
    ),
    told AS (UPDATE message SET delivery = 'sent' FROM settled WHERE message.id = settled.message_id)
    SELECT EXISTS (
        SELECT FROM outbox_item WHERE conversation_id = :conversation_id AND state = 'pending'
    ) AS more_waits FROM settled
""")


def settle_sent(
    session: Session, item: OutboxItem, attempt_id: int, now: datetime, result: SendResult
) -> Literal["fenced", "more_waits", "all_said"]:
    """Write down that Whaticket took an item: its attempt, itself and its bubble, with one statement.

    Returns:
        Whether more of its conversation waits, or that the item was taken away meanwhile and only the attempt ended.
    """
    known = {
        "attempt_id": attempt_id,
        "item_id": item.id,
        "lease_token": item.lease_token,
        "conversation_id": item.conversation_id,
        "provider_message_id": result.provider_message_id,
        "outcome": result.outcome,
        "status": result.status,
        "error": result.error,
        "now": now,
    }
    row = SETTLE_SENT.first(session, known)
    wrote_to_feed(session)
    if row is None:
        return "fenced"
    return "more_waits" if row.more_waits else "all_said"


def refused_since(session: Session, item_id: int) -> datetime | None:
    """Return when Whaticket refused our token on the channel of a bubble, if that was its last word there."""
    found = session.execute(_last_word_on_channel(), {"item_id": item_id}).first()
    return found[1] if found is not None and found[0] == Outcome.MISCONFIGURED else None


@cache  # writing it costs more than asking it, and every delivery asks
def _last_word_on_channel() -> Any:  # noqa: ANN401  # a select of SQLModel, whose type names more than anybody reads
    channel = (
        select(Conversation.channel)
        .join(OutboxItem, col(OutboxItem.conversation_id) == Conversation.id)
        .where(OutboxItem.id == bindparam("item_id"), OutboxItem.kind == Kind.BUBBLE)
        .scalar_subquery()
    )
    return (
        select(DeliveryAttempt.outcome, DeliveryAttempt.ended_at)
        .join(OutboxItem, col(DeliveryAttempt.item_id) == OutboxItem.id)
        .join(Conversation, col(OutboxItem.conversation_id) == Conversation.id)
        .where(OutboxItem.kind == Kind.BUBBLE, Conversation.channel == channel)
        .where(col(DeliveryAttempt.ended_at).is_not(None))
        .order_by(col(DeliveryAttempt.id).desc())
        .limit(1)
    )


def count_attempts(session: Session, item_id: int) -> int:
    """Return how many attempts an item has on record."""
    statement = select(func.count()).select_from(DeliveryAttempt).where(DeliveryAttempt.item_id == item_id)
    return session.exec(statement).one()
