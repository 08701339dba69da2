"""What the end of a turn leaves outside its rows: the counters, and the one line that tells its whole course."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from sqlmodel import Session

from secretaria import metrics
from secretaria.conversations.ending import ClosedTurn
from secretaria.conversations.models import Turn, TurnState
from secretaria.database.transaction import after_commit
from secretaria.logs import tell_plainly
from secretaria.replies.decided import Decided

DIGITS = 3


def tell_closed(session: Session, turn: Turn | ClosedTurn, reply: Decided | None = None) -> None:
    """Count and log a turn that came to its end, once that is committed.

    Args:
        session: The transaction that ends it.
        turn: With its last state, reason and moment.
        reply: What was decided, where the model was asked.
    """
    after_commit(session, partial(_count, str(turn.state), turn.reason))
    told: dict[str, object] = {"turn_id": turn.id, "state": str(turn.state), "reason": turn.reason}
    if turn.closed_at is not None:
        told["seconds"] = round((turn.closed_at - turn.opened_at).total_seconds(), DIGITS)
    told |= {"messages": turn.messages, "restarts": turn.restarts, "failures": turn.failures}
    if reply is not None:
        after_commit(
            session, partial(_observe, reply.llm_seconds or 0.0, reply.steps.get("guards", 0.0), turn.correlation_id)
        )
        told |= {"origin": reply.origin, "calls": reply.calls, "regenerations": reply.regenerations}
        told |= {"model": reply.model, "steps": dict(reply.steps), "refused": refused(reply)}
        if reply.intention is not None:
            after_commit(session, metrics.INTENTIONS.labels(intention=reply.intention).inc)
    told |= {"correlation_id": str(turn.correlation_id), "conversation_id": turn.conversation_id}
    after_commit(session, partial(tell_plainly, "turn_settled", told, where=__name__))


def refused(reply: Decided) -> list[str]:
    """Name the guards that did not let a draft pass, or the reason why there was none."""
    return sorted(name for name, verdict in reply.checks.items() if verdict == "refused" or name in {"draft", "budget"})


def _count(state: str, reason: str | None) -> None:
    metrics.TURNS_CLOSED.labels(state).inc()
    if state == TurnState.HANDED_OFF:
        metrics.count_handoff(reason)


def _observe(llm_seconds: float, guard_seconds: float, event: UUID) -> None:
    metrics.observe_stage("llm", llm_seconds, event, ended_ago=guard_seconds)
    metrics.observe_stage("guards", guard_seconds, event)
