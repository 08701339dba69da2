"""The timer of an open turn, set anew whenever something of it changes: a message came, or an audio was heard."""

from __future__ import annotations

from sqlmodel import Session

from secretaria.conversations import store
from secretaria.conversations.models import Message, Turn
from secretaria.conversations.transcripts import turn_waits_until
from secretaria.conversations.turns import Typed, could_answer, due_after
from secretaria.settings import TurnsSection

AVERAGED_TURNS = 20
AUDIO = "audio"
LONGEST_LOOK = 2000  # characters of a message that are looked at for its rhythm


def set_timer(rules: TurnsSection, session: Session, turn: Turn, only: Message | None = None) -> None:
    """Set when a turn is due by its whole burst, our last question, what the model usually takes and what is not heard yet.

    Args:
        rules: The ``[turns]`` section.
        session: The caller's transaction.
        turn: Open, its conversation locked.
        only: The message that has just opened it; None where there may be more.
    """
    messages = [only] if only is not None else store.arrivals_of_turn(session, turn.id or 0)
    may_answer = could_answer(rules, messages[-1].words[:LONGEST_LOOK]) if messages else False
    due = due_after(
        rules,
        [Typed(one.kind, one.words[:LONGEST_LOOK], one.received_at) for one in messages],
        deadline=turn.deadline_at,
        asked=may_answer and store.last_own_text(session, turn.conversation_id).rstrip().endswith("?"),
        model_seconds=store.mean_model_seconds(session, AVERAGED_TURNS),
    )
    unheard = any(one.kind == AUDIO for one in messages)
    unheard_until = turn_waits_until(session, turn.id or 0) if unheard else None
    turn.messages = len(messages)
    turn.due_at = due if unheard_until is None else max(due, unheard_until)
    turn.nudged_at = None
    session.add(turn)
