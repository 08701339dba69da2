"""An episode is what belongs together: it ends with six hours of silence, a closed ticket or a person's leaving."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import and_, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from secretaria.conversations.models import (
    Conversation,
    Direction,
    Episode,
    EpisodeState,
    Message,
    Turn,
    TurnState,
)
from secretaria.conversations.taken import TakenConversation
from secretaria.database.compiled import CompiledStatement

Ending = Literal["silence", "closed", "returned"]
SUMMARY_LEASE = timedelta(minutes=2)
SUMMARY_TRIES = 3
NUDGE_AGAIN = timedelta(minutes=1)
GOES_ON_FOR = timedelta(hours=24)  # without a summary, what was said that lately is shown itself
SUMMARIES_TOLD = 3
MOMENT_BEFORE = timedelta(microseconds=1)
LAST_BEFORE = CompiledStatement("""
    SELECT max(received_at) AS received_at FROM message
    WHERE conversation_id = :conversation_id AND received_at < :since
""")
LAST_EPISODE = CompiledStatement("""
    SELECT state, began_at, ended_at FROM episode
    WHERE conversation_id = :conversation_id AND began_at < :episode_at
    ORDER BY began_at DESC LIMIT 1
""")
SPOKEN = CompiledStatement("""
    SELECT id FROM message
    WHERE conversation_id = :conversation_id AND direction = 'outbound' AND author = 'secretary'
      AND received_at >= :since AND delivery NOT IN ('superseded', 'held', 'dead')
    LIMIT 1
