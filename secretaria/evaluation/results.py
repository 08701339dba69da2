"""What an evaluation found, turn by turn, in the form that reports, comparisons and programs read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that was not as expected.

    Attributes:
        kind: ``handoff``, ``intent``, ``silence`` and so on: what was compared.
    """

    conversation: str
    turn: int
    kind: str
    expected: Any
    found: Any


@dataclass(frozen=True, slots=True)
class TurnResult:
    """One turn, or one attack, or one dialogue, as it was played.

    Attributes:
        trial: From 1; the same turn may be played several times.
        label: What it was about, for people.
        said: What the customer wrote.
        bubbles: What reached the customer.
        before: What had reached the customer when it was recorded, where it was.
        facts: What was decided, for comparisons: intention, hand-off, sources and so on.
    """

    conversation: str
    turn: int
    trial: int = 1
    label: str = ""
    said: tuple[str, ...] = ()
    bubbles: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    mismatches: tuple[Mismatch, ...] = ()
    before: tuple[str, ...] = ()

    @property
    def matched(self) -> bool:
        """Whether all was as expected."""
        return not self.mismatches

    @property
    def key(self) -> tuple[str, int, int]:
        """What makes it the same turn in another run."""
        return self.conversation, self.turn, self.trial


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """One run of a suite.

    Attributes:
        measures: Numbers beside the count, for instance ``pass^2`` or the share of split bursts.
        cost_usd: What the model cost, where prices are known.
        stopped: Why the run ended before its end; empty when it did not.
    """

    suite: str
    business: str
    model: str
    results: tuple[TurnResult, ...]
    trials: int = 1
    seconds: float = 0.0
    cost_usd: float = 0.0
    stopped: str = ""
    measures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def turns(self) -> int:
        """How many turns were graded."""
        return len(self.results)

    @property
    def matched(self) -> int:
        """How many of them were as expected."""
        return sum(result.matched for result in self.results)

    @property
    def mismatches(self) -> Sequence[Mismatch]:
        """Everything that was not as expected, in the order of play."""
        return [mismatch for result in self.results for mismatch in result.mismatches]

    @property
    def passed(self) -> bool:
        """Whether every turn was played and as expected."""
        return bool(self.results) and self.matched == self.turns and not self.stopped

    def summary(self) -> dict[str, Any]:
        """Return the run as one JSON object."""
        return {
            "suite": self.suite,
            "business": self.business,
            "model": self.model,
            "turns": self.turns,
            "matched": self.matched,
            "mismatches_by_kind": dict(Counter(mismatch.kind for mismatch in self.mismatches)),
            "mismatches": [asdict(mismatch) for mismatch in self.mismatches],
            "trials": self.trials,
            "seconds": round(self.seconds, 2),
            "cost_usd": round(self.cost_usd, 6),
            "stopped": self.stopped or None,
            "measures": dict(self.measures),
        }
