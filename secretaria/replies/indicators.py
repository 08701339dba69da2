"""What the owner's dashboards show of the moment, read from the rows themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, func
from sqlmodel import Session, SQLModel, col, select

from secretaria.conversations.models import Turn
from secretaria.conversations.store import OPEN_STATES
from secretaria.inbox.models import EventState, InboxEvent
from secretaria.outbox.models import ItemState, OutboxItem
from secretaria.replies.models import Reply

LAST_TURNS = 200


@dataclass(frozen=True, slots=True)
class Indicators:
    """The moment in numbers.

    Attributes:
        waiting: Rows that wait for a worker, by queue.
        sentiment_average: -1 to 1 over the last labelled turns.
        satisfaction_ratio: 0 to 1 over the last turns in which the customer said so.
    """

    waiting: Mapping[str, int]
    sentiment_average: float
    satisfaction_ratio: float


def read_indicators(session: Session) -> Indicators:
    """Read the indicators of the whole installation; the queries touch only indexes of what is open or recent."""
    return Indicators(
        waiting={
            "inbox": _count(session, InboxEvent, col(InboxEvent.state) == EventState.RECEIVED),
            "turns": _count(session, Turn, col(Turn.state).in_(OPEN_STATES)),
            "outbox": _count(session, OutboxItem, col(OutboxItem.state) == ItemState.PENDING),
        },
        sentiment_average=_sentiment_average(session),
        satisfaction_ratio=_satisfied_ratio(session),
    )


def _count(session: Session, model: type[SQLModel], condition: ColumnElement[bool]) -> int:
    return session.exec(select(func.count()).select_from(model).where(condition)).one()


def _sentiment_average(session: Session) -> float:
    last = (
        select(Reply.sentiment)
        .where(col(Reply.sentiment).is_not(None))
        .order_by(col(Reply.created_at).desc())
        .limit(LAST_TURNS)
        .subquery()
    )
    return float(session.exec(select(func.coalesce(func.avg(last.c.sentiment), 0))).one())


def _satisfied_ratio(session: Session) -> float:
    last = (
        select(Reply.satisfaction)
        .where(col(Reply.satisfaction).is_not(None))
        .order_by(col(Reply.created_at).desc())
        .limit(LAST_TURNS)
        .subquery()
    )
    satisfied = case((last.c.satisfaction == "satisfied", 1.0), else_=0.0)
    return float(session.exec(select(func.coalesce(func.avg(satisfied), 0))).one())
