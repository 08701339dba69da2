"""What stands where in the three queues, since when and why; and waiting until nothing is open any more."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, func, or_
from sqlmodel import Session, col, select

from secretaria.conversations.models import Contact, Conversation, Turn, TurnState
from secretaria.database.transaction import transaction
from secretaria.errors import UsageInvalid
from secretaria.inbox.models import EventState, InboxEvent
from secretaria.outbox.models import ItemState, OutboxItem, OutboxLog
from secretaria.queue.pauses import paused_queues
from secretaria.replies.references import INBOX, OUTBOX, QUEUES, TURNS, Reference, chosen_queues
from secretaria.validation import nearest

OPEN: Mapping[str, tuple[str, ...]] = {
    INBOX: (EventState.RECEIVED,),
    TURNS: (TurnState.WAITING, TurnState.ANSWERING),
    OUTBOX: (ItemState.PENDING, ItemState.SENDING, ItemState.UNCONFIRMED),
}
ATTENTION: Mapping[str, tuple[str, ...]] = {
    INBOX: (EventState.PARKED,),
    TURNS: (),
    OUTBOX: (ItemState.HELD, ItemState.DEAD),
}
_MODELS = {INBOX: InboxEvent, TURNS: Turn, OUTBOX: OutboxItem}
DROPPED = "operator_dropped"
LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class QueueStats:
    """One queue at a glance.

    Attributes:
        states: Rows in each open or attention state.
        oldest_seconds: Age of the oldest open row; None where nothing is open.
    """

    queue: str
    states: Mapping[str, int]
    oldest_seconds: float | None
    paused_at: datetime | None = None
    paused_by: str | None = None

    @property
    def open(self) -> int:
        """How many rows are still under way."""
        return sum(count for state, count in self.states.items() if state in OPEN[self.queue])


@dataclass(frozen=True, slots=True)
class Standing:
    """One row that has not come to its end.

    Attributes:
        attention: Whether a person must decide; otherwise it moves by itself.
        since: When it came into this state, as far as is known.
        next_at: When it is taken up next, where that is set.
        reason: Code of why it stands.
        number: The customer's digits, unmasked; None while the event was not filed.
        tries: Attempts, or failures of ours, so far.
    """

    reference: Reference
    state: str
    attention: bool
    since: datetime
    next_at: datetime | None
    reason: str | None
    number: str | None
    tries: int


def read_stats(engine: Engine, now: datetime) -> list[QueueStats]:
    """Count what is open and what needs a person, queue by queue.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    with transaction(engine) as session:
        return stats_of(session, now)


def stats_of(session: Session, now: datetime) -> list[QueueStats]:
    """Count the same within a transaction of the caller."""
    pauses = paused_queues(session)
    stats = []
    for queue in QUEUES:
        counts = _counts(session, queue, (*OPEN[queue], *ATTENTION[queue]))
        pause, oldest = pauses.get(queue), _oldest(session, queue)
        stats.append(
            QueueStats(
                queue=queue,
                states=counts,
                oldest_seconds=None if oldest is None else max((now - oldest).total_seconds(), 0.0),
                paused_at=pause.paused_at if pause else None,
                paused_by=pause.paused_by if pause else None,
            )
        )
    return stats


def list_standing(engine: Engine, *, queue: str | None, state: str | None, limit: int) -> list[Standing]:
    """Return what has not come to its end: first what needs a person, then the longest waiting.

    Args:
        engine: Where the rows are.
        queue: Only this one.
        state: Only this open or attention state.
        limit: How many at most.

    Raises:
        UsageInvalid: There is no such queue, or no such state in it.
        DatabaseUnavailable: PostgreSQL is away.
    """
    queues = chosen_queues([queue] if queue else [])
    known = [one for name in queues for one in (*ATTENTION[name], *OPEN[name])]
    if state is not None and state not in known:
        raise UsageInvalid(f"estado desconhecido: {state}{nearest(state, known)}", f"há {', '.join(known)}")
    readers = {INBOX: _standing_events, TURNS: _standing_turns, OUTBOX: _standing_items}
    found: list[Standing] = []
    with transaction(engine) as session:
        for name in queues:
            for states in (ATTENTION[name], OPEN[name]):
                wanted = [one for one in states if state in {None, one}]
                if wanted:
                    found += readers[name](session, _standing(name, wanted), limit)
    return sorted(found, key=lambda row: (not row.attention, row.since))[:limit]


