"""Why was this said? Everything that is kept of how a turn was answered, with the words of the version it rested on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from secretaria.conversations.models import Message, Turn
from secretaria.conversations.store import messages_of_turn
from secretaria.errors import NotFound, SecretariaError
from secretaria.knowledge.chunks import Chunk
from secretaria.knowledge.store import find_version, load_business
from secretaria.llm.pricing import MICROS
from secretaria.outbox.models import OutboxItem
from secretaria.replies.models import Reply


class NothingToExplain(NotFound):
    """Nobody decided here what to say: there is no such turn, or no answer of the secretary in it."""


@dataclass(frozen=True, slots=True)
class Source:
    """A unit of the base that the answer rested on.

    Attributes:
        source: Its name, as ``faq.md#prazo``.
        title: Its heading in the version that was used; None where that version is not kept.
        text: Its words, likewise.
    """

    source: str
    title: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Send:
    """What became of one bubble."""

    text: str
    state: str
    reason: str | None
    attempts: int
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The receipts of one turn.

    Attributes:
        asked: What the customer wrote, oldest first.
        state: Of the turn, with ``reason`` the code of why it ended so.
        origin: ``model``, ``fallback`` or ``notice``.
        question: How the model understood it.
        answerable: From what it could be answered.
        checks: Verdict by check.
        tool: The call and its result, as the model asked and was told.
        memory: What it wanted to remember, with the verdict on each.
        cost_micros: In micro-dollars, by the price list; None where nobody counted.
        steps: Seconds by step.
    """

    turn_id: int
    conversation_id: int
    correlation_id: str
    at: datetime
    asked: Sequence[str]
    state: str
    reason: str | None
    origin: str
    bubbles: Sequence[str]
    sends: Sequence[Send]
    intention: str | None
    sentiment: int | None
    urgent: bool | None
    satisfaction: str | None
    question: str | None
    answerable: str | None
    handoff_reason: str | None
    handoff_by: str | None
    handoff_brief: str | None
    sources: Sequence[Source]
    checks: Mapping[str, Any]
    tool: Mapping[str, Any] | None
    actions: Sequence[str]
    memory: Sequence[Mapping[str, Any]]
    model: str | None
    prompt_version: str | None
    business_version: str | None
    version_id: int | None
    calls: int
    regenerations: int
    restarts: int
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_micros: int | None
    llm_seconds: float | None
    steps: Mapping[str, Any]

    @property
    def cost_usd(self) -> float | None:
        """What it cost in dollars; None where nobody counted."""
        return None if self.cost_micros is None else self.cost_micros / MICROS


def explain_turn(session: Session, *, turn_id: int | None = None, message_id: int | None = None) -> Explanation:
    """Explain a turn, named by itself or by one of its bubbles.

    Raises:
        NothingToExplain: There is none, or nobody decided anything in it.
    """
    if message_id is not None:
        turn_id = session.exec(select(Message.turn_id).where(Message.id == message_id)).first()
    turn = session.get(Turn, turn_id) if turn_id is not None else None
    reply = session.exec(select(Reply).where(Reply.turn_id == turn_id)).first() if turn is not None else None
    if turn is None or reply is None:
        raise NothingToExplain(
            "a secretária não decidiu nada aqui",
            "explique uma resposta dela, ou a rodada: secretaria conversations show",
        )
    version_id, chunks = _version(session, reply.business_version)
    items = session.exec(
        select(OutboxItem).where(OutboxItem.turn_id == turn.id).order_by(col(OutboxItem.position))
    ).all()
    return Explanation(
        turn_id=turn.id or 0,
        conversation_id=turn.conversation_id,
        correlation_id=str(turn.correlation_id),
        at=reply.created_at,
        asked=[message.words for message in messages_of_turn(session, turn.id or 0)],
        state=turn.state,
        reason=turn.reason,
        origin=reply.origin,
        bubbles=reply.bubbles,
        sends=[Send(one.body, one.state, one.reason, one.attempts, one.sent_at) for one in items if one.message_id],
        intention=reply.intention,
        sentiment=reply.sentiment,
        urgent=reply.urgent,
        satisfaction=reply.satisfaction,
        question=reply.asked,
        answerable=reply.answerable,
        handoff_reason=reply.handoff_reason,
        handoff_by=reply.handoff_by,
        handoff_brief=reply.handoff_brief,
        sources=[_source(name, chunks) for name in reply.sources],
        checks=reply.checks,
        tool=reply.tool,
        actions=reply.actions,
        memory=reply.memory,
        model=reply.model,
        prompt_version=reply.prompt_version,
        business_version=reply.business_version,
        version_id=version_id,
        calls=reply.calls,
        regenerations=reply.regenerations,
        restarts=turn.restarts,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        cost_micros=reply.cost_micros,
        llm_seconds=reply.llm_seconds,
        steps=reply.steps,
    )


def last_answer(session: Session, conversation_id: int) -> int | None:
    """Return the turn of the last decision in a conversation; None where none was made."""
    last = select(Reply.turn_id).where(Reply.conversation_id == conversation_id).order_by(col(Reply.id).desc())
    return session.exec(last.limit(1)).first()


def _version(session: Session, fingerprint: str | None) -> tuple[int | None, Mapping[str, Chunk]]:
    """Return the version an answer rested on and its units; nothing where it is not kept, or can no longer be read."""
    if not fingerprint:
        return None, {}
    try:
        version = find_version(session, fingerprint)
        business = load_business(session, version.id or 0)
    except SecretariaError:
        return None, {}
    return version.id, {chunk.source: chunk for chunk in business.chunks}


def _source(name: str, chunks: Mapping[str, Chunk]) -> Source:
    chunk = chunks.get(name)
    return Source(name, chunk.title if chunk else None, chunk.text if chunk else None)
