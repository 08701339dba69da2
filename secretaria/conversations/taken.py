"""A turn as the worker that has taken it reads it: rows to be read, a fifth of what the same rows cost to be changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from secretaria.conversations.models import Contact, Conversation, Turn, words_of
from secretaria.database.compiled import CompiledStatement

HISTORY_MESSAGES = 24


@dataclass(frozen=True, slots=True)
class TakenTurn:
    """An open turn; the attributes are those of ``Turn``."""

    id: int
    correlation_id: UUID
    state: str
    opened_at: datetime
    due_at: datetime
    deadline_at: datetime
    restarts: int


@dataclass(slots=True)
class TakenConversation:
    """Its locked conversation; the attributes are those of ``Conversation``."""

    id: int
    contact_id: int
    mode: str
    person_spoke_at: datetime | None
    episode_at: datetime
    last_seq: int
    last_inbound_seq: int


@dataclass(frozen=True, slots=True)
class TakenContact:
    """Who wrote; the attributes are those of ``Contact``."""

    number: str
    opted_out_at: datetime | None
    told_privacy_at: datetime | None


@dataclass(frozen=True, slots=True)
class TakenMessage:
    """One message of the turn; the attributes are those of ``Message``."""

    id: int
    event_id: UUID | None
    seq: int
    kind: str
    text: str
    transcript: str | None
    sent_at: datetime
    received_at: datetime

    @property
    def words(self) -> str:
        """What was written, and what was said where somebody listened."""
        return words_of(self.text, self.transcript)


@dataclass(frozen=True, slots=True)
class SaidBefore:
    """One bubble from before the turn, whoever wrote it; the attributes are those of ``Message``."""

    seq: int
    author: str
    kind: str
    text: str
    transcript: str | None
    delivery: str
    sent_at: datetime

    @property
    def words(self) -> str:
        """What was written, and what was said where somebody listened."""
        return words_of(self.text, self.transcript)


@dataclass(frozen=True, slots=True)
class Entities:
    """The same turn, conversation and contact, to be changed."""

    turn: Turn
    conversation: Conversation
    contact: Contact


MESSAGES = CompiledStatement("""
    SELECT id, event_id, seq, kind, text, transcript, sent_at, received_at
    FROM message WHERE turn_id = :turn_id AND direction = 'inbound'
    ORDER BY sent_at, event_id
""")


def messages_taken(session: Session, turn_id: int) -> Sequence[TakenMessage]:
    """Return the customer's messages of a turn, by Whaticket's time and then by arrival."""
    return [TakenMessage(*row) for row in MESSAGES.all(session, {"turn_id": turn_id})]


SAID_BEFORE = CompiledStatement(
    text("""
    SELECT seq, author, kind, text, transcript, delivery, sent_at
    FROM message
    WHERE conversation_id = :conversation_id AND delivery NOT IN ('superseded', 'held', 'dead')
      AND received_at >= :since AND seq > :after_seq AND turn_id IS DISTINCT FROM :turn_id
    ORDER BY seq DESC LIMIT :most
""").bindparams(most=HISTORY_MESSAGES),
    skewed=True,
)


def history_before(
    session: Session, conversation_id: int, turn_id: int, *, since: datetime, after_seq: int = 0
) -> Sequence[SaidBefore]:
    """Return the newest ``HISTORY_MESSAGES`` bubbles outside a turn, oldest first; what was never said is left out.

    Args:
        session: The caller's transaction.
        conversation_id: Which conversation.
        turn_id: The turn that is being answered.
        since: What arrived before belongs to another episode.
        after_seq: What is known already up to this position.
    """
    asked = {
        "conversation_id": conversation_id,
        "turn_id": turn_id,
        "since": since,
        "after_seq": after_seq,
    }
    return [SaidBefore(*row) for row in reversed(SAID_BEFORE.all(session, asked))]


def entities_of(session: Session, turn_id: int) -> Entities:
    """Return a turn of a conversation that the caller has locked, with all that may be changed of it."""
    turn = session.get_one(Turn, turn_id, populate_existing=True, with_for_update=True)
    conversation = session.get_one(Conversation, turn.conversation_id, populate_existing=True)
    return Entities(turn, conversation, session.get_one(Contact, conversation.contact_id, populate_existing=True))
