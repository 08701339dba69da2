"""The list of conversations: who waits for a person first, the longest first, then what was said last; page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_, union
from sqlmodel import Session, col, select

from secretaria.conversations.models import Author, Contact, Conversation, Message, Mode
from secretaria.database.columns import folded
from secretaria.errors import UsageInvalid
from secretaria.knowledge.words import fold
from secretaria.privacy import mask_number
from secretaria.replies.models import Reply
from secretaria.whaticket.numbers import identity_key

PAGE = 50
MOST = 500
SHORTEST_NUMBER = 8
SNIPPET = 120
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Filters:
    """What to show.

    Attributes:
        search: A number however it is written, or a part of a name or of what was said.
        mode: One of ``Mode``.
        intention: The label of at least one turn.
        sentiment: -1, 0 or 1, of at least one turn.
        since: Nothing whose last message is older.
        until: Nothing whose last message is newer.
        handoff: A reason of a hand-off; ``any`` for whichever.
        holder: Only what this account has.
    """

    search: str = ""
    mode: str | None = None
    intention: str | None = None
    sentiment: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    handoff: str | None = None
    holder: str | None = None


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One conversation of the list.

    Attributes:
        number: Masked.
        waiting_since: Since when somebody waits for a person; None where nobody does.
        last_author: Who said the last word: ``contact``, ``secretary`` or ``attendant``.
        last_text: Its beginning; what an audio said where somebody listened.
        intention: As the model last read the customer, like ``sentiment``, ``urgent`` and ``handoff_reason``.
        position: From where the next page begins.
    """

    conversation_id: int
    name: str | None
    number: str
    channel: str
    mode: str
    holder: str | None
    waiting_since: datetime | None
    last_message_at: datetime
    last_author: str
    last_kind: str
    last_text: str
    intention: str | None
    sentiment: int | None
    urgent: bool | None
    handoff_reason: str | None
    position: str


def list_conversations(
    session: Session, filters: Filters | None = None, limit: int = PAGE, before: str | None = None
) -> Sequence[BoardRow]:
    """Return a page of conversations: those that wait for a person, the longest first, then the others, the latest first.

    Args:
        session: The caller's transaction.
        filters: What to show; everything where there are none.
        limit: How many at most.
        before: The ``position`` of the last row of the page before.

    Raises:
        UsageInvalid: The position or a filter is not understood.
    """
    limit, wanted = min(max(limit, 1), MOST), _conditions(filters or Filters())
    rank, moment, identifier = _place(before)
    found: list[tuple[int, Conversation, Contact]] = []
    since = waiting_since()
    with_people = col(Conversation.mode).in_((Mode.WAITING, Mode.ATTENDED))  # as the index has it
    if rank == 0:
        waiting = (
            _joined(wanted).where(with_people, since.is_not(None)).order_by(since, col(Conversation.id)).limit(limit)
        )
        if before is not None:
            waiting = waiting.where((since > moment) | ((since == moment) & (col(Conversation.id) > identifier)))
        found += [(0, conversation, contact) for conversation, contact in session.exec(waiting).all()]
    if len(found) < limit:
        last = col(Conversation.last_message_at)
        nobody_waits = or_(~with_people, since.is_(None))  # the first half tells PostgreSQL that they are almost all
        others = _joined(wanted).where(nobody_waits).order_by(last.desc(), col(Conversation.id).desc())
        if rank == 1:
            others = others.where((last < moment) | ((last == moment) & (col(Conversation.id) < identifier)))
        found += [(1, *pair) for pair in session.exec(others.limit(limit - len(found))).all()]
    return _rows(session, found)


def waiting_since() -> Any:  # noqa: ANN401  # an expression of SQLAlchemy
    """Return the expression of since when a conversation waits for a person; null where none is waited for.

    It waits when a person was called, and when the last word to the person who has it is the customer's.
    """
    unanswered = (col(Conversation.mode) == Mode.ATTENDED) & (
        col(Conversation.last_inbound_seq) == col(Conversation.last_seq)
    )
    return case(
        (col(Conversation.mode) == Mode.WAITING, col(Conversation.mode_changed_at)),
        (unanswered, func.greatest(Conversation.mode_changed_at, Conversation.last_message_at)),
        else_=None,
    )


