"""One row's whole story, from the event to what became of each send, as steps in the order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

from sqlalchemy import ColumnElement, Engine
from sqlmodel import Session, col, select

from secretaria.conversations.models import Contact, Conversation, Message, Turn
from secretaria.database.transaction import transaction
from secretaria.inbox.models import InboxEvent
from secretaria.outbox.models import DeliveryAttempt, OutboxItem, OutboxLog
from secretaria.replies.models import Reply
from secretaria.replies.references import INBOX, OUTBOX, TURNS, Reference, find_row

Fact = str | int | float | datetime

STEPS = {
    "event_received": "evento recebido",
    "event_filed": "evento tratado",
    "message": "mensagem",
    "turn_opened": "rodada aberta",
    "turn_closed": "rodada encerrada",
    "reply_decided": "resposta decidida",
    "item_placed": "envio criado",
    "item_moved": "envio mudou",
    "attempt_started": "tentativa",
    "attempt_ended": "fim da tentativa",
}
FACTS = {
    "channel": "conexão", "state": "estado", "reason": "motivo", "failures": "falhas", "author": "autor",
    "kind": "tipo", "position": "posição", "delivery": "entrega", "due_at": "responder às", "deadline_at": "prazo",
    "messages": "mensagens", "restarts": "recomeços", "origin": "origem", "intention": "intenção",
    "handoff_reason": "transferência", "bubbles": "balões", "model": "modelo", "llm_seconds": "segundos do modelo",
    "confirmed_by": "confirmado por", "looks": "conferências", "before": "de", "after": "para",
    "outcome": "resultado", "status": "HTTP", "error": "erro",
}  # fmt: skip
"""How people read the codes of steps and of their facts."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened.

    Attributes:
        what: Code from a closed set, for instance ``event_received`` or ``attempt_ended``.
        reference: The row it happened to; empty for a message or a reply, which have no name of their own.
        facts: What is known of it, without anything a customer wrote.
        text: What was written or said; empty where nothing was.
    """

    at: datetime
    what: str
    reference: str = ""
    facts: dict[str, Fact] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """The story of one row.

    Attributes:
        number: The customer's digits, unmasked; None where no conversation is known.
        mode: Who has the word in the conversation now; None where there is none.
    """

    reference: Reference
    state: str
    reason: str | None
    number: str | None
    mode: str | None
    steps: Sequence[Step]


def tell_story(engine: Engine, reference: Reference) -> Story:
    """Tell everything that is kept of a row and of the turn it belongs to.

    Raises:
        NotFound: There is no such row.
        DatabaseUnavailable: PostgreSQL is away.
    """
    with transaction(engine) as session:
        row = find_row(session, reference)
        turn_id = _turn_of(session, row)
        events = [row] if isinstance(row, InboxEvent) else []
        steps: list[Step] = []
        number = mode = None
        if turn_id is not None:
            turn = session.get_one(Turn, turn_id)
            conversation = session.get_one(Conversation, turn.conversation_id)
            number, mode = session.get_one(Contact, conversation.contact_id).number, conversation.mode
            events = events or _events_of_turn(session, turn_id)
            steps += [*_tell_turn(turn), *_tell_messages(session, turn_id), *_tell_reply(session, turn_id)]
            steps += _tell_items(session, OutboxItem.turn_id == turn_id)
        elif isinstance(row, OutboxItem):
            conversation = session.get_one(Conversation, row.conversation_id)
            number, mode = session.get_one(Contact, conversation.contact_id).number, conversation.mode
            steps += _tell_items(session, OutboxItem.id == row.id)
        steps += [step for event in events for step in _tell_event(event)]
    return Story(reference, row.state, row.reason, number, mode, sorted(steps, key=attrgetter("at")))


def _turn_of(session: Session, row: InboxEvent | Turn | OutboxItem) -> int | None:
    if isinstance(row, InboxEvent):
        return session.exec(select(Message.turn_id).where(Message.event_id == row.id)).first()
    return row.turn_id if isinstance(row, OutboxItem) else row.id


def _events_of_turn(session: Session, turn_id: int) -> list[InboxEvent]:
    arrived = select(InboxEvent).join(Message, col(Message.event_id) == InboxEvent.id)
    return list(session.exec(arrived.where(Message.turn_id == turn_id)).all())


def _tell_event(event: InboxEvent) -> Iterator[Step]:
    name = str(Reference(INBOX, event.id))
    yield Step(event.received_at, "event_received", name, _facts(channel=event.channel))
    if event.filed_at is not None:
        facts = _facts(state=event.state, reason=event.reason, failures=event.failures)
        yield Step(event.filed_at, "event_filed", name, facts)


def _tell_messages(session: Session, turn_id: int) -> Iterator[Step]:
    statement = select(Message).where(Message.turn_id == turn_id).order_by(col(Message.seq))
    for message in session.exec(statement).all():
        facts = _facts(author=message.author, kind=message.kind, position=message.seq, delivery=message.delivery)
        yield Step(message.received_at, "message", "", facts, message.text)


def _tell_turn(turn: Turn) -> Iterator[Step]:
    name = str(Reference(TURNS, turn.id or 0))
    yield Step(turn.opened_at, "turn_opened", name, _facts(due_at=turn.due_at, deadline_at=turn.deadline_at))
    if turn.closed_at is not None:
        counted = {"messages": turn.messages, "restarts": turn.restarts, "failures": turn.failures}
        yield Step(turn.closed_at, "turn_closed", name, _facts(state=turn.state, reason=turn.reason, **counted))


def _tell_reply(session: Session, turn_id: int) -> Iterator[Step]:
    reply = session.exec(select(Reply).where(Reply.turn_id == turn_id)).first()
    if reply is not None:
        facts = _facts(
            origin=reply.origin,
            intention=reply.intention,
            handoff_reason=reply.handoff_reason,
            bubbles=len(reply.bubbles),
            model=reply.model,
            llm_seconds=None if reply.llm_seconds is None else round(reply.llm_seconds, 2),
        )
        yield Step(reply.created_at, "reply_decided", "", facts, reply.handoff_brief or "")


def _tell_items(session: Session, which: ColumnElement[bool] | bool) -> Iterator[Step]:  # noqa: FBT001  # a condition, as sqlmodel types it
    statement = select(OutboxItem).where(which).order_by(col(OutboxItem.id))
    for item in session.exec(statement).all():
        name = str(Reference(OUTBOX, item.id or 0))
        facts = _facts(kind=item.kind, confirmed_by=item.confirmed_by, looks=item.looks)
        yield Step(item.created_at, "item_placed", name, facts, item.body)
        moves = select(OutboxLog).where(OutboxLog.item_id == item.id).order_by(col(OutboxLog.id))
        for move in session.exec(moves).all():
            yield Step(
                move.at, "item_moved", name, _facts(before=move.from_state, after=move.to_state, reason=move.reason)
            )
        attempts = select(DeliveryAttempt).where(DeliveryAttempt.item_id == item.id).order_by(col(DeliveryAttempt.id))
        for attempt in session.exec(attempts).all():
            yield Step(attempt.started_at, "attempt_started", name)
            if attempt.ended_at is not None:
                facts = _facts(outcome=attempt.outcome, status=attempt.status, error=attempt.error)
                yield Step(attempt.ended_at, "attempt_ended", name, facts)


def _facts(**known: Fact | None) -> dict[str, Fact]:
    """Keep what says something: neither what is unknown nor a count of nothing."""
    return {name: fact for name, fact in known.items() if fact is not None and fact not in {"", 0}}
