"""The one shape in which every benchmark hands over what it measured: figures with their target, and a section of the page."""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Protocol, Self

Bound = Literal["at least", "at most", "told"]
Verdict = Literal["met", "missed", "told"]
HEAD = ("What", "Target", "Measured", "Spread", "Verdict")


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured, several times in one run.

    Attributes:
        what: A sentence that a reader understands without the code.
        median: Of all rounds, in ``unit``.
        lowest: Of all rounds.
        highest: Of all rounds.
        unit: ``x`` for a ratio; empty where the sentence says it.
        bound: On which side of the target it must stay; ``told`` where there is none.
        target: What the bound is.
        key: Under which the guard knows it (``benchmarks/recorded.toml``); empty where it is not guarded.
    """

    what: str
    median: float
    lowest: float
    highest: float
    unit: str = "x"
    bound: Bound = "told"
    target: float = 0.0
    key: str = ""

    @classmethod
    def of(
        cls,
        what: str,
        rounds: Sequence[float],
        *,
        unit: str = "x",
        at_least: float | None = None,
        at_most: float | None = None,
        key: str = "",
    ) -> Self:
        """Sum up the rounds of one measurement; a target is given on one side at most.

        Args:
            what: A sentence that a reader understands without the code.
            rounds: What each round measured, in ``unit``.
            unit: ``x`` for a ratio.
            at_least: The target, where more is better.
            at_most: The target, where less is better.
            key: Under which the guard knows it.
        """
        bound: Bound = "told" if at_least is at_most is None else "at least" if at_least is not None else "at most"
        target = at_least if at_least is not None else at_most or 0.0
        return cls(what, statistics.median(rounds), min(rounds), max(rounds), unit, bound, target, key)

    @property
    def verdict(self) -> Verdict:
        """Say whether the median holds the target."""
        if self.bound == "told":
            return "told"
        held = self.median >= self.target if self.bound == "at least" else self.median <= self.target
        return "met" if held else "missed"

    def cells(self) -> tuple[str, ...]:
        """Return the line of a table."""
        sign = {"at least": "≥ ", "at most": "≤ ", "told": ""}[self.bound]
        target = f"{sign}{_amount(self.target, self.unit)}" if sign else "–"
        spread = f"{_amount(self.lowest, '')} to {_amount(self.highest, '')}"
        return (self.what, target, _amount(self.median, self.unit), spread, self.verdict)


@dataclass(frozen=True, slots=True)
class Section:
    """What one benchmark found.

    Attributes:
        title: The heading of its part of the page.
        figures: Its table.
        notes: Paragraphs under the table: how it was measured, where the limit is.
    """

    title: str
    figures: Sequence[Figure]
    notes: Sequence[str] = ()

    def lines(self) -> list[str]:
        """Return the part of the page, in Markdown."""
        table = [HEAD, ("---",) * len(HEAD), *(figure.cells() for figure in self.figures)]
        notes = [line for note in self.notes for line in ("", note)]
        return [f"## {self.title}", "", *(f"| {' | '.join(cells)} |" for cells in table), *notes, ""]

    def write(self, path: Path) -> None:
        """Keep it for whoever started this benchmark as a program of its own."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what a benchmark kept."""
        told = json.loads(path.read_text(encoding="utf-8"))
        return cls(told["title"], [Figure(**figure) for figure in told["figures"]], told["notes"])


class Measure(Protocol):
    """What a benchmark does."""

    def __call__(self, *, short: bool) -> Section:
        """Measure; in short only the ratios that the guard asks for, within 30 seconds."""
        ...


def run(measure: Measure) -> None:
    """Be the program of one benchmark: measure, print the table, and write it where ``--to`` says.

    Args:
        measure: What it measures.
    """
    reader = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    reader.add_argument("--short", action="store_true", help="only the ratios that the guard asks for")
    reader.add_argument("--to", type=Path, help="where the section is kept, as JSON")
    asked = reader.parse_args()
    section = measure(short=asked.short)
    print("\n".join(section.lines()), flush=True)
    if asked.to:
        section.write(asked.to)


def measured(name: str, seconds: float, *more: str) -> Section:
    """Run one benchmark as a program of its own; one that fails or takes too long does not stop the others.

    Args:
        name: Of its module.
        seconds: After which it is ended.
        more: Further arguments for it.
    """
    with tempfile.TemporaryDirectory(prefix="secretaria-figures-") as folder:
        kept = Path(folder) / "section.json"
        command = [sys.executable, "-m", f"benchmarks.{name}", "--to", str(kept), *more]
        with subprocess.Popen(command) as running:
            try:
                code = running.wait(seconds)
            except subprocess.TimeoutExpired:
                running.send_signal(signal.SIGINT)  # as Ctrl-C would: it ends its servers and engines too
                code = -1
        if code == 0:
            return Section.read(kept)
    ended = "took too long" if code == -1 else f"ended with {code}"
    return Section(name, [], [f"`benchmarks/{name}.py` {ended}: nothing was measured."])


def _amount(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2  # noqa: PLR2004  # three digits are what was measured
    return f"{value:,.{digits}f}{' ' if unit and unit != 'x' else ''}{unit}".replace("x", " x")
