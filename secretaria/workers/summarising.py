"""Actor episode.summarise: an ended episode gets its summary."""

from __future__ import annotations

import dramatiq

from secretaria.logs import telling_of
from secretaria.queue.jobs import SUMMARISE_EPISODE
from secretaria.replies.summarising import SummaryRoom, summarise_episode
from secretaria.workers.failures import leave_to_the_sweep


def declare(broker: dramatiq.Broker, room: SummaryRoom) -> None:
    """Declare the actor on a broker."""

    @dramatiq.actor(actor_name=SUMMARISE_EPISODE.name, queue_name=SUMMARISE_EPISODE.queue, broker=broker)
    def summarise(episode_id: str) -> None:
        with telling_of(episode_id=episode_id), leave_to_the_sweep():
            summarise_episode(room, int(episode_id))
