"""Actor outbox.deliver: one bubble goes to Whaticket."""

from __future__ import annotations

import dramatiq

from secretaria.logs import telling_of
from secretaria.outbox.delivery import DispatchRoom, deliver_item
from secretaria.queue.jobs import DELIVER_ITEM
from secretaria.workers.failures import leave_to_the_sweep


def declare(broker: dramatiq.Broker, room: DispatchRoom) -> None:
    """Declare the actor on a broker."""

    @dramatiq.actor(actor_name=DELIVER_ITEM.name, queue_name=DELIVER_ITEM.queue, broker=broker)
    def deliver(item_id: str) -> None:
        with telling_of(item_id=item_id), leave_to_the_sweep():
            deliver_item(room, int(item_id))
