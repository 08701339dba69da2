"""What the secretary would say under a business that nobody published, by the very way of a turn; nothing is sent or kept."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import ValidationError
from sqlmodel import Session, col, select

from secretaria.audit.trail import Actor, note
from secretaria.context.engine import TurnContext
from secretaria.context.injection import flag_injection
from secretaria.context.preview import preview_context
from secretaria.context.prompt import is_base_whole
from secretaria.conversations.models import Contact, Conversation
from secretaria.database.transaction import transaction
from secretaria.errors import UsageInvalid
from secretaria.knowledge.chunks import Chunk
from secretaria.knowledge.search import search
from secretaria.knowledge.snapshot import Business
from secretaria.llm.chat import Chat, ChatAnswer, ChatRequest
from secretaria.privacy import keyed_hash
from secretaria.replies.answer import AnsweringRoom
from secretaria.replies.cases import TurnNotRecorded
from secretaria.replies.drafting import Desk, Seek
from secretaria.replies.economy import draft_within_budget
from secretaria.replies.gathering import LONGEST_TEXT, search_base
from secretaria.replies.keeping import context_of
from secretaria.replies.models import Recording
from secretaria.replies.recording import reply_of
from secretaria.replies.toolbox import Errand

NOBODY = 0  # no contact, no conversation, no turn: what is rehearsed belongs to none
PURPOSE = "rehearsal"


class MessageMissing(UsageInvalid):
    """There is nothing to answer."""

    def __init__(self) -> None:
        super().__init__("escreva a mensagem de um cliente", "por exemplo: quanto custa uma limpeza?")


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is answered in a rehearsal.

    Attributes:
        texts: What somebody writes who writes for the first time.
        turn_id: A recorded turn that is answered again instead.
    """

    texts: tuple[str, ...] = ()
    turn_id: int | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded turn to choose from."""

    turn_id: int
    at: datetime
    said: str
    bubbles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What would be said.

    Attributes:
        bubbles: The messages, as they would be sent; empty where nothing needs to be said.
        sources: The units of the base that they rest on.
        handoff: Why a person would be called; None where nobody would.
        failure: Why the model gave no usable draft, so that the bubbles are the fixed sentence; empty when all is well.
        cost_micros: What the asking cost.
    """

    bubbles: tuple[str, ...]
    sources: tuple[str, ...]
    intention: str | None
    handoff: str | None
    failure: str
    cost_micros: int | None


def rehearse_side_by_side(
    room: AnsweringRoom, businesses: Sequence[Business], occasion: Occasion, *, by: Actor
) -> Sequence[Rehearsed]:
    """Answer the same by several businesses at once, and note who asked.

    Args:
        room: What answering works with; no transaction of the caller's is open, for this may take seconds.
        businesses: What to answer from.
        occasion: What is answered.
        by: Who asks.

    Raises:
        MessageMissing: Nothing was written.
        TurnNotRecorded: Nothing is kept of this turn any more.
        DatabaseUnavailable: PostgreSQL is away.
    """
    with transaction(room.engine) as session:
        target, subject = "uma mensagem", None
        if occasion.turn_id is not None:
            target, subject = (
                f"turno {occasion.turn_id}",
                keyed_hash(_recorded(session, occasion.turn_id)[1].identity_key),
            )
        elif not _written(occasion.texts):
            raise MessageMissing
        note(session, by, "knowledge.rehearsed", target, at=room.clock.now(), subject=subject)
    with ThreadPoolExecutor(len(businesses)) as threads:
        return list(threads.map(lambda business: rehearse(room, business, occasion), businesses))


