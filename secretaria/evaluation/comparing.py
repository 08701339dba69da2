"""Two runs side by side: which turns flipped, and what was decided differently in those that did not; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from secretaria.evaluation.results import TurnResult

DECISIONS = ("origin", "intention", "answerable", "handoff", "sources")

Change = Literal["fixed", "broken", "differs", "gone", "new"]


@dataclass(frozen=True, slots=True)
class Flip:
    """One turn that two runs do not agree on.

    Attributes:
        change: ``fixed`` and ``broken`` are flips; ``differs`` is the same grade with other decisions.
        before: The kinds of mismatch, or the decisions, of the first run.
    """

    conversation: str
    turn: int
    trial: int
    change: Change
    before: Any
    after: Any


def compare(first: Sequence[TurnResult], second: Sequence[TurnResult]) -> list[Flip]:
    """Return what changed from one run to another, in the order of the first.

    Args:
        first: The earlier run.
        second: The later one.
    """
    later = {result.key: result for result in second}
    known = {result.key for result in first}
    flips = [flip for result in first if (flip := _flip(result, later.get(result.key))) is not None]
    new = [Flip(*result.key, "new", None, _kinds(result)) for result in second if result.key not in known]
    return [*flips, *new]


def _flip(before: TurnResult, after: TurnResult | None) -> Flip | None:
    if after is None:
        return Flip(*before.key, "gone", _kinds(before), None)
    if before.matched != after.matched:
        return Flip(*before.key, "fixed" if after.matched else "broken", _kinds(before), _kinds(after))
    changed = [name for name in DECISIONS if before.facts.get(name) != after.facts.get(name)]
    if not changed:
        return None
    return Flip(
        *before.key,
        "differs",
        {name: before.facts.get(name) for name in changed},
        {name: after.facts.get(name) for name in changed},
    )


def _kinds(result: TurnResult) -> list[str]:
    return [mismatch.kind for mismatch in result.mismatches]