""")


def end_episode(session: Session, conversation: Conversation, ending: Ending, begins: datetime) -> None:
    """End the running episode of a locked conversation where the next one begins; the sweep has it summed up."""
    _keep(session, conversation, ending, begins - MOMENT_BEFORE)
    conversation.episode_at = begins
    session.add(conversation)


def end_if_silent(
    session: Session, conversation: Conversation | TakenConversation, since: datetime, silence: timedelta
) -> bool:
    """End an episode whose silence the customer has just broken.

    Args:
        session: The caller's transaction.
        conversation: Locked.
        since: When the customer's new turn opened; the new episode begins there.
        silence: How long nobody must have said anything.
    """
    before = LAST_BEFORE.one(session, {"conversation_id": conversation.id, "since": since}).received_at
    if before is None or since - before < silence:
        return False
    _keep(session, conversation, "silence", before)
    conversation.episode_at = since
    begin = update(Conversation).where(col(Conversation.id) == conversation.id).values(episode_at=since)
    session.execute(begin)
    return True


def end_silent_episodes(session: Session, silence: timedelta, now: datetime, limit: int) -> int:
    """End what has been silent for long enough, whether or not the customer ever comes back.

    The conversation's next message begins the next episode; until then nothing else changes.
    """
    ended = select(Episode.id).where(
        Episode.conversation_id == Conversation.id, Episode.began_at == Conversation.episode_at
    )
    open_turn = select(Turn.id).where(
        Turn.conversation_id == Conversation.id, col(Turn.state).in_([TurnState.WAITING, TurnState.ANSWERING])
    )
    quiet = (
        select(Conversation)
        .where(Conversation.last_message_at <= now - silence, Conversation.last_message_at >= Conversation.episode_at)
        .where(Conversation.last_message_at > now - silence - GOES_ON_FOR, ~ended.exists(), ~open_turn.exists())
        .order_by(col(Conversation.last_message_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = session.exec(quiet).all()
    return sum(
        _keep(session, conversation, "silence", conversation.last_message_at) is not None for conversation in found
    )


def forgotten_episodes(session: Session, now: datetime, limit: int) -> list[int]:
    """Mark as nudged, and return, the episodes that wait for their summary and that nobody is at."""
    waiting = (
        select(Episode.id)
        .where(
            or_(
                col(Episode.state) == EpisodeState.ENDED,
                and_(col(Episode.state) == EpisodeState.SUMMARISING, col(Episode.claimed_until) < now),
            )
        )
        .where(or_(col(Episode.nudged_at).is_(None), col(Episode.nudged_at) < now - NUDGE_AGAIN))
        .order_by(col(Episode.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = [identifier for identifier in session.exec(waiting).all() if identifier is not None]
    if found:
        session.execute(update(Episode).where(col(Episode.id).in_(found)).values(nudged_at=now))
    return found


def claim_episode(session: Session, episode_id: int, now: datetime) -> Episode | None:
    """Take an episode to sum it up; of several that try, one gets it."""
    episode = session.exec(
        select(Episode).where(Episode.id == episode_id).with_for_update().execution_options(populate_existing=True)
    ).first()
    if episode is None:
        return None
    free = episode.state == EpisodeState.ENDED
    abandoned = (
        episode.state == EpisodeState.SUMMARISING and episode.claimed_until is not None and episode.claimed_until < now
    )
    if not (free or abandoned):
        return None
    episode.state, episode.claimed_until = EpisodeState.SUMMARISING, now + SUMMARY_LEASE
    episode.tries += 1
    session.add(episode)
    session.flush()
    return episode


def messages_of_episode(session: Session, episode: Episode, limit: int) -> Sequence[Message]:
    """Return the newest messages of an episode, oldest first."""
    statement = (
        select(Message)
        .where(Message.conversation_id == episode.conversation_id)
        .where(Message.received_at >= episode.began_at, Message.received_at <= episode.ended_at)
        .order_by(col(Message.seq).desc())
        .limit(limit)
    )
    return list(reversed(session.exec(statement).all()))


def told_summaries(session: Session, contact_id: int) -> Sequence[Episode]:
    """Return the last episodes of a contact that have a summary, oldest first."""
    statement = (
        select(Episode)
        .where(Episode.contact_id == contact_id, Episode.state == EpisodeState.SUMMARISED)
        .order_by(col(Episode.ended_at).desc())
        .limit(SUMMARIES_TOLD)
    )
    return list(reversed(session.exec(statement).all()))


def shown_since(session: Session, conversation: Conversation | TakenConversation, now: datetime) -> datetime:
    """Return from when on messages are shown to the model: this episode, and a recent one that has no summary (yet).

    So the secretary knows what a person said who has just closed the ticket, and a failing summary costs little.
    """
    since = conversation.episode_at
    last = LAST_EPISODE.first(session, {"conversation_id": conversation.id, "episode_at": since})
    if last is None or last.state == EpisodeState.SUMMARISED or last.ended_at < now - GOES_ON_FOR:
        return since
    began_at: datetime = last.began_at
    return began_at


def has_spoken(session: Session, conversation: Conversation | TakenConversation) -> bool:
    """Say whether the secretary has said anything in the running episode."""
    return SPOKEN.first(session, {"conversation_id": conversation.id, "since": conversation.episode_at}) is not None


def _keep(
    session: Session, conversation: Conversation | TakenConversation, ending: Ending, ended_at: datetime
) -> int | None:
    """Write the episode down once; one in which no customer spoke is none."""
    spoke = select(Message.id).where(
        Message.conversation_id == conversation.id,
        Message.direction == Direction.INBOUND,
        Message.received_at >= conversation.episode_at,
        Message.received_at <= ended_at,
    )
    if session.exec(spoke.limit(1)).first() is None:
        return None
    fresh = insert(Episode).values(
        conversation_id=conversation.id,
        contact_id=conversation.contact_id,
        began_at=conversation.episode_at,
        ended_at=ended_at,
        ending=ending,
        state=EpisodeState.ENDED,
        tries=0,
        pending=[],
    )
    kept = session.execute(
        fresh.on_conflict_do_nothing(index_elements=["conversation_id", "began_at"]).returning(col(Episode.id))
    )
    return kept.scalar_one_or_none()
