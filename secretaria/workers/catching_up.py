"""Actor inbox.catch_up: customers whom only Whaticket heard are heard late."""

from __future__ import annotations

import dramatiq

from secretaria.inbox.catch_up import CatchUpRoom, catch_up
from secretaria.queue.jobs import CATCH_UP
from secretaria.workers.failures import leave_to_the_sweep


def declare(broker: dramatiq.Broker, room: CatchUpRoom) -> None:
    """Declare the actor on a broker."""

    @dramatiq.actor(actor_name=CATCH_UP.name, queue_name=CATCH_UP.queue, broker=broker)
    def catch(_channel: str) -> None:
        with leave_to_the_sweep():
            catch_up(room)
