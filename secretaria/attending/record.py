"""One conversation as a person reads it: who it is, what was said and by whom, what is remembered, what others noted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from secretaria.attending.board import waiting_since
from secretaria.attending.holding import ConversationUnknown
from secretaria.attending.models import InternalNote
from secretaria.conversations.models import Contact, Conversation, Episode, EpisodeState, Message
from secretaria.errors import NotFound
from secretaria.memory.models import CustomerFact
from secretaria.memory.store import recall
from secretaria.privacy import mask_number
from secretaria.replies.models import Reply
from secretaria.whaticket.numbers import identity_key

BUBBLES = 200
NOTES = 50
SHORTEST_NUMBER = 8
SUMMARIES = 5


class ConversationNotNamed(NotFound):
    """What was typed names no conversation."""


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message.

    Attributes:
        author: ``contact``, ``secretary`` or ``attendant``.
        attendant: The account that wrote it here; None for what came from the phone or Whaticket.
        delivery: State of our own bubbles, empty for received ones.
        turn_id: The turn it belongs to; the secretary's can be explained by it.
    """

    id: int
    seq: int
    at: datetime
    author: str
    attendant: str | None
    kind: str
    text: str
    transcript: str | None
    delivery: str
    turn_id: int | None


@dataclass(frozen=True, slots=True)
class Analysis:
    """How the model read a turn.

    Attributes:
        checks: Verdict by check.
    """

    turn_id: int
    origin: str
    intention: str | None
    sentiment: int | None
    urgent: bool | None
    satisfaction: str | None
    handoff_reason: str | None
    answerable: str | None
    checks: dict[str, object]


@dataclass(frozen=True, slots=True)
class Record:
    """Everything a person needs to go on with a conversation.

    Attributes:
        number: Masked.
        bubbles: Oldest first; ``has_older`` says that there are more before them.
        analyses: By turn, for the turns of these bubbles.
        facts: What is remembered of the customer, with their words.
        brief: What the secretary told the team when she last called a person; None where she has not.
        notes: Of the team, oldest first.
        summaries: Of ended episodes, newest first.
        waiting_since: Since when somebody waits for a person; None where nobody does.
    """

    conversation_id: int
    name: str | None
    number: str
    channel: str
    mode: str
    mode_changed_at: datetime
    holder: str | None
    held_at: datetime | None
    waiting_since: datetime | None
    opted_out_at: datetime | None
    ticket_id: int | None
    bubbles: Sequence[Bubble]
    has_older: bool
    analyses: dict[int, Analysis]
    facts: Sequence[CustomerFact]
    brief: str | None
    brief_at: datetime | None
    handoff_reason: str | None
    notes: Sequence[InternalNote]
    summaries: Sequence[Episode]


def open_record(
    session: Session, conversation_id: int, *, now: datetime, limit: int = BUBBLES, before_seq: int | None = None
) -> Record:
    """Read one conversation.

    Args:
        session: The caller's transaction.
        conversation_id: Which one.
        now: The present moment: facts expire.
        limit: How many bubbles at most, the newest.
        before_seq: Only bubbles before this position, for reading backwards.

    Raises:
        ConversationUnknown: There is none.
    """
    statement = select(Conversation, Contact, waiting_since()).join(Contact, col(Contact.id) == Conversation.contact_id)
    found = session.exec(statement.where(Conversation.id == conversation_id, Contact.number != "")).first()
    if found is None:
        raise ConversationUnknown(conversation_id)
    conversation, contact, since = found
    bubbles, has_older = _bubbles(session, conversation_id, limit, before_seq)
    brief = session.exec(
        select(Reply)
        .where(Reply.conversation_id == conversation_id, col(Reply.handoff_reason).is_not(None))
        .order_by(col(Reply.id).desc())
        .limit(1)
    ).first()
    return Record(
        conversation_id=conversation_id,
        name=contact.name,
        number=mask_number(contact.number),
        channel=conversation.channel,
        mode=conversation.mode,
        mode_changed_at=conversation.mode_changed_at,
        holder=conversation.holder,
        held_at=conversation.held_at,
        waiting_since=since,
        opted_out_at=contact.opted_out_at,
        ticket_id=conversation.ticket_id,
        bubbles=bubbles,
        has_older=has_older,
        analyses=analyses_of(session, [one.turn_id for one in bubbles if one.turn_id is not None]),
        facts=recall(session, conversation.contact_id, now),
        brief=brief.handoff_brief if brief else None,
        brief_at=brief.created_at if brief else None,
        handoff_reason=brief.handoff_reason if brief else None,
        notes=_notes(session, conversation_id),
        summaries=_summaries(session, conversation.contact_id),
    )