def wait_until_idle(engine: Engine, queues: Sequence[str], *, timeout_seconds: float) -> dict[str, dict[str, int]]:
    """Wait until nothing of some queues is open or in flight.

    Returns:
        What is still open when the time is over, by queue and state; empty when all came to its end.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    deadline = time.monotonic() + timeout_seconds
    while left := _open_rows(engine, queues):
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            break
        time.sleep(min(LOOK_SECONDS, remaining))
    return left


def _open_rows(engine: Engine, queues: Sequence[str]) -> dict[str, dict[str, int]]:
    with transaction(engine) as session:
        counted = {queue: _counts(session, queue, OPEN[queue]) for queue in queues}
    nonzero = {queue: {state: n for state, n in counts.items() if n} for queue, counts in counted.items()}
    return {queue: counts for queue, counts in nonzero.items() if counts}


def _counts(session: Session, queue: str, states: Sequence[str]) -> dict[str, int]:
    """Count one state after the other: each has its index, and none serves them all."""
    count = select(func.count()).select_from(_MODELS[queue])
    return {str(one): session.exec(count.where(_standing(queue, [one]))).one() for one in states}


def _oldest(session: Session, queue: str) -> datetime | None:
    since = {INBOX: col(InboxEvent.received_at), TURNS: col(Turn.opened_at), OUTBOX: col(OutboxItem.created_at)}[queue]
    return session.exec(select(func.min(since)).where(_standing(queue, OPEN[queue]))).one()


def _state_of(queue: str) -> Any:  # noqa: ANN401  # a column of one of three models
    return {INBOX: col(InboxEvent.state), TURNS: col(Turn.state), OUTBOX: col(OutboxItem.state)}[queue]


def _standing(queue: str, states: Sequence[str]) -> ColumnElement[bool]:
    """A row in one of some states; what an operator has already dropped needs nobody any more."""
    condition: ColumnElement[bool] = or_(*(_state_of(queue) == one for one in states))
    return condition & col(OutboxItem.reason).is_distinct_from(DROPPED) if queue == OUTBOX else condition


def _standing_events(session: Session, condition: ColumnElement[bool], limit: int) -> list[Standing]:
    since = func.coalesce(InboxEvent.filed_at, InboxEvent.received_at)
    found = session.exec(select(InboxEvent, since).where(condition).order_by(since).limit(limit)).all()
    return [
        Standing(
            reference=Reference(INBOX, event.id),
            state=event.state,
            attention=event.state in ATTENTION[INBOX],
            since=moment,
            next_at=None,
            reason=event.reason,
            number=None,
            tries=event.failures,
        )
        for event, moment in found
    ]


def _standing_turns(session: Session, condition: ColumnElement[bool], limit: int) -> list[Standing]:
    statement = (
        select(Turn, Contact.number)
        .join(Conversation, col(Conversation.id) == Turn.conversation_id)
        .join(Contact, col(Contact.id) == Conversation.contact_id)
        .where(condition)
        .order_by(col(Turn.opened_at))
        .limit(limit)
    )
    return [
        Standing(
            reference=Reference(TURNS, turn.id or 0),
            state=turn.state,
            attention=False,
            since=turn.opened_at,
            next_at=turn.due_at,
            reason=turn.reason,
            number=number,
            tries=turn.failures,
        )
        for turn, number in session.exec(statement).all()
    ]


def _standing_items(session: Session, condition: ColumnElement[bool], limit: int) -> list[Standing]:
    moved = select(func.max(OutboxLog.at)).where(OutboxLog.item_id == OutboxItem.id).scalar_subquery()
    since = func.coalesce(moved, OutboxItem.created_at)
    found = session.exec(select(OutboxItem, since).where(condition).order_by(since).limit(limit)).all()
    next_at = {ItemState.PENDING: "not_before", ItemState.UNCONFIRMED: "look_at", ItemState.SENDING: "lease_until"}
    return [
        Standing(
            reference=Reference(OUTBOX, item.id or 0),
            state=item.state,
            attention=item.state in ATTENTION[OUTBOX],
            since=moment,
            next_at=getattr(item, next_at[ItemState(item.state)]) if item.state in next_at else None,
            reason=item.reason,
            number=item.number,
            tries=item.attempts,
        )
        for item, moment in found
    ]