def _joined(conditions: Sequence[ColumnElement[bool]]) -> Any:  # noqa: ANN401  # a statement of SQLAlchemy
    statement = select(Conversation, Contact).join(Contact, col(Contact.id) == Conversation.contact_id)
    return statement.where(col(Contact.number) != "", *conditions)


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    if filters.mode is not None and filters.mode not in list(Mode):
        raise UsageInvalid(f"modo desconhecido: {filters.mode}", f"há {', '.join(Mode)}")
    reply = select(Reply.id).where(Reply.conversation_id == Conversation.id)
    asked: list[ColumnElement[bool]] = []
    if filters.mode is not None:
        asked.append(col(Conversation.mode) == filters.mode)
    if filters.holder is not None:
        asked.append(col(Conversation.holder) == filters.holder)
    if filters.intention is not None:
        asked.append(reply.where(Reply.intention == filters.intention).exists())
    if filters.sentiment is not None:
        asked.append(reply.where(Reply.sentiment == filters.sentiment).exists())
    if filters.handoff is not None:
        reason = col(Reply.handoff_reason)
        asked.append(
            reply.where(reason.is_not(None) if filters.handoff == "any" else reason == filters.handoff).exists()
        )
    if filters.since is not None:
        asked.append(col(Conversation.last_message_at) >= filters.since)
    if filters.until is not None:
        asked.append(col(Conversation.last_message_at) <= filters.until)
    if filters.search.strip():
        asked.append(_found_by(filters.search.strip().replace("\0", "")))
    return asked


def _found_by(written: str) -> ColumnElement[bool]:
    """A whole number is found by what all ways of writing it share; words in the name, and in what was said."""
    digits = "".join(filter(str.isdecimal, written))
    if len(digits) >= SHORTEST_NUMBER and not any(map(str.isalpha, written)):
        keys = [identity_key(digits), identity_key(f"55{digits}")]
        return or_(*(col(Contact.identity_key) == key for key in keys))
    pattern = fold(written)
    named = select(Conversation.id).join(Contact).where(folded(Contact.name).contains(pattern, autoescape=True))
    said = select(Message.conversation_id).where(folded(Message.text).contains(pattern, autoescape=True))
    heard = col(Message.transcript).is_not(None) & folded(Message.transcript).contains(pattern, autoescape=True)
    # One list of numbers from three indexes, read once, and not a look into every conversation.
    return col(Conversation.id).in_(union(named, said, select(Message.conversation_id).where(heard)))


def _rows(session: Session, found: Sequence[tuple[int, Conversation, Contact]]) -> list[BoardRow]:
    identifiers = [conversation.id or 0 for _, conversation, _ in found]
    last, read = _last_messages(session, identifiers), _last_readings(session, identifiers)
    rows = []
    for rank, conversation, contact in found:
        identifier = conversation.id or 0
        message, reply = last.get(identifier), read.get(identifier)
        since = _waits_since(conversation) if rank == 0 else None
        rows.append(
            BoardRow(
                conversation_id=identifier,
                name=contact.name,
                number=mask_number(contact.number),
                channel=conversation.channel,
                mode=conversation.mode,
                holder=conversation.holder,
                waiting_since=since,
                last_message_at=conversation.last_message_at,
                last_author=message.author if message else Author.CONTACT,
                last_kind=message.kind if message else "text",
                last_text=message.words[:SNIPPET] if message else "",
                intention=reply.intention if reply else None,
                sentiment=reply.sentiment if reply else None,
                urgent=reply.urgent if reply else None,
                handoff_reason=reply.handoff_reason if reply else None,
                position=_position(rank, since or conversation.last_message_at, identifier),
            )
        )
    return rows


def _last_messages(session: Session, identifiers: Sequence[int]) -> dict[int, Message]:
    newest = (
        select(Message)
        .join(Conversation, col(Conversation.id) == Message.conversation_id)
        .where(col(Conversation.id).in_(identifiers), Message.seq == Conversation.last_seq)
    )
    return {message.conversation_id: message for message in session.exec(newest).all()}


def _last_readings(session: Session, identifiers: Sequence[int]) -> dict[int, Reply]:
    newest = (
        select(func.max(Reply.id))
        .where(col(Reply.conversation_id).in_(identifiers), col(Reply.intention).is_not(None))
        .group_by(col(Reply.conversation_id))
    )
    found = session.exec(select(Reply).where(col(Reply.id).in_(newest))).all()
    return {reply.conversation_id: reply for reply in found}


def _waits_since(conversation: Conversation) -> datetime:
    if conversation.mode == Mode.WAITING:
        return conversation.mode_changed_at
    return max(conversation.mode_changed_at, conversation.last_message_at)


def _position(rank: int, moment: datetime, identifier: int) -> str:
    return f"{rank}-{(moment - EPOCH) // timedelta(microseconds=1)}-{identifier}"


def _place(written: str | None) -> tuple[int, datetime, int]:
    if written is None:
        return 0, EPOCH, 0
    try:
        rank, micros, identifier = (int(part) for part in written.split("-"))
        return min(max(rank, 0), 1), EPOCH + timedelta(microseconds=micros), min(max(identifier, 0), 2**62)
    except (ValueError, OverflowError) as error:
        raise UsageInvalid("esta página da lista não existe", "volte ao começo da lista") from error
