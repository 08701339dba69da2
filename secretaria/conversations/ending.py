"""A turn that was answered comes to its end with one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from secretaria.conversations.models import TurnState
from secretaria.conversations.waking import wrote_to_feed
from secretaria.database.compiled import CompiledStatement

CLOSE_TURN = CompiledStatement("""
    UPDATE turn SET state = :state, reason = :reason, llm_seconds = :llm_seconds, closed_at = :now
    WHERE id = :id
    RETURNING id, conversation_id, correlation_id, state, reason, opened_at, closed_at, messages, restarts, failures
""")


@dataclass(frozen=True, slots=True)
class ClosedTurn:
    """What is told of a turn at its end; the attributes are those of ``Turn``."""

    id: int
    conversation_id: int
    correlation_id: UUID
    state: str
    reason: str | None
    opened_at: datetime
    closed_at: datetime
    messages: int
    restarts: int
    failures: int


def close_turn(
    session: Session, turn_id: int, *, state: TurnState, reason: str | None, llm_seconds: float | None, now: datetime
) -> ClosedTurn:
    """Write how a turn ended.

    Args:
        session: The caller's transaction; it has locked the conversation.
        turn_id: Which one.
        state: A final one.
        reason: Why it ended in silence or with a person.
        llm_seconds: How long the model took; None where it gave nothing.
        now: The present moment.
    """
    ended = {"id": turn_id, "state": state, "reason": reason, "llm_seconds": llm_seconds, "now": now}
    row = CLOSE_TURN.one(session, ended)
    wrote_to_feed(session)
    return ClosedTurn(*row)
