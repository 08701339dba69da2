"""A turn that ends with a person without a word of ours: the conversation waits, and the ticket goes to people too."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from secretaria.conversations import store as conversations
from secretaria.conversations.handoff import ask_for_person
from secretaria.conversations.models import Contact, Mode, Turn, TurnState
from secretaria.outbox import store as outbox
from secretaria.replies.telling import tell_closed


def hand_over_silently(
    session: Session, turn: Turn, now: datetime, *, reason: str, brief: str, transfers: bool
) -> None:
    """Close a turn for a person, unless one already has the word; the sweep nudges the transfer.

    Args:
        session: The caller's transaction.
        turn: Of a conversation that the caller has locked.
        now: The present moment.
        reason: Code of why she says nothing.
        brief: What the person should know.
        transfers: Whether a hand-off also moves the ticket at Whaticket.
    """
    turn.state, turn.reason, turn.closed_at = TurnState.HANDED_OFF, reason, now
    session.add(turn)
    tell_closed(session, turn)
    conversation = conversations.load_conversation(session, turn.conversation_id)
    if conversation.mode != Mode.AUTOMATIC:
        return
    ask_for_person(session, conversation, now)
    if not transfers:
        return
    outbox.place_transfer(
        session,
        conversation_id=turn.conversation_id,
        turn_id=turn.id or 0,
        correlation_id=turn.correlation_id,
        position=0,
        number=session.get_one(Contact, conversation.contact_id).number,
        brief=brief,
        inbound_seq=conversation.last_inbound_seq,
        now=now,
    )