def rehearse(room: AnsweringRoom, business: Business, occasion: Occasion) -> Rehearsed:
    """Answer as a turn is answered, within the budget of the day; tools are asked, but nothing is done with them.

    Args:
        room: What answering works with; no transaction of the caller's is open, for this may take seconds.
        business: Any version, or one that was not kept yet; ``version_id`` says in which version its base is searched.
        occasion: What is answered.

    Raises:
        MessageMissing: Nothing was written.
        TurnNotRecorded: Nothing is kept of this turn any more.
        DatabaseUnavailable: PostgreSQL is away.
    """
    context, number = _read(room, business, occasion)
    errand = Errand(NOBODY, NOBODY, NOBODY, context.texts, context.now, may_write=False)
    desk = Desk(_Apart(room.chat), room.toolbox, _seek(room, context))
    drafted = draft_within_budget(room.budget, desk, context, errand, number)
    reply = reply_of(drafted, errand, context, context.now)
    return Rehearsed(
        bubbles=tuple(reply.bubbles),
        sources=tuple(reply.sources),
        intention=reply.intention,
        handoff=reply.handoff_reason,
        failure=drafted.failure,
        cost_micros=reply.cost_micros,
    )


def list_recorded(session: Session, limit: int = 20) -> Sequence[Recorded]:
    """Return the newest turns that can be answered again."""
    newest = select(Recording).order_by(col(Recording.id).desc()).limit(limit)
    return [
        Recorded(
            turn_id=recording.turn_id,
            at=recording.created_at,
            said=" / ".join(one["text"] or f"({one['kind']})" for one in recording.told.get("burst", ())),
            bubbles=tuple(recording.decision.get("bubbles", ())),
        )
        for recording in session.exec(newest)
    ]


@dataclass(frozen=True, slots=True)
class _Apart:
    """The way to the model for which no conversation pays, but the day does."""

    chat: Chat

    def complete(self, request: ChatRequest) -> ChatAnswer:
        """Ask once; raises as the way it stands on."""
        return self.chat.complete(replace(request, conversation_id=None, unit="", purpose=PURPOSE))

    def list_models(self) -> list[str]:
        """Return the names of the models the service offers."""
        return self.chat.list_models()

    def close(self) -> None:
        """Leave the connections open: they are the room's."""


def _read(room: AnsweringRoom, business: Business, occasion: Occasion) -> tuple[TurnContext, str]:
    with transaction(room.engine) as session:
        if occasion.turn_id is None:
            number, context = "", _first_message(room, business, occasion.texts)
        else:
            recording, contact = _recorded(session, occasion.turn_id)
            number = contact.number
            try:
                context = context_of(recording, business)
            except ValidationError:  # written by a version that knew another context
                raise TurnNotRecorded(occasion.turn_id) from None
        found = search_base(session, business, context.texts, context.history)
    tools, names = room.toolbox.describe(business.card), tuple(room.toolbox.names(business.card))
    context = replace(context, found=found, tools=tools, tool_names=names, injection_suspected=False)
    return flag_injection(context), number


def _first_message(room: AnsweringRoom, business: Business, texts: Sequence[str]) -> TurnContext:
    written = _written(texts)
    if not written:
        raise MessageMissing
    return preview_context(business, written, room.clock.now())


def _written(texts: Sequence[str]) -> list[str]:
    return [text.strip()[:LONGEST_TEXT] for text in texts if text.strip()]


def _recorded(session: Session, turn_id: int) -> tuple[Recording, Contact]:
    recording = session.exec(select(Recording).where(col(Recording.turn_id) == turn_id)).first()
    if recording is None:
        raise TurnNotRecorded(turn_id)
    contact = select(Contact).join(Conversation, col(Conversation.contact_id) == col(Contact.id))
    return recording, session.exec(contact.where(col(Conversation.id) == recording.conversation_id)).one()


def _seek(room: AnsweringRoom, context: TurnContext) -> Seek | None:
    version_id = context.business.version_id
    if version_id is None or is_base_whole(context.business):
        return None

    def seek(texts: Sequence[str]) -> Sequence[Chunk]:
        with transaction(room.engine) as session:
            return search(session, version_id, texts)

    return seek
