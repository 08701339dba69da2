"""The timer of an open turn, set anew whenever something of it changes: a message came, or an audio was heard."""

from __future__ import annotations

from sqlmodel import Session

from secretaria.conversations import store
from secretaria.conversations.models import Turn
from secretaria.conversations.transcripts import turn_waits_until
from secretaria.conversations.turns import Typed, due_after
from secretaria.settings import TurnsSection

AVERAGED_TURNS = 20
LONGEST_LOOK = 2000  # characters of a message that are looked at for its rhythm


def set_timer(rules: TurnsSection, session: Session, turn: Turn) -> None:
    """Set when a turn is due by its whole burst, our last question, what the model usually takes and what is not heard yet."""
    messages = store.arrivals_of_turn(session, turn.id or 0)
    turn.messages = len(messages)
    due = due_after(
        rules,
        [Typed(one.kind, one.words[:LONGEST_LOOK], one.received_at) for one in messages],
        deadline=turn.deadline_at,
        asked=store.last_own_text(session, turn.conversation_id).rstrip().endswith("?"),
        model_seconds=store.mean_model_seconds(session, AVERAGED_TURNS),
    )
    unheard_until = turn_waits_until(session, turn.id or 0)
    turn.due_at = due if unheard_until is None else max(due, unheard_until)
    turn.nudged_at = None
    session.add(turn)
