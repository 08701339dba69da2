"""Thirty days that an invented clinic could have had, so that charts have something to show."""

from __future__ import annotations

import random
from datetime import datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlmodel import Session

from secretaria.conversations.models import Contact, Conversation, Episode, EpisodeState, Turn, TurnState
from secretaria.llm.models import LlmSpending
from secretaria.replies.models import Reply

ZONE = ZoneInfo("America/Sao_Paulo")
WANTED = (
    ("preco",) * 5
    + ("agendar",) * 4
    + ("horario_local",) * 3
    + ("remarcar", "pagamento", "servico", "confirmar", "status")
)
REASONS = ("pedido_explicito", "nao_sei", "urgencia", "nao_sei", "reclamacao")
CUSTOMERS = 40


def seed_history(session: Session, now: datetime, days: int = 30) -> None:
    """Add the rows of the days before today; the same each time."""
    drawn = random.Random(7)  # noqa: S311  # a picture, not a secret
    conversations = [_conversation(session, number, now - timedelta(days=days + 1)) for number in range(CUSTOMERS)]
    today = now.astimezone(ZONE).date()
    for back in range(days, 0, -1):
        day = today - timedelta(days=back)
        busy = 3 if day.weekday() == 6 else 8 if day.weekday() == 5 else 18
        spent = 0
        for contact_id, conversation_id in drawn.sample(conversations, drawn.randint(busy, busy + 9)):
            at = datetime.combine(day, time(8), ZONE) + timedelta(minutes=drawn.randint(0, 600))
            spent += _turn(session, drawn, contact_id, conversation_id, at)
        session.add(LlmSpending(scope="day", conversation_id=0, period=day, micros=spent))
    session.flush()


def _conversation(session: Session, number: int, at: datetime) -> tuple[int, int]:
    digits = f"20900009{number:03d}"
    contact = Contact(identity_key=f"55{digits}", number="", created_at=at)  # as of somebody who was erased: not listed
    session.add(contact)
    session.flush()
    conversation = Conversation(
        contact_id=contact.id or 0,
        channel="historia",
        mode_changed_at=at,
        episode_at=at,
        last_message_at=at,
        created_at=at,
    )
    session.add(conversation)
    session.flush()
    return contact.id or 0, conversation.id or 0


def _turn(session: Session, drawn: random.Random, contact_id: int, conversation_id: int, at: datetime) -> int:
    handed = drawn.random() < 0.13
    reason = drawn.choice(REASONS) if handed else None
    cost = drawn.randint(900, 2600)
    turn = Turn(
        conversation_id=conversation_id,
        correlation_id=uuid4(),
        state=TurnState.HANDED_OFF if handed else TurnState.ANSWERED,
        reason=reason,
        opened_at=at,
        due_at=at,
        deadline_at=at,
        closed_at=at + timedelta(seconds=drawn.randint(9, 40)),
    )
    session.add(turn)
    session.flush()
    session.add(
        Reply(
            turn_id=turn.id or 0,
            conversation_id=conversation_id,
            origin="model",
            intention=drawn.choice(WANTED),
            sentiment=drawn.choice((-1, 0, 0, 1, 1, 1)),
            satisfaction=drawn.choice((None, None, None, "satisfied", "satisfied", "unsatisfied")),
            handoff_reason=reason,
            cost_micros=cost,
            created_at=at,
        )
    )
    if drawn.random() < 0.7:
        session.add(
            Episode(
                conversation_id=conversation_id,
                contact_id=contact_id,
                began_at=at - timedelta(minutes=drawn.randint(1, 59), seconds=drawn.randint(0, 59)),
                ended_at=at + timedelta(hours=1),
                ending="silence",
                state=EpisodeState.SUMMARISED,
                satisfaction="satisfied" if drawn.random() < 0.82 else "unsatisfied",
            )
        )
    return cost
