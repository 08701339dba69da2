"""Fails when a recorded ratio has fallen by more than 30 %: the step of CI that keeps the speed.

Both sides of every ratio are measured in turns in one run, so that a slow machine does not fail. What looks worse is
measured once more before it counts.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks.figures import Figure, measured

RECORDED = Path(__file__).parent / "recorded.toml"
HEAD = "# Ratios of the last `make bench ARGS=--record`; `python -m benchmarks.guard` compares with them.\n"
GUARDED = ("door", "pipeline")
SECONDS = 60.0
LEAST_LEFT = 0.7


def main() -> None:
    """Measure the guarded benchmarks in their short form, once more what fell, and end with 1 if it fell again."""
    recorded = tomllib.loads(RECORDED.read_text(encoding="utf-8"))
    fallen: dict[str, str] = {}
    for name in GUARDED:
        once = fallen_behind(measured(name, SECONDS, "--short").figures, recorded)
        again = fallen_behind(measured(name, SECONDS, "--short").figures, recorded) if once else {}
        fallen |= {key: told for key, told in again.items() if key in once}
    if fallen:
        sys.exit(f"slower than recorded, twice: {'; '.join(fallen.values())}")


def fallen_behind(figures: Iterable[Figure], recorded: Mapping[str, float]) -> dict[str, str]:
    """Return, by key, what is worse than recorded by more than 30 %.

    Args:
        figures: As measured now.
        recorded: Medians by key.
    """
    told = {}
    for figure in figures:
        before = recorded.get(figure.key)
        if before is None:
            continue
        left = before / figure.median if figure.bound == "at most" else figure.median / before
        if left < LEAST_LEFT:
            told[figure.key] = f"{figure.key} is {figure.median:.2f}, recorded is {before:.2f}"
    return told


def record(figures: Iterable[Figure]) -> None:
    """Keep the medians of the guarded figures; those that were not measured now stay."""
    kept = tomllib.loads(RECORDED.read_text(encoding="utf-8")) if RECORDED.exists() else {}
    kept |= {figure.key: round(figure.median, 3) for figure in figures if figure.key}
    RECORDED.write_text(HEAD + "".join(f"{key} = {kept[key]}\n" for key in sorted(kept)), encoding="utf-8")


if __name__ == "__main__":
    main()
