"""The model's proposals of one turn are judged, and what passes is remembered in the transaction of the reply."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlmodel import Session

from secretaria.memory.rules import judge_proposal
from secretaria.memory.store import remember


class Proposal(Protocol):
    """What a model would remember."""

    @property
    def key(self) -> str:
        """What it is."""
        ...

    @property
    def value(self) -> str:
        """What it says."""
        ...

    @property
    def quote(self) -> str:
        """The customer's words."""
        ...


def remember_proposals(
    session: Session,
    proposals: Sequence[Proposal],
    *,
    said: Sequence[tuple[int, str]],
    units: Collection[str],
    contact_id: int,
    turn_id: int,
    now: datetime,
) -> list[dict[str, Any]]:
    """Remember what may be remembered.

    Args:
        session: The reply's transaction.
        proposals: Of the model.
        said: The customer's messages of this turn, id and text.
        units: Names of the business's units.
        contact_id: Whose.
        turn_id: The turn.
        now: The present moment.

    Returns:
        The verdict on each, for the reply; what was refused as sensitive is not repeated there.
    """
    verdicts = []
    for proposal in proposals:
        verdict = judge_proposal(proposal.key, proposal.value, proposal.quote, [text for _, text in said], units)
        if verdict.refused:
            verdicts.append({"key": verdict.key, "refused": verdict.refused})
            continue
        fact = remember(
            session,
            contact_id=contact_id,
            key=verdict.key,
            value=verdict.value,
            quote=verdict.quote,
            observer="customer",
            now=now,
            message_id=said[verdict.position][0],
            turn_id=turn_id,
        )
        kept = "known" if fact is None else "superseded" if fact.superseded_by else "kept"
        verdicts.append({"key": verdict.key, "value": verdict.value, "verdict": kept})
    return verdicts