def number_of(session: Session, conversation_id: int) -> str:
    """Return the whole number of a conversation's customer; whoever shows it notes that in the audit.

    Raises:
        ConversationUnknown: There is none.
    """
    statement = select(Contact.number).join(Conversation, col(Conversation.contact_id) == Contact.id)
    found = session.exec(statement.where(Conversation.id == conversation_id)).first()
    if not found:
        raise ConversationUnknown(conversation_id)
    return found


def conversations_of(session: Session, written: str) -> Sequence[int]:
    """Return the conversations of a number, however it is written, the last touched first; none where it is unknown."""
    digits = "".join(filter(str.isdecimal, written))
    keys = [identity_key(digits), identity_key(f"55{digits}")]
    statement = (
        select(Conversation.id)
        .join(Contact, col(Contact.id) == Conversation.contact_id)
        .where(col(Contact.identity_key).in_(keys))
        .order_by(col(Conversation.last_message_at).desc())
    )
    return [identifier for identifier in session.exec(statement).all() if identifier is not None]


def conversation_named(session: Session, written: str) -> int:
    """Return the conversation that a person names: by its own number in the list, or by the customer's.

    Raises:
        ConversationNotNamed: It is neither, or of nobody.
    """
    named = written.strip().lower().removeprefix("c")
    if named.isascii() and named.isdigit() and len(named) < SHORTEST_NUMBER:
        return int(named)
    found = conversations_of(session, written)
    if not found:
        raise ConversationNotNamed(
            "nenhuma conversa com este nome",
            "use o número da lista (secretaria conversations list) ou o telefone com DDD",
        )
    return found[0]


def bubbles_of(session: Session, message_ids: Sequence[int]) -> dict[int, Bubble]:
    """Return some bubbles by their ids, as they are now; what was erased is missing."""
    found = session.exec(select(Message).where(col(Message.id).in_(message_ids))).all()
    return {message.id or 0: _bubble(message) for message in found}


def analyses_of(session: Session, turn_ids: Sequence[int]) -> dict[int, Analysis]:
    """Return how the model read some turns; turns without a reply are missing."""
    replies = session.exec(select(Reply).where(col(Reply.turn_id).in_(set(turn_ids)))).all()
    return {
        reply.turn_id: Analysis(
            turn_id=reply.turn_id,
            origin=reply.origin,
            intention=reply.intention,
            sentiment=reply.sentiment,
            urgent=reply.urgent,
            satisfaction=reply.satisfaction,
            handoff_reason=reply.handoff_reason,
            answerable=reply.answerable,
            checks=dict(reply.checks),
        )
        for reply in replies
    }


def _bubbles(session: Session, conversation_id: int, limit: int, before_seq: int | None) -> tuple[list[Bubble], bool]:
    statement = select(Message).where(Message.conversation_id == conversation_id)
    if before_seq is not None:
        statement = statement.where(Message.seq < before_seq)
    found = session.exec(statement.order_by(col(Message.seq).desc()).limit(limit + 1)).all()
    return [_bubble(message) for message in reversed(found[:limit])], len(found) > limit


def _bubble(message: Message) -> Bubble:
    return Bubble(
        id=message.id or 0,
        seq=message.seq,
        at=message.received_at,
        author=message.author,
        attendant=message.attendant,
        kind=message.kind,
        text=message.text,
        transcript=message.transcript,
        delivery=message.delivery,
        turn_id=message.turn_id,
    )


def _notes(session: Session, conversation_id: int) -> list[InternalNote]:
    statement = select(InternalNote).where(InternalNote.conversation_id == conversation_id)
    return list(reversed(session.exec(statement.order_by(col(InternalNote.id).desc()).limit(NOTES)).all()))


def _summaries(session: Session, contact_id: int) -> Sequence[Episode]:
    statement = select(Episode).where(Episode.contact_id == contact_id, Episode.state == EpisodeState.SUMMARISED)
    return session.exec(statement.order_by(col(Episode.ended_at).desc()).limit(SUMMARIES)).all()
