"""Runs every benchmark, one program after the other, within eight minutes, and writes ``docs/performance.md``.

Run with ``make bench`` (``ARGS="door start"`` for some of them: the page then stays as it is; ``ARGS=--record`` takes the
ratios of this run for those that the guard compares with).
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import Section, measured
from benchmarks.guard import record

BENCHMARKS = {
    "door": 80,
    "pipeline": 135,
    "idle": 48,
    "start": 66,
    "feed": 22,
    "growth": 78,
    "scale": 45,
}
"""Which there are, in the order of the page, and the seconds after which each is given up; they take eight minutes at most."""

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
INTRODUCTION = """\
# Performance

Written by `make bench` on {date}: {machine}.

Figures are ratios where they can be: both sides are measured in turns, in one run, on the same machine, so that a slow or a
busy machine changes them little. *Measured* is the median of the rounds, *spread* the lowest and the highest of them. Load
generator, service, workers, PostgreSQL (fsync on), Valkey and the doubles of Whaticket and of the model share the cores.
One part alone: `python -m benchmarks.NAME`, the names being {names}.
"""


def main() -> None:
    """Run what the arguments ask for, print the tables and, if it was everything, write the page."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], help="all when left out")
    reader.add_argument("--record", action="store_true", help="write benchmarks/recorded.toml")
    asked = reader.parse_args()
    begun = time.monotonic()
    sections = [measured(name, BENCHMARKS[name]) for name in asked.names or BENCHMARKS]
    if asked.record:
        record(figure for section in sections for figure in section.figures)
    if not asked.names:
        PAGE.write_text("\n".join(_page(sections)), encoding="utf-8")
    missed = [figure.what for section in sections for figure in section.figures if figure.verdict == "missed"]
    print(f"{(time.monotonic() - begun) / 60:.1f} minutes; missed: {'; '.join(missed) or 'none'}")


def _page(sections: Sequence[Section]) -> list[str]:
    introduction = INTRODUCTION.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}", machine=_machine(), names=", ".join(f"`{name}`" for name in BENCHMARKS)
    )
    return [introduction, *(line for section in sections for line in section.lines())]


def _machine() -> str:
    models = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    parts = (
        f"{os.cpu_count()} cores of {models[0] if models else platform.machine()}",
        f"{memory / 1024 / 1024:.0f} GiB",
        f"Linux {platform.release()}",
        f"Python {platform.python_version()}",
    )
    return ", ".join(parts)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


if __name__ == "__main__":
    main()
