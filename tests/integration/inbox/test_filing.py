"""Events become messages and turns, once each, whoever asks how often."""

from __future__ import annotations

from sqlalchemy import Engine

from secretaria.clock import HeldClock
from secretaria.queue.jobs import ANSWER_TURN
from tests.builders import PublishedNudges, a_door, a_filing_room, a_text, receive_and_file, rows


def test_burst_is_one_turn(engine: Engine, nudges: PublishedNudges, clock: HeldClock) -> None:
    """Messages that come one after another wait together, and each pushes the answer further away."""
    door, room = a_door(engine, nudges, clock), a_filing_room(engine, nudges, clock)
    for second, text in enumerate(("oi bom dia", "qnt ta a limpeza?", "e demora mto?")):
        receive_and_file(door, room, a_text(text, message_id=f"M{second}"))
        clock.advance(3)
    (turn,) = rows(engine, "turn")
    assert turn["messages"] == 3
    assert [nudge.delay_seconds for nudge in nudges.of(ANSWER_TURN)] == [8.0, 8.0, 8.0]
    assert (turn["due_at"] - turn["opened_at"]).total_seconds() == 14.0
