"""How the installation stands at this moment, read from its rows: what waits, what is late, and since when all is silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from secretaria.conversations.models import Turn
from secretaria.conversations.store import OPEN_STATES
from secretaria.inbox.models import InboxEvent
from secretaria.knowledge.business import BusinessCard
from secretaria.knowledge.hours import open_seconds
from secretaria.queue.chores import BACKUP, BACKUP_VERIFIED, RETENTION, last_chore
from secretaria.replies.backlog import QueueStats, stats_of


@dataclass(frozen=True, slots=True)
class Pulse:
    """The moment in rows.

    Attributes:
        queues: What is open and what needs a person, queue by queue.
        due_turns: Turns that are due and have not come to their end.
        latest_seconds: For how long the longest of them is due; 0 where none is.
        silent_seconds: Business hours since the last event of Whaticket; None where none has come yet.
        retained_at: When the last daily retention ended; None where none has.
        retained: How many rows it removed, by kind.
        copied_at: The moment that the newest copy shows; None where none was made.
        copied_bytes: Its size.
        proved_at: When a copy was last proved to restore; None where none was.
    """

    queues: Sequence[QueueStats]
    due_turns: int
    latest_seconds: float
    silent_seconds: float | None
    retained_at: datetime | None
    retained: Mapping[str, int]
    copied_at: datetime | None
    copied_bytes: int
    proved_at: datetime | None


def read_pulse(session: Session, now: datetime, card: BusinessCard | None, channel: str) -> Pulse:
    """Read the pulse; each query touches an index of what is open, or one row.

    Args:
        session: The caller's transaction.
        now: The present moment.
        card: Whose business hours count; None where no business is known, and then nobody knows how long is silent.
        channel: The connection to Whaticket.
    """
    due = (col(Turn.state).in_(OPEN_STATES)) & (col(Turn.due_at) <= now)
    count, oldest = session.exec(select(func.count(), func.min(col(Turn.due_at))).where(due)).one()
    last = _last_event(session, channel)
    chore, copied, proved = (last_chore(session, name) for name in (RETENTION, BACKUP, BACKUP_VERIFIED))
    return Pulse(
        queues=stats_of(session, now),
        due_turns=count,
        latest_seconds=max((now - oldest).total_seconds(), 0.0) if oldest is not None else 0.0,
        silent_seconds=None if last is None or card is None else open_seconds(card, last, now),
        retained_at=chore.ended_at if chore else None,
        retained={name: int(gone) for name, gone in chore.done.items()} if chore else {},
        copied_at=copied.ended_at if copied else None,
        copied_bytes=int(copied.done.get("bytes", 0)) if copied else 0,
        proved_at=proved.ended_at if proved else None,
    )


def _last_event(session: Session, channel: str) -> datetime | None:
    """The ids are in the order of time, so the newest row is at the end of their index."""
    newest = select(InboxEvent.received_at).where(InboxEvent.channel == channel).order_by(col(InboxEvent.id).desc())
    return session.exec(newest.limit(1)).first()
