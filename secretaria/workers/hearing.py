"""Actor turn.hear: an audio becomes words, and its turn goes on."""

from __future__ import annotations

import dramatiq

from secretaria.media.hearing import HearingRoom, hear_audio
from secretaria.queue.jobs import HEAR_AUDIO
from secretaria.workers.failures import leave_to_the_sweep


def declare(broker: dramatiq.Broker, room: HearingRoom) -> None:
    """Declare the actor on a broker."""

    @dramatiq.actor(actor_name=HEAR_AUDIO.name, queue_name=HEAR_AUDIO.queue, broker=broker)
    def hear(message_id: str) -> None:
        with leave_to_the_sweep():
            hear_audio(room, int(message_id))
