"""Actor inbox.file: an event becomes a message in a turn."""

from __future__ import annotations

from uuid import UUID

import dramatiq

from secretaria.inbox.filing import FilingRoom, file_event
from secretaria.logs import telling_of
from secretaria.queue.jobs import FILE_EVENT
from secretaria.workers.failures import leave_to_the_sweep


def declare(broker: dramatiq.Broker, room: FilingRoom) -> None:
    """Declare the actor on a broker."""

    @dramatiq.actor(actor_name=FILE_EVENT.name, queue_name=FILE_EVENT.queue, broker=broker)
    def file(event_id: str) -> None:
        with telling_of(correlation_id=event_id), leave_to_the_sweep():
            file_event(room, UUID(event_id))
