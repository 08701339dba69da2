"""The timer of an open turn, set anew whenever something of it changes: a message came, or an audio was heard."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session

from secretaria.conversations import store
from secretaria.conversations.models import Turn
from secretaria.conversations.transcripts import turn_waits_until
from secretaria.conversations.turns import Typed, could_answer, due_after
from secretaria.database.compiled import CompiledStatement
from secretaria.settings import TurnsSection

AUDIO = "audio"
SET_TIMER = CompiledStatement(
    "UPDATE turn SET messages = :messages, due_at = :due_at, nudged_at = NULL WHERE id = :turn_id"
)
LONGEST_LOOK = 2000  # characters of a message that are looked at for its rhythm


def due_of_first(
    rules: TurnsSection, session: Session, conversation_id: int, first: Typed, deadline: datetime, *, new: bool
) -> datetime:
    """Return when a turn is due that its first message opens.

    Args:
        rules: The ``[turns]`` section.
        session: The caller's transaction.
        conversation_id: Locked.
        first: The message.
        deadline: The turn's deadline.
        new: Whether nothing was said before in this conversation.
    """
    first = replace(first, text=first.text[:LONGEST_LOOK])
    asked = not new and could_answer(rules, first.text) and _we_asked(session, conversation_id)
    usual = store.mean_model_seconds(session)
    return due_after(rules, [first], deadline=deadline, asked=asked, model_seconds=usual)


def set_timer(rules: TurnsSection, session: Session, turn: Turn) -> None:
    """Set when a turn is due by its whole burst, our last question, what the model usually takes and what is not heard yet.

    Args:
        rules: The ``[turns]`` section.
        session: The caller's transaction.
        turn: Open, its conversation locked.
    """
    messages = store.arrivals_of_turn(session, turn.id or 0)
    may_answer = could_answer(rules, messages[-1].words[:LONGEST_LOOK]) if messages else False
    due = due_after(
        rules,
        [Typed(one.kind, one.words[:LONGEST_LOOK], one.received_at) for one in messages],
        deadline=turn.deadline_at,
        asked=may_answer and _we_asked(session, turn.conversation_id),
        model_seconds=store.mean_model_seconds(session),
    )
    unheard = any(one.kind == AUDIO for one in messages)
    unheard_until = turn_waits_until(session, turn.id or 0) if unheard else None
    due = due if unheard_until is None else max(due, unheard_until)
    SET_TIMER.run(session, {"turn_id": turn.id, "messages": len(messages), "due_at": due})
    for name, value in (("messages", len(messages)), ("due_at", due), ("nudged_at", None)):
        set_committed_value(turn, name, value)


def _we_asked(session: Session, conversation_id: int) -> bool:
    return store.last_own_text(session, conversation_id).rstrip().endswith("?")
