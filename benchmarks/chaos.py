"""Breaks a shop in every way that is known, many times, and writes down what became of the messages.

Run with ``make chaos`` (``ARGS="points --runs 5"`` for one part of it). The tables go to ``docs/reliability.md``; the parts
that are not run keep theirs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from benchmarks.chaos_faults import break_from_outside
from benchmarks.chaos_points import break_at_points
from benchmarks.chaos_report import write_down
from benchmarks.chaos_soak import soak
from tests.chaos.shop import quick_restarts

PARTS = ("points", "faults", "soak")


def main() -> None:
    """Run what the arguments ask for, print the tables and write them down."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("parts", nargs="*", choices=[*PARTS, []], help="points, faults, soak; all when left out")
    reader.add_argument("--runs", type=int, default=25, help="runs of each crash point")
    reader.add_argument("--customers", type=int, default=12, help="customers who write during each outside fault")
    reader.add_argument("--only", default="", help="outside faults whose name holds this")
    reader.add_argument("--soak", type=int, default=3000, help="messages under random kills")
    reader.add_argument("--shops", type=int, default=4, help="installations broken side by side")
    asked = reader.parse_args()
    parts: dict[str, Callable[[], list[str]]] = {
        "points": lambda: break_at_points(asked.runs, asked.shops),
        "faults": lambda: break_from_outside(asked.customers, asked.shops, asked.only),
        "soak": lambda: soak(asked.soak),
    }
    with quick_restarts():
        for part in asked.parts or PARTS:
            begun = time.monotonic()
            told = parts[part]()
            sys.stdout.write("\n".join(told) + "\n")
            write_down(part, told, minutes=(time.monotonic() - begun) / 60)


if __name__ == "__main__":
    main()
