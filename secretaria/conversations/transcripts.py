"""The queries over audio that is to become words; the caller holds the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, or_, update
from sqlmodel import Session, col, select

from secretaria.conversations.models import Hearing, Message, Transcription
from secretaria.database.nudging import mark_nudged

MOST_ATTEMPTS = 3


def expect_transcript(session: Session, message_id: int, *, now: datetime, wait_seconds: float) -> None:
    """Note that somebody will listen to an audio, and how long its turn waits for that."""
    wait = timedelta(seconds=wait_seconds)
    session.add(Transcription(message_id=message_id, turn_until=now + wait, created_at=now))
    session.flush()


def turn_waits_until(session: Session, turn_id: int) -> datetime | None:
    """Return until when a turn waits for words that are still missing; None where it waits for none."""
    statement = (
        select(func.max(Transcription.turn_until))
        .join(Message, col(Message.id) == col(Transcription.message_id))
        .where(Message.turn_id == turn_id, Transcription.state == Hearing.WAITING)
    )
    return session.exec(statement).one()


def take_transcription(
    session: Session, message_id: int, *, now: datetime, seconds: float
) -> tuple[Transcription, Message] | None:
    """Take an audio for a while, unless it is done or somebody else has it.

    Returns:
        Its row, which counts this attempt, and its message; None where there is nothing to do.
    """
    free = or_(col(Transcription.taken_until).is_(None), col(Transcription.taken_until) <= now)
    statement = (
        select(Transcription)
        .where(Transcription.message_id == message_id, Transcription.state == Hearing.WAITING, free)
        .with_for_update(skip_locked=True)
    )
    transcription = session.exec(statement.execution_options(populate_existing=True)).first()
    if transcription is None:
        return None
    transcription.attempts += 1
    transcription.taken_until = now + timedelta(seconds=seconds)
    session.add(transcription)
    return transcription, session.get_one(Message, message_id)


def close_transcription(
    session: Session, message_id: int, *, transcript: str | None, reason: str | None
) -> Message | None:
    """Write what was heard, or why nothing was; the second of two workers changes nothing.

    Returns:
        The message, or None where it was closed before.
    """
    statement = select(Transcription).where(Transcription.message_id == message_id).with_for_update()
    transcription = session.exec(statement.execution_options(populate_existing=True)).first()
    if transcription is None or transcription.state != Hearing.WAITING:
        return None
    transcription.state = Hearing.FAILED if transcript is None else Hearing.HEARD
    transcription.reason = reason
    message = session.get_one(Message, message_id, populate_existing=True)
    message.transcript = transcript
    session.add_all([transcription, message])
    session.flush()
    return message


def put_back(session: Session, message_id: int, *, until: datetime) -> None:
    """Leave an audio alone until a moment, after an attempt that may go better later."""
    waiting = (col(Transcription.message_id) == message_id, col(Transcription.state) == Hearing.WAITING)
    session.execute(update(Transcription).where(*waiting).values(taken_until=until, nudged_at=until))


def forgotten_audios(session: Session, *, now: datetime, age_seconds: float, limit: int) -> Sequence[int]:
    """Mark as nudged, and return, the audios whose nudge or worker seems lost, the oldest first."""
    before = now - timedelta(seconds=age_seconds)
    statement = (
        select(Transcription.message_id)
        .where(Transcription.state == Hearing.WAITING)
        .where(func.coalesce(Transcription.nudged_at, Transcription.created_at) < before)
        .where(or_(col(Transcription.taken_until).is_(None), col(Transcription.taken_until) <= now))
        .order_by(col(Transcription.created_at))
    )
    return mark_nudged(session, Transcription, statement, key="message_id", now=now, limit=limit)
