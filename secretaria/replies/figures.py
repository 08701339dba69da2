"""How a period went, day by day, read from the rows themselves: what the owner's page and its spreadsheet show."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Date, and_, cast, func, literal
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col, select

from secretaria.conversations.models import Author, Episode, Message, Turn, TurnState
from secretaria.llm.models import LlmSpending
from secretaria.outbox.models import ItemState, Kind, OutboxItem, Purpose
from secretaria.replies.indicators import SATISFIED
from secretaria.replies.models import Reply

UNNAMED = (
    "outro"  # a turn that was handed over by a rule without a reply keeps its reason in the turn; others have none
)
TYPICAL, SLOW = 0.5, 0.9


@dataclass(frozen=True, slots=True)
class Opinions:
    """How many were satisfied and how many were not."""

    satisfied: int = 0
    unsatisfied: int = 0

    @property
    def ratio(self) -> float | None:
        """Share of the satisfied; None where nobody is known."""
        total = self.satisfied + self.unsatisfied
        return self.satisfied / total if total else None


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One day in the business's zone.

    Attributes:
        conversations: Customers who wrote on it.
        alone: Those of them who were answered and needed no person on it.
        handoffs: Turns that were handed to a person.
        sentiment: Mean, -1 to 1; None where none was told.
        said: What customers said outright.
        inferred: What summaries of ended conversations took them for.
        cost_micros: What the model cost, summaries and audio included.
    """

    day: date
    conversations: int
    alone: int
    handoffs: int
    sentiment: float | None
    said: Opinions
    inferred: Opinions
    cost_micros: int


