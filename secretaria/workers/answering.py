"""Actor turn.answer: a due turn becomes a reply, a hand-off or silence."""

from __future__ import annotations

import dramatiq

from secretaria.logs import telling_of
from secretaria.queue.jobs import ANSWER_TURN
from secretaria.replies.answer import AnsweringRoom, answer_turn
from secretaria.workers.failures import leave_to_the_sweep


def declare(broker: dramatiq.Broker, room: AnsweringRoom) -> None:
    """Declare the actor on a broker."""

    @dramatiq.actor(actor_name=ANSWER_TURN.name, queue_name=ANSWER_TURN.queue, broker=broker)
    def answer(turn_id: str) -> None:
        with telling_of(turn_id=turn_id), leave_to_the_sweep():
            answer_turn(room, int(turn_id))
