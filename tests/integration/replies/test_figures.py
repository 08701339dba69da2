"""The figures of a period, over rows of people who do not exist."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from secretaria.conversations.models import (
    Author,
    Contact,
    Conversation,
    Direction,
    Episode,
    Message,
    Turn,
    TurnState,
)
from secretaria.llm.models import LlmSpending
from secretaria.outbox.models import ItemState, OutboxItem
from secretaria.replies.figures import Figures, Opinions, Period, read_figures
from secretaria.replies.models import Reply

ZONE = ZoneInfo("America/Sao_Paulo")
FIRST, LAST = date(2026, 8, 10), date(2026, 8, 11)
NOON = datetime(2026, 8, 11, 15, 0, tzinfo=UTC)
LATE = datetime(2026, 8, 12, 2, 30, tzinfo=UTC)  # still the 11th in São Paulo


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """Open a session over an empty database."""
    with Session(engine) as opened:
        yield opened


def a_conversation(session: Session, number: int) -> int:
    """Add somebody who writes."""
    contact = Contact(identity_key=str(number), number=f"552090000{number:04d}", created_at=NOON)
    session.add(contact)
    session.flush()
    conversation = Conversation(
        contact_id=contact.id or 0,
        channel="principal",
        mode_changed_at=NOON,
        episode_at=NOON,
        last_message_at=NOON,
        created_at=NOON,
    )
    session.add(conversation)
    session.flush()
    return conversation.id or 0


def a_turn(session: Session, conversation: int, at: datetime, *, sent_after: float = 0, **reply: object) -> Turn:
    """Add an answered turn; with a reason, one that was handed over."""
    reason = reply.get("handoff_reason")
    turn = Turn(
        conversation_id=conversation,
        correlation_id=uuid4(),
        state=TurnState.HANDED_OFF if reason else TurnState.ANSWERED,
        reason=str(reason) if reason else None,
        opened_at=at,
        due_at=at,
        deadline_at=at,
        closed_at=at,
    )
    session.add(turn)
    session.flush()
    session.add(
        Reply.model_validate(
            {"turn_id": turn.id, "conversation_id": conversation, "origin": "model", "created_at": at, **reply}
        )
    )
    if sent_after:
        sent = at + timedelta(seconds=sent_after)
        for position in (1, 2):
            item = OutboxItem(
                conversation_id=conversation,
                turn_id=turn.id,
                correlation_id=turn.correlation_id,
                position=position,
                number="552090000",
                body="oi",
                not_before=at,
                created_at=at,
            )
            session.add(item)
            session.flush()
            for state in (ItemState.SENDING, ItemState.SENT):
                item.state = state
                item.sent_at = sent + timedelta(seconds=position - 1)
                session.flush()
    return turn


def figures(session: Session) -> Figures:
    """Read two days."""
    return read_figures(session, Period(FIRST, LAST, ZONE))


def test_a_day_is_one_of_the_business(session: Session) -> None:
    """What is written at half past eleven at night belongs to it, although UTC is further."""
    a_turn(session, a_conversation(session, 1), LATE)
    assert [day.conversations for day in figures(session).days] == [0, 1]


def test_who_needed_a_person_was_not_solved_alone(session: Session) -> None:
    """Whether a turn was handed over or a person simply wrote."""
    alone, handed, attended = (a_conversation(session, number) for number in (1, 2, 3))
    for conversation in (alone, alone, attended):
        a_turn(session, conversation, NOON)
    a_turn(session, handed, NOON, handoff_reason="urgencia")
    session.add(
        Message(
            conversation_id=attended,
            seq=1,
            direction=Direction.OUTBOUND,
            author=Author.ATTENDANT,
            kind="text",
            text="oi",
            sent_at=NOON,
            received_at=NOON,
        )
    )
    session.flush()
    found = figures(session)
    assert (found.conversations, found.alone, found.handoffs) == (3, 1, 1)
    assert found.reasons == [("urgencia", 1)]


def test_the_wait_ends_with_the_first_bubble(session: Session) -> None:
    """Of the first turn that was answered, not with the last bubble, and not with the decision."""
    for number, seconds in enumerate((10, 20, 90)):
        conversation = a_conversation(session, number)
        a_turn(session, conversation, NOON)
        a_turn(session, conversation, NOON, sent_after=seconds)
        a_turn(session, conversation, NOON, sent_after=1)
    found = figures(session)
    assert found.reply_seconds == pytest.approx(20)
    assert found.slow_reply_seconds == pytest.approx(76)


def test_what_is_said_and_what_is_inferred_stay_apart(session: Session) -> None:
    """Sentiment, intentions, satisfaction and cost."""
    conversation = a_conversation(session, 1)
    a_turn(session, conversation, NOON, sentiment=1, intention="preco", satisfaction="satisfied")
    a_turn(session, conversation, NOON, sentiment=-1, intention="preco", satisfaction="unsatisfied")
    a_turn(session, conversation, NOON, sentiment=1, intention="agendar")
    session.add(
        Episode(
            conversation_id=conversation,
            contact_id=1,
            began_at=NOON,
            ended_at=NOON,
            ending="silence",
            satisfaction="satisfied",
        )
    )
    session.add(LlmSpending(scope="day", conversation_id=0, period=LAST, micros=4200))
    session.add(LlmSpending(scope="month", conversation_id=0, period=LAST, micros=99_000))
    session.flush()
    found = figures(session)
    assert found.sentiment == pytest.approx(1 / 3)
    assert found.intentions == [("preco", 2), ("agendar", 1)]
    assert (found.said, found.inferred) == (Opinions(1, 1), Opinions(1, 0))
    assert [day.cost_micros for day in found.days] == [0, 4200]


def test_without_rows_nothing_is_known(session: Session) -> None:
    """An empty day is shown, and no mean of nothing."""
    found = figures(session)
    assert [day.day for day in found.days] == [FIRST, LAST]
    assert (found.sentiment, found.reply_seconds, found.said.ratio) == (None, None, None)
