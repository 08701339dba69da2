"""A customer's message comes in: who wrote and where with one statement, then its turn and its row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from secretaria.conversations.waking import wrote_to_feed
from secretaria.database.compiled import CompiledStatement
from secretaria.privacy import keyed_hash
from secretaria.whaticket.numbers import identity_key
from secretaria.whaticket.reading import Reading

ARRIVE = CompiledStatement("""
    WITH person AS (
        INSERT INTO contact (identity_key, number, name, created_at)
        SELECT :identity_key, :number, :name, :now
        WHERE NOT EXISTS (SELECT FROM erased_contact WHERE subject = :subject AND erased_at >= :written_at)
        ON CONFLICT (identity_key) DO UPDATE
        SET number = excluded.number, name = COALESCE(excluded.name, contact.name)
        RETURNING id
    )
    INSERT INTO conversation (contact_id, channel, mode, mode_changed_at, episode_at, ticket_id, last_seq,
                              last_inbound_seq, last_message_at, lease_token, created_at)
    SELECT id, :channel, 'automatic', :now, :now, :ticket_id, 1, 1, :now, 0, :now FROM person
    ON CONFLICT (contact_id, channel) DO UPDATE
    SET ticket_id = COALESCE(excluded.ticket_id, conversation.ticket_id), last_seq = conversation.last_seq + 1,
        last_inbound_seq = conversation.last_seq + 1, last_message_at = excluded.last_message_at
    RETURNING id, last_seq
""")
OPEN_TURN = CompiledStatement("""
    INSERT INTO turn (conversation_id, correlation_id, state, opened_at, due_at, deadline_at, messages, restarts, failures)
    VALUES (:conversation_id, :event_id, 'waiting', :now, :due_at, :deadline_at, 1, 0, 0)
    RETURNING id
""")
ADD_MESSAGE = CompiledStatement("""
    INSERT INTO message (conversation_id, turn_id, event_id, seq, direction, author, kind, text, provider_message_id,
                         delivery, media_url, media_type, media_seconds, sent_at, received_at)
    VALUES (:conversation_id, :turn_id, :event_id, :seq, 'inbound', 'contact', :kind, :text, :provider_message_id,
            '', :media_url, :media_type, :media_seconds, :sent_at, :received_at)
    RETURNING id
""")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message has its place: a conversation, locked until the transaction ends, and the position in it."""

    conversation_id: int
    seq: int


def take_place(
    session: Session, reading: Reading, *, number: str, channel: str, written_at: datetime, now: datetime
) -> Place | None:
    """Find or create contact and conversation, keep what the message tells of them, and take the next position.

    Args:
        session: The caller's transaction.
        reading: The message.
        number: The customer's digits, exactly as received.
        channel: Where it came in.
        written_at: When it was written.
        now: The present moment.

    Returns:
        The place; None where the customer was erased since it was written: it is not kept again.
    """
    identity = identity_key(number)
    told = {
        "identity_key": identity,
        "number": number,
        "name": reading.name,
        "subject": keyed_hash(identity),
        "written_at": written_at,
        "channel": channel,
        "ticket_id": reading.ticket_id,
        "now": now,
    }
    row = ARRIVE.first(session, told)
    return None if row is None else Place(row.id, row.last_seq)


def begin_turn(
    session: Session, conversation_id: int, event_id: UUID, *, due_at: datetime, deadline_at: datetime, now: datetime
) -> int:
    """Open a turn for its first message and return its id; its conversation is locked and has no other open one."""
    told = {
        "conversation_id": conversation_id,
        "event_id": event_id,
        "due_at": due_at,
        "deadline_at": deadline_at,
        "now": now,
    }
    return int(OPEN_TURN.one(session, told).id)


def keep_message(
    session: Session,
    place: Place,
    reading: Reading,
    *,
    turn_id: int,
    event_id: UUID,
    received_at: datetime,
    now: datetime,
) -> int:
    """Write a customer's message at its place and return its id."""
    media = reading.media
    told = {
        "conversation_id": place.conversation_id,
        "turn_id": turn_id,
        "event_id": event_id,
        "seq": place.seq,
        "kind": reading.kind or "text",
        "text": reading.text,
        "provider_message_id": reading.message_id,
        "media_url": media.url if media else None,
        "media_type": media.mime if media else None,
        "media_seconds": media.seconds if media else None,
        "sent_at": min(reading.sent_at or now, now),  # a clock that runs ahead must not reorder a conversation
        "received_at": received_at,
    }
    message_id = int(ADD_MESSAGE.one(session, told).id)
    wrote_to_feed(session)
    return message_id
