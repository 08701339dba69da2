"""What the owner's dashboards show of the moment, read from the rows themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, func
from sqlmodel import Session, SQLModel, col, select

from secretaria.conversations.models import Episode, Turn
from secretaria.conversations.store import OPEN_STATES
from secretaria.inbox.models import EventState, InboxEvent
from secretaria.outbox.models import ItemState, OutboxItem
from secretaria.replies.models import Reply

LAST_TURNS = 200
EXPLICIT, INFERRED = "explicit", "inferred"
SATISFIED = "satisfied"


@dataclass(frozen=True, slots=True)
class Indicators:
    """The moment in numbers.

    Attributes:
        waiting: Rows that wait for a worker, by queue.
        sentiment_average: -1 to 1 over the last labelled turns; None while there is none, because unknown is not neutral.
        satisfaction: Share of the satisfied, 0 to 1, by how it is known; None while it is not.
        unlabelled: Share of the last decided turns, 0 to 1, of which nothing is known because the model gave nothing;
            None while there is none.
    """

    waiting: Mapping[str, int]
    sentiment_average: float | None
    satisfaction: Mapping[str, float | None]
    unlabelled: float | None


def read_indicators(session: Session) -> Indicators:
    """Read the indicators of the whole installation; the queries touch only indexes of what is open or recent."""
    return Indicators(
        waiting={
            "inbox": _count(session, InboxEvent, col(InboxEvent.state) == EventState.RECEIVED),
            "turns": _count(session, Turn, col(Turn.state).in_(OPEN_STATES)),
            "outbox": _count(session, OutboxItem, col(OutboxItem.state) == ItemState.PENDING),
        },
        sentiment_average=_sentiment_average(session),
        satisfaction={EXPLICIT: _said_ratio(session), INFERRED: _inferred_ratio(session)},
        unlabelled=_unlabelled_share(session),
    )


def _count(session: Session, model: type[SQLModel], condition: ColumnElement[bool]) -> int:
    return session.exec(select(func.count()).select_from(model).where(condition)).one()


def _sentiment_average(session: Session) -> float | None:
    last = (
        select(Reply.sentiment)
        .where(col(Reply.sentiment).is_not(None))
        .order_by(col(Reply.created_at).desc())
        .limit(LAST_TURNS)
        .subquery()
    )
    return _float(session.exec(select(func.avg(last.c.sentiment))).one())


def _said_ratio(session: Session) -> float | None:
    """What customers said outright."""
    last = (
        select(Reply.satisfaction)
        .where(col(Reply.satisfaction).is_not(None))
        .order_by(col(Reply.created_at).desc())
        .limit(LAST_TURNS)
        .subquery()
    )
    return _float(session.exec(select(func.avg(case((last.c.satisfaction == SATISFIED, 1.0), else_=0.0)))).one())


def _inferred_ratio(session: Session) -> float | None:
    """What the summaries of ended episodes took them for."""
    last = (
        select(Episode.satisfaction)
        .where(col(Episode.satisfaction).is_not(None))
        .order_by(col(Episode.id).desc())
        .limit(LAST_TURNS)
        .subquery()
    )
    return _float(session.exec(select(func.avg(case((last.c.satisfaction == SATISFIED, 1.0), else_=0.0)))).one())


def _unlabelled_share(session: Session) -> float | None:
    """Notices are no turns that somebody could have read."""
    last = (
        select(Reply.sentiment)
        .where(col(Reply.origin).in_(("model", "fallback")))
        .order_by(col(Reply.created_at).desc())
        .limit(LAST_TURNS)
        .subquery()
    )
    unknown = case((last.c.sentiment.is_(None), 1.0), else_=0.0)
    return _float(session.exec(select(func.avg(unknown))).one())


def _float(average: object) -> float | None:
    return None if average is None else float(str(average))
