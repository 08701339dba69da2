"""A draft for a person who asks for one: the secretary's own way to a reply, and nothing of it is sent or kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine
from sqlmodel import col, select

from secretaria.attending.holding import locked, subject_of, target_of
from secretaria.audit.trail import Actor, note
from secretaria.context.engine import TurnContext
from secretaria.context.injection import flag_injection
from secretaria.context.prompt import is_base_whole
from secretaria.conversations.models import Contact, Direction, Message, Turn
from secretaria.conversations.store import messages_of_turn
from secretaria.database.transaction import transaction
from secretaria.errors import NotFound
from secretaria.knowledge.chunks import Chunk
from secretaria.knowledge.search import search
from secretaria.replies.answer import AnsweringRoom
from secretaria.replies.at_hand import AtHand
from secretaria.replies.drafting import Desk, Seek
from secretaria.replies.economy import draft_within_budget
from secretaria.replies.gathering import gather_context
from secretaria.replies.toolbox import Errand, NoTools
from secretaria.replies.volatile import VolatileContext


class NothingToAnswer(NotFound):
    """The customer has written nothing that could be answered."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the secretary would say.

    Attributes:
        bubbles: The words; empty where there is no usable draft.
        sources: What of the base they rest on.
        failure: Code of why there is none, for instance ``budget``; empty when there is one.
    """

    bubbles: Sequence[str]
    sources: Sequence[str]
    intention: str | None
    failure: str


def suggest_draft(room: AnsweringRoom, conversation_id: int, by: Actor) -> Suggestion:
    """Draft an answer to what the customer wrote last, within the budget; tools are not used and nothing is sent.

    Args:
        room: What answering works with; no transaction of the caller's is open, for this may take seconds.
        conversation_id: Which one.
        by: Who asks.

    Raises:
        ConversationUnknown: There is none.
        NothingToAnswer: The customer has not written yet.
        DatabaseUnavailable: PostgreSQL is away.
    """
    with transaction(room.engine) as session:
        conversation = locked(session, conversation_id)
        subject = subject_of(session, conversation)
        note(session, by, "draft.suggested", target_of(conversation_id), at=room.clock.now(), subject=subject)
    context, errand, number = _read(room, conversation_id)
    desk = Desk(room.chat, NoTools(), _seek(room.engine, context))
    drafted = draft_within_budget(room.budget, desk, context, errand, number)
    usable = drafted.guarded is not None and not drafted.abstained
    return Suggestion(
        bubbles=drafted.guarded.bubbles if usable and drafted.guarded else (),
        sources=drafted.guarded.sources if usable and drafted.guarded else (),
        intention=drafted.draft.intention if drafted.draft else None,
        failure="abstained" if drafted.abstained else drafted.failure,
    )


def _read(room: AnsweringRoom, conversation_id: int) -> tuple[TurnContext, Errand, str]:
    """Read as a turn is read, and roll back: beginning a new episode is for answers, not for suggestions."""
    now = room.clock.now()
    with transaction(room.engine) as session:
        conversation = locked(session, conversation_id)
        turn = session.exec(
            select(Turn)
            .join(Message, col(Message.turn_id) == Turn.id)
            .where(Turn.conversation_id == conversation_id, Message.direction == Direction.INBOUND)
            .order_by(col(Message.seq).desc())
            .limit(1)
        ).first()
        if turn is None:
            raise NothingToAnswer("o cliente ainda não escreveu nada", "espere uma mensagem dele")
        gathered = gather_context(
            session,
            conversation,
            turn,
            messages_of_turn(session, turn.id or 0),
            at_hand=AtHand(),
            business=room.library.current(session),
            toolbox=NoTools(),
            volatile=VolatileContext(),
            silence=timedelta(hours=room.episode_silence_hours),
            now=now,
        )
        context = flag_injection(gathered)
        errand = Errand(
            contact_id=conversation.contact_id,
            conversation_id=conversation_id,
            turn_id=turn.id or 0,
            texts=context.texts,
            now=now,
            may_write=False,
        )
        number = session.get_one(Contact, conversation.contact_id).number
        session.rollback()
    return context, errand, number


def _seek(engine: Engine, context: TurnContext) -> Seek | None:
    version_id = context.business.version_id
    if version_id is None or is_base_whole(context.business):
        return None

    def seek(texts: Sequence[str]) -> Sequence[Chunk]:
        with transaction(engine) as session:
            return search(session, version_id, texts)

    return seek
