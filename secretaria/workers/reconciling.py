"""Actor outbox.reconcile: a send in doubt is looked for at Whaticket."""

from __future__ import annotations

import dramatiq

from secretaria.logs import telling_of
from secretaria.outbox.reconcile import ReconcileRoom, reconcile_item
from secretaria.queue.jobs import RECONCILE_ITEM
from secretaria.workers.failures import leave_to_the_sweep


def declare(broker: dramatiq.Broker, room: ReconcileRoom) -> None:
    """Declare the actor on a broker."""

    @dramatiq.actor(actor_name=RECONCILE_ITEM.name, queue_name=RECONCILE_ITEM.queue, broker=broker)
    def reconcile(item_id: str) -> None:
        with telling_of(item_id=item_id), leave_to_the_sweep():
            reconcile_item(room, int(item_id))
