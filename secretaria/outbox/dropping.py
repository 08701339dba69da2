"""What nobody should hear any more: which item that is, by who has the word at the last moment, and what becomes of it."""

from __future__ import annotations

from datetime import datetime

from loguru import logger
from sqlmodel import Session

from secretaria.conversations import store as conversations
from secretaria.conversations.handoff import ask_for_person, person_is_talking
from secretaria.conversations.models import Mode
from secretaria.conversations.pauses import SECRETARY_PAUSED, pause_of_all
from secretaria.conversations.store import HeldWord
from secretaria.outbox import attempts, store
from secretaria.outbox.models import ItemState, Kind, OutboxItem, Purpose

SILENT_MODES = (Mode.ATTENDED, Mode.PAUSED)
NEWER_MESSAGE = "newer_message"
OPTED_OUT = "opted_out"
EXPIRED = "expired"


def begin_unless_dropped(session: Session, conversation: HeldWord, item: OutboxItem, now: datetime) -> tuple[str, int]:
    """Write the attempt down, or say why nobody should hear this any more.

    A person's word drops all that is pending; a newer message of the customer what its reply has left to say.
    """
    overtaken = _overtaken_by(conversation, item, now)
    if overtaken:
        return overtaken, 0
    automatic = item.kind == Kind.BUBBLE and item.purpose != Purpose.ATTENDANT
    newer = automatic and item.position > 0 and 0 < item.inbound_seq < conversation.last_inbound_seq
    begun = attempts.begin_attempt(session, item, conversation.contact_id, now, automatic=automatic, wanted=not newer)
    if begun.paused:
        return SECRETARY_PAUSED, 0
    if newer:
        return NEWER_MESSAGE, 0
    return (OPTED_OUT, 0) if begun.opted_out else ("", begun.attempt_id or 0)


def let_go(session: Session, item: OutboxItem, reason: str, now: datetime) -> None:
    """Put a claimed item back, and drop it with what its reason drops."""
    attempts.settle_item(session, item, state=ItemState.PENDING, attempts=item.attempts - 1)
    drop(session, item, reason)
    conversation = conversations.load_conversation(session, item.conversation_id)
    if reason == SECRETARY_PAUSED and item.purpose == Purpose.REPLY and conversation.mode == Mode.AUTOMATIC:
        ask_for_person(session, conversation, now)  # somebody must see that the customer was left without the words


def silenced(session: Session, conversation: HeldWord, item: OutboxItem, now: datetime) -> str:
    """Why this may not be said any more; empty where it may. The pause of the secretary ends everything but a person's word."""
    reason = _overtaken_by(conversation, item, now)
    if reason or item.purpose == Purpose.ATTENDANT or item.kind != Kind.BUBBLE:
        return reason
    return SECRETARY_PAUSED if pause_of_all(session) is not None else ""


def _overtaken_by(conversation: HeldWord, item: OutboxItem, now: datetime) -> str:
    """What of the conversation, as it stands now, ends this item; empty where nothing does.

    A person's word ends every reply. A reminder answers nobody: it only keeps out of a talk that is going on, and of a
    conversation that was paused.
    """
    if item.purpose == Purpose.ATTENDANT:  # that is the person's word
        return ""
    if item.expires_at is not None and item.expires_at <= now:
        return EXPIRED
    if item.purpose == Purpose.REMINDER:
        silent = conversation.mode == Mode.PAUSED or person_is_talking(conversation, now)
    else:
        silent = conversation.mode in SILENT_MODES
    return f"conversation_{conversation.mode}" if silent else ""


def drop(session: Session, item: OutboxItem, reason: str) -> None:
    """Record that nobody will hear what still waits: of this reply, or of all replies of the conversation."""
    if item.purpose == Purpose.REMINDER:
        dropped = store.supersede_items(session, [item.id or 0], reason)
    elif reason == NEWER_MESSAGE:
        dropped = store.supersede_rest(session, item, reason)
    else:
        dropped = store.supersede_pending(session, item.conversation_id, reason)
    for message_id in dropped:
        conversations.mark_delivery(session, message_id, ItemState.SUPERSEDED)
    log = logger.bind(correlation_id=str(item.correlation_id), conversation_id=item.conversation_id)
    log.bind(reason=reason).info("bubbles_superseded")
