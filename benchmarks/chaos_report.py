"""The tables of the campaign, and the page they stand on: each part replaces its own and leaves the others."""

from __future__ import annotations

import itertools
import os
import platform
import re
import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.oracle import Verdict
from tests.chaos.shop import ChaosShop
from tests.chaos.story import story_of

SHOWN_IN = Path(__file__).parent.parent / "docs" / "reliability.md"
NUMBERS = itertools.count(4_000_001)
COUNTED = ("lost", "doubled", "out of order", "with a person", "talked over")


@dataclass
class Row:
    """What became of the customers of one line; seconds run until the reply stood as sent."""

    name: str
    says: str
    runs: int = 0
    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    held: int = 0
    talked_over: int = 0
    miscounted: int = 0
    seconds: list[float] = field(default_factory=list)

    def add(self, number: str, verdict: Verdict, seconds: float | None) -> None:
        """Count one customer."""
        self.runs += 1
        self.lost += number in verdict.lost or number in verdict.open
        self.doubled += number in verdict.doubled
        self.disordered += number in verdict.disordered
        self.held += number in verdict.held or number in verdict.unknown
        self.talked_over += number in verdict.talked_over
        if seconds is not None:
            self.seconds.append(max(seconds, 0.0))

    def counts(self) -> list[str]:
        """Return what was counted, as cells."""
        return [str(one) for one in (self.lost, self.doubled, self.disordered, self.held, self.talked_over)]

    def times(self) -> list[str]:
        """Return p50, p95 and maximum, as cells."""
        times = sorted(self.seconds)
        if not times:
            return ["–"] * 3
        return [f"{one:.1f}" for one in (statistics.median(times), times[int(len(times) * 0.95)], times[-1])]


def new_number() -> str:
    """Return the number of a customer who has not written yet."""
    return f"55209{next(NUMBERS):08}"


def tell_failures(shop: ChaosShop, verdict: Verdict) -> None:
    """Write down everything about whoever was lost, doubled or answered out of order, before the shop is gone."""
    for kind in ("lost", "doubled", "disordered", "open", "talked_over"):
        for number in sorted(set(getattr(verdict, kind))):
            sys.stderr.write(f"\n{kind}: {story_of(shop, number)}\n")
    if verdict.lost or verdict.open:
        sys.stderr.write("\n".join(shop.said[-60:]) + "\n")


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    """Return a table of Markdown."""
    return [f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *lines)]


def write_down(part: str, told: Sequence[str], *, minutes: float) -> None:
    """Put what a part found between its two marks on the page."""
    command = " ".join(["python -m benchmarks.chaos", *sys.argv[1:]])
    today = datetime.now(UTC).date().isoformat()
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    said = [f"{today}, {machine}, `{command}`, {minutes:.0f} minutes.", "", *told]
    marks = re.compile(rf"(<!-- {part} -->\n).*?(<!-- /{part} -->)", re.DOTALL)
    page = SHOWN_IN.read_text(encoding="utf-8")
    SHOWN_IN.write_text(marks.sub(lambda mark: mark[1] + "\n".join([*said, mark[2]]), page), encoding="utf-8")
