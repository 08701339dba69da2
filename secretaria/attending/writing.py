"""What a person writes: to the customer, through the same outbox as every bubble, or to the team, as a note."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TypeVar
from uuid import uuid4

from sqlmodel import Session, select

from secretaria.attending.holding import hold, locked, subject_of, target_of
from secretaria.attending.models import InternalNote
from secretaria.audit.trail import Actor, note
from secretaria.conversations.handoff import person_spoke
from secretaria.conversations.models import Contact, Message
from secretaria.database.transaction import after_commit
from secretaria.errors import Conflict, UsageInvalid
from secretaria.outbox import store as outbox
from secretaria.outbox.models import Purpose
from secretaria.queue.jobs import DELIVER_ITEM
from secretaria.queue.publisher import Publisher

LONGEST = 4096  # what WhatsApp takes in one message
LONGEST_REQUEST = 100
Written = TypeVar("Written", Message, InternalNote)
FORK_MARK = "\u200e"  # a message that begins with it could not be read back, nor told from an automatic one


class TextInvalid(UsageInvalid):
    """There is nothing to say, or more than WhatsApp takes at once."""


class RequestReused(Conflict):
    """The same request id was used for something else."""

    def __init__(self) -> None:
        super().__init__("este pedido já foi usado para outra mensagem", "escreva de novo")


def write_as_person(
    session: Session,
    publisher: Publisher,
    conversation_id: int,
    text: str,
    *,
    by: Actor,
    now: datetime,
    request_id: str,
) -> Message:
    """Send a text to the customer as a person, who has the conversation from then on.

    It goes through the outbox like every bubble, behind what is in doubt or under way, and nothing drops it.

    Args:
        session: The caller's transaction.
        publisher: Takes the nudge after the commit.
        conversation_id: To whom.
        text: The words, as they will be read.
        by: Who writes.
        now: The present moment.
        request_id: Made once by whoever asks; asking twice with it writes once.

    Raises:
        ConversationUnknown: There is none.
        ConversationTaken: Somebody else has it.
        TextInvalid: There are no words, or too many.
        RequestReused: The request was used in another conversation.
    """
    words = _checked(text)
    conversation = locked(session, conversation_id)
    written = _written_before(session, Message, conversation_id, _checked_request(request_id))
    if written is not None:
        return written
    hold(session, conversation, by, now)
    person_spoke(session, conversation, now)
    item = outbox.place_bubble(
        session,
        conversation,
        words,
        number=session.get_one(Contact, conversation.contact_id).number,
        correlation_id=uuid4(),
        now=now,
        purpose=Purpose.ATTENDANT,
        attendant=by.name,
        request_id=request_id,
    )
    message = session.get_one(Message, item.message_id)
    after_commit(session, partial(publisher.publish, DELIVER_ITEM, str(item.id)))
    subject = subject_of(session, conversation)
    after = {"message": message.id, "characters": len(words)}
    note(session, by, "conversation.written", target_of(conversation_id), at=now, subject=subject, after=after)
    return message


def add_note(
    session: Session, conversation_id: int, text: str, *, by: Actor, now: datetime, request_id: str | None = None
) -> InternalNote:
    """Leave a note for the team beside a conversation; neither the customer nor the model sees it.

    Raises:
        ConversationUnknown: There is none.
        TextInvalid: There are no words, or too many.
        RequestReused: The request was used in another conversation.
    """
    words = _checked(text)
    conversation = locked(session, conversation_id)
    if request_id is not None:
        written = _written_before(session, InternalNote, conversation_id, _checked_request(request_id))
        if written is not None:
            return written
    kept = InternalNote(
        conversation_id=conversation_id, author=by.name, text=words, request_id=request_id, created_at=now
    )
    session.add(kept)
    session.flush()
    subject = subject_of(session, conversation)
    after = {"note": kept.id, "characters": len(words)}
    note(session, by, "conversation.noted", target_of(conversation_id), at=now, subject=subject, after=after)
    return kept


def _checked(text: str) -> str:
    """Return the words as they may be kept and sent.

    Raises:
        TextInvalid: There are none, or too many.
    """
    words = text.replace("\0", "").replace("\r\n", "\n").strip().lstrip(FORK_MARK).strip()
    if not any(character.isprintable() and not character.isspace() for character in words):
        raise TextInvalid("falta o texto", "escreva alguma coisa")
    if len(words) > LONGEST:
        raise TextInvalid(
            f"o texto tem {len(words)} caracteres; o WhatsApp aceita {LONGEST}", "divida em mais de uma mensagem"
        )
    return words


def _checked_request(request_id: str) -> str:
    if not 0 < len(request_id) <= LONGEST_REQUEST or "\0" in request_id:
        raise TextInvalid("o identificador do pedido não serve", "recarregue e escreva de novo")
    return request_id


def _written_before(session: Session, table: type[Written], conversation_id: int, request_id: str) -> Written | None:
    """Return what this request has written already.

    Raises:
        RequestReused: It was in another conversation.
    """
    found = session.exec(select(table).where(table.request_id == request_id)).first()
    if found is not None and found.conversation_id != conversation_id:
        raise RequestReused
    return found
