"""What may be decided about a row, by its state."""

from __future__ import annotations

from uuid import UUID

import pytest

from secretaria.replies.backlog import DROPPED
from secretaria.replies.interventions import Intervention, possible
from secretaria.replies.references import Reference

RETRY, ARRIVED, DROP = Intervention.RETRY, Intervention.ARRIVED, Intervention.DROP


@pytest.mark.parametrize(
    ("queue", "state", "reason", "expected"),
    [
        ("outbox", "held", "lease_expired", (RETRY, ARRIVED, DROP)),
        ("outbox", "unconfirmed", None, (ARRIVED, DROP)),
        ("outbox", "dead", "expired", (RETRY, DROP)),
        ("outbox", "dead", DROPPED, (RETRY,)),
        ("outbox", "pending", None, ()),
        ("outbox", "sent", None, ()),
        ("inbox", "parked", "KeyError", (RETRY, DROP)),
        ("inbox", "received", None, ()),
        ("turns", "waiting", None, ()),
    ],
)
def test_a_decision_is_offered_where_it_would_be_taken(
    queue: str, state: str, reason: str | None, expected: tuple[Intervention, ...]
) -> None:
    """What moves by itself, or has come to its end, leaves nothing to decide."""
    assert possible(Reference(queue, UUID(int=1) if queue == "inbox" else 1), state, reason) == expected
