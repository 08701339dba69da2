"""What a failing model or a pause costs: at most one honest sentence, and a real answer after all if no person was sooner."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from loguru import logger
from sqlalchemy import Engine, func, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from secretaria.breaker import State
from secretaria.clock import Clock
from secretaria.conversations import store as conversations
from secretaria.conversations.models import Conversation, Direction, Message, Mode, Turn, TurnState
from secretaria.conversations.pauses import SECRETARY_PAUSED, nobody_paused
from secretaria.database.transaction import after_commit, transaction
from secretaria.queue.jobs import ANSWER_TURN
from secretaria.queue.publisher import Publisher
from secretaria.replies.decided import Decided
from secretaria.replies.models import Reply

MODEL_FAILED = "model_failed"
NO_BUDGET = "budget_used_up"  # not taken up again by itself: it lasts until the day is over, and a person was asked
APOLOGY_LASTS = timedelta(minutes=30)
RECOVERABLE_FOR = timedelta(minutes=10)
PAUSE_RECOVERABLE_FOR = timedelta(hours=24)  # what is older than a day, a person has to judge
BETWEEN_TRIES = timedelta(seconds=60)
AT_ONCE = {State.CLOSED: 100, State.HALF_OPEN: 1, State.OPEN: 0}  # half-open, one customer's turn is the probe


def apologise_once(session: Session, reply: Decided, now: datetime) -> None:
    """Leave the honest sentence out of a reply where it was said before: once an episode, again after half an hour."""
    conversation = conversations.load_conversation(session, reply.conversation_id)
    said = conversation.apologised_at
    if said is not None and said >= conversation.episode_at and now - said < APOLOGY_LASTS:
        reply.bubbles = []
        return
    conversation.apologised_at = now
    session.add(conversation)


def recover_turns(engine: Engine, publisher: Publisher, clock: Clock, model_state: Callable[[], State]) -> int:
    """Take up again what the model failed within ten minutes, or a pause of all within a day, and nobody took care of.

    Args:
        engine: PostgreSQL.
        publisher: Nudges the new turns.
        clock: The time.
        model_state: How the breaker of the healthiest model stands; asked only when there is something to recover.

    Returns:
        How many customers will be answered after all, if the model is well.

    Raises:
        DatabaseUnavailable: PostgreSQL is away; the next look finds the same turns.
    """
    now = clock.now()
    with transaction(engine) as session:
        left = _left_turns(session, now)
    if not left:
        return 0
    recovered = 0
    for turn_id, conversation_id in left[: AT_ONCE[model_state()]]:
        # One transaction each, and the conversation's row first, as everybody else does: no two locks can cross.
        with transaction(engine) as session:
            recovered += _recover(session, publisher, turn_id, conversation_id, now)
    return recovered


def _left_turns(session: Session, now: datetime, turn_id: int | None = None) -> list[tuple[int, int]]:
    return _failed_turns(session, now, turn_id) + _paused_turns(session, now, turn_id)


def _paused_turns(session: Session, now: datetime, turn_id: int | None) -> list[tuple[int, int]]:
    """Find what was met with silence while the secretary was paused everywhere, now that she is not."""
    found = (
        select(Turn.id, Turn.conversation_id)
        .join(Conversation, col(Conversation.id) == col(Turn.conversation_id))
        .where(nobody_paused(), Conversation.mode == Mode.WAITING, col(Turn.closed_at) >= Conversation.episode_at)
        .where(Turn.state == TurnState.SILENCED, Turn.reason == SECRETARY_PAUSED, Turn.messages > 0)
        .where(col(Turn.closed_at) > now - PAUSE_RECOVERABLE_FOR)
        .where(func.coalesce(Conversation.person_spoke_at, Conversation.episode_at) <= col(Turn.closed_at))
        .order_by(col(Turn.closed_at))
    )
    if turn_id is not None:
        found = found.where(Turn.id == turn_id)
    return [(identifier or 0, conversation_id) for identifier, conversation_id in session.exec(found).all()]


def _failed_turns(session: Session, now: datetime, turn_id: int | None) -> list[tuple[int, int]]:
    """Find them, or look at one again, by their replies: these are indexed by time.

    A turn that is tried anew keeps the correlation id of the first, from which the ten minutes count.
    """
    first = aliased(Turn)
    too_old = select(first.id).where(
        first.conversation_id == Turn.conversation_id,
        first.correlation_id == Turn.correlation_id,
        first.reason == MODEL_FAILED,
        col(first.closed_at) <= now - RECOVERABLE_FOR,
    )
    found = (
        select(Turn.id, Turn.conversation_id)
        .join(Reply, col(Reply.turn_id) == col(Turn.id))
        .join(Conversation, col(Conversation.id) == col(Turn.conversation_id))
        .where(col(Reply.created_at) > now - RECOVERABLE_FOR, col(Reply.created_at) <= now - BETWEEN_TRIES)
        .where(Turn.state == TurnState.HANDED_OFF, Turn.reason == MODEL_FAILED, Turn.messages > 0)
        .where(Conversation.mode == Mode.WAITING, col(Turn.closed_at) >= Conversation.episode_at, ~too_old.exists())
        .where(func.coalesce(Conversation.person_spoke_at, Conversation.episode_at) <= col(Turn.closed_at))
        .order_by(col(Reply.created_at))
    )
    if turn_id is not None:
        found = found.where(Turn.id == turn_id)
    return [(identifier or 0, conversation_id) for identifier, conversation_id in session.exec(found).all()]


def _recover(session: Session, publisher: Publisher, turn_id: int, conversation_id: int, now: datetime) -> bool:
    """Give the conversation back to the secretary, with everything the customer has written since in one new turn."""
    conversation = conversations.load_conversation(session, conversation_id)
    if not _left_turns(session, now, turn_id):  # now that it is locked: a person came, or another process did it
        return False
    if conversations.open_turn(session, conversation_id) is not None:  # it will be closed in seconds, and joins then
        return False
    left = session.get_one(Turn, turn_id)
    first = min(message.seq for message in conversations.messages_of_turn(session, turn_id))
    unanswered = session.exec(
        select(Message).where(
            Message.conversation_id == conversation_id, Message.direction == Direction.INBOUND, Message.seq >= first
        )
    ).all()
    emptied = {message.turn_id for message in unanswered}
    session.execute(update(Turn).where(col(Turn.id).in_(emptied)).values(messages=0))
    turn = Turn(
        conversation_id=conversation_id,
        correlation_id=left.correlation_id,
        opened_at=now,
        due_at=now,
        deadline_at=now,
        messages=len(unanswered),
    )
    conversation.mode, conversation.mode_changed_at = Mode.AUTOMATIC, now
    session.add_all([conversation, turn])
    session.flush()
    for message in unanswered:
        message.turn_id = turn.id
        session.add(message)
    after_commit(session, partial(publisher.publish, ANSWER_TURN, str(turn.id)))
    log = logger.bind(correlation_id=str(turn.correlation_id), conversation_id=conversation_id, turn_id=turn.id)
    log.bind(instead_of=turn_id).info("turn_recovered")
    return True
