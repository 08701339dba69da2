"""A whole reply goes into the conversation and into the outbox with one statement, so that what is shown is what is sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from secretaria.conversations.waking import wrote_to_feed
from secretaria.database.compiled import CompiledStatement

PLACE_REPLY = CompiledStatement("""
    WITH moved AS (
        UPDATE conversation
        SET last_seq = last_seq + cardinality(CAST(:bubbles AS text[])), last_message_at = :now
        WHERE id = :conversation_id
        RETURNING last_seq - cardinality(CAST(:bubbles AS text[])) AS before
    ),
    said AS (
        INSERT INTO message (conversation_id, turn_id, seq, direction, author, kind, text, delivery, sent_at, received_at)
        SELECT :conversation_id, :turn_id, moved.before + bubble.place, 'outbound', 'secretary', 'text', bubble.words,
               'pending', :now, :now
        FROM moved, unnest(CAST(:bubbles AS text[])) WITH ORDINALITY AS bubble (words, place)
        ORDER BY bubble.place
        RETURNING id, seq, text
    )
    INSERT INTO outbox_item (conversation_id, turn_id, message_id, kind, purpose, inbound_seq, correlation_id, position,
                             number, body, state, attempts, not_before, lease_token, looks, created_at)
    SELECT :conversation_id, :turn_id, said.id, 'bubble', 'reply', :inbound_seq, :correlation_id,
           said.seq - moved.before - 1, :number, said.text, 'pending', 0, :now, 0, 0, :now
    FROM said, moved
    ORDER BY said.seq
    RETURNING id
""")


def place_reply(
    session: Session,
    conversation_id: int,
    bubbles: Sequence[str],
    *,
    number: str,
    correlation_id: UUID,
    turn_id: int,
    inbound_seq: int,
    now: datetime,
) -> list[int]:
    """Write the bubbles of a turn in its conversation and put them in the outbox; what has been read of it is older now.

    Args:
        session: The caller's transaction.
        conversation_id: Locked.
        bubbles: The words, in their order.
        number: The digits exactly as received from the customer.
        correlation_id: Of the event behind it.
        turn_id: The turn they answer.
        inbound_seq: The newest customer message their author knew of.
        now: The present moment.

    Returns:
        The ids of the items, in the order of the bubbles.
    """
    if not bubbles:
        return []
    told = {
        "conversation_id": conversation_id,
        "bubbles": list(bubbles),
        "number": number,
        "correlation_id": correlation_id,
        "turn_id": turn_id,
        "inbound_seq": inbound_seq,
        "now": now,
    }
    wrote_to_feed(session)
    return sorted(row.id for row in PLACE_REPLY.all(session, told))