@dataclass(frozen=True, slots=True)
class Figures:
    """A period.

    Attributes:
        days: All its days, also those on which nothing was.
        reasons: Hand-offs by reason, most frequent first.
        intentions: Answers by intention, most frequent first.
        reply_seconds: Time from a customer's first answered message of a day to the first bubble that left, half are
            faster; None without any.
        slow_reply_seconds: The same, nine of ten are faster.
        sentiment: Mean over the whole period.
    """

    days: Sequence[DayFigures]
    reasons: Sequence[tuple[str, int]]
    intentions: Sequence[tuple[str, int]]
    reply_seconds: float | None
    slow_reply_seconds: float | None
    sentiment: float | None

    @property
    def conversations(self) -> int:
        """Customers who wrote, each counted once a day."""
        return sum(day.conversations for day in self.days)

    @property
    def alone(self) -> int:
        """Those who needed no person."""
        return sum(day.alone for day in self.days)

    @property
    def handoffs(self) -> int:
        """Turns that were handed to a person."""
        return sum(day.handoffs for day in self.days)

    @property
    def said(self) -> Opinions:
        """What customers said outright."""
        return _added(day.said for day in self.days)

    @property
    def inferred(self) -> Opinions:
        """What summaries took them for."""
        return _added(day.inferred for day in self.days)

    @property
    def cost_micros(self) -> int:
        """What the model cost."""
        return sum(day.cost_micros for day in self.days)


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in one zone, the last one included."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def days(self) -> Sequence[date]:
        """Every day of it."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    def holds(self, column: Any) -> ColumnElement[bool]:  # noqa: ANN401  # a mapped column
        """Say in SQL that a moment lies within."""
        begin, end = self._midnight(self.first), self._midnight(self.last + timedelta(days=1))
        return and_(column >= begin, column < end)

    def day_of(self, column: Any) -> ColumnElement[date]:  # noqa: ANN401  # a mapped column
        """Say in SQL on which day a moment lies."""
        return cast(func.timezone(literal(self.zone.key), column), Date)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone)


def read_figures(session: Session, period: Period) -> Figures:
    """Read a period; the busiest month of a small business is a few thousand rows, counted by PostgreSQL."""
    wrote = _conversations(session, period)
    answered = _conversations(session, period, TurnState.ANSWERED)
    helped = _conversations(session, period, TurnState.HANDED_OFF) | _attended(session, period)
    handed = _handoffs(session, period)
    said, inferred = _said(session, period), _inferred(session, period)
    sentiments, costs = _sentiments(session, period), _costs(session, period)
    typical, slow = _reply_seconds(session, period)
    counted = sum(count for _, count in sentiments.values())
    return Figures(
        days=[
            DayFigures(
                day=day,
                conversations=_on(wrote, day),
                alone=_on(answered - helped, day),
                handoffs=sum(handed[day].values()),
                sentiment=_mean(*sentiments.get(day, (0.0, 0))),
                said=_opinions(said, day),
                inferred=_opinions(inferred, day),
                cost_micros=costs.get(day, 0),
            )
            for day in period.days
        ],
        reasons=sum(handed.values(), Counter()).most_common(),
        intentions=_intentions(session, period),
        reply_seconds=typical,
        slow_reply_seconds=slow,
        sentiment=_mean(sum(total for total, _ in sentiments.values()), counted),
    )


Pairs = set[tuple[date, int]]


def _conversations(session: Session, period: Period, state: TurnState | None = None) -> Pairs:
    """Return who wrote on which day, or whose turn of that day ended in a state."""
    day = period.day_of(Turn.opened_at)
    asked = select(day, col(Turn.conversation_id)).where(period.holds(Turn.opened_at)).distinct()
    if state is not None:
        asked = asked.where(Turn.state == state)
    return {(on, conversation) for on, conversation in session.exec(asked)}


def _attended(session: Session, period: Period) -> Pairs:
    """Return to whom a person wrote on which day."""
    day = period.day_of(Message.received_at)
    asked = select(day, col(Message.conversation_id)).where(
        Message.author == Author.ATTENDANT, period.holds(Message.received_at)
    )
    return {(on, conversation) for on, conversation in session.exec(asked.distinct())}


def _handoffs(session: Session, period: Period) -> defaultdict[date, Counter[str]]:
    day = period.day_of(Turn.closed_at)
    asked = (
        select(day, col(Turn.reason), func.count())
        .where(Turn.state == TurnState.HANDED_OFF, period.holds(Turn.closed_at))
        .group_by(day, col(Turn.reason))
    )
    found: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for on, reason, count in session.exec(asked):
        found[on][reason or UNNAMED] += count
    return found


def _intentions(session: Session, period: Period) -> Sequence[tuple[str, int]]:
    asked = (
        select(col(Reply.intention), func.count())
        .where(col(Reply.intention).is_not(None), period.holds(Reply.created_at))
        .group_by(col(Reply.intention))
        .order_by(func.count().desc(), col(Reply.intention))
    )
    return [(intention or "", count) for intention, count in session.exec(asked)]


def _reply_seconds(session: Session, period: Period) -> tuple[float | None, float | None]:
    """Measure the first answer to each customer of each day, up to what Whaticket took, not up to what was decided."""
    day = period.day_of(Turn.opened_at)
    first = (
        select(
            col(Turn.conversation_id),
            func.extract("epoch", func.min(OutboxItem.sent_at) - func.min(Turn.opened_at)).label("seconds"),
        )
        .join(Turn, col(Turn.id) == col(OutboxItem.turn_id))
        .where(
            OutboxItem.state == ItemState.SENT,
            OutboxItem.kind == Kind.BUBBLE,
            OutboxItem.purpose == Purpose.REPLY,
            period.holds(Turn.opened_at),
        )
        .group_by(day, col(Turn.conversation_id), col(Turn.id))
        .ext(distinct_on(day, col(Turn.conversation_id)))
        .order_by(day, col(Turn.conversation_id), col(Turn.id))
        .subquery()
    )
    shares = [func.percentile_cont(share).within_group(first.c.seconds.asc()) for share in (TYPICAL, SLOW)]
    typical, slow = session.exec(select(*shares)).one()
    return typical, slow


def _sentiments(session: Session, period: Period) -> Mapping[date, tuple[float, int]]:
    day = period.day_of(Reply.created_at)
    asked = (
        select(day, func.sum(col(Reply.sentiment)), func.count())
        .where(col(Reply.sentiment).is_not(None), period.holds(Reply.created_at))
        .group_by(day)
    )
    return {on: (float(total or 0), count) for on, total, count in session.exec(asked)}


def _said(session: Session, period: Period) -> Mapping[tuple[date, bool], int]:
    return _satisfaction(session, period, Reply.satisfaction, Reply.created_at)


def _inferred(session: Session, period: Period) -> Mapping[tuple[date, bool], int]:
    return _satisfaction(session, period, Episode.satisfaction, Episode.ended_at)


def _satisfaction(session: Session, period: Period, told: Any, at: Any) -> Mapping[tuple[date, bool], int]:  # noqa: ANN401  # mapped columns
    day = period.day_of(at)
    asked = select(day, told == SATISFIED, func.count()).where(told.is_not(None), period.holds(at))
    return {(on, satisfied): count for on, satisfied, count in session.exec(asked.group_by(day, told == SATISFIED))}


def _costs(session: Session, period: Period) -> Mapping[date, int]:
    """The pots of the days hold every call, also those that belong to no reply."""
    asked = select(col(LlmSpending.period), col(LlmSpending.micros)).where(
        LlmSpending.scope == "day", col(LlmSpending.period).between(period.first, period.last)
    )
    return dict(session.exec(asked).all())


def _on(pairs: Pairs, day: date) -> int:
    return sum(on == day for on, _ in pairs)


def _mean(total: float, count: int) -> float | None:
    return total / count if count else None


def _opinions(counted: Mapping[tuple[date, bool], int], day: date) -> Opinions:
    return Opinions(counted.get((day, True), 0), counted.get((day, False), 0))


def _added(opinions: Iterable[Opinions]) -> Opinions:
    kept = list(opinions)
    return Opinions(sum(one.satisfied for one in kept), sum(one.unsatisfied for one in kept))
