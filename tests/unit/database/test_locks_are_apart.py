"""Each advisory lock of PostgreSQL has a number of its own: two that share one would wait for each other."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
NUMBERED = re.compile(r"^[A-Z_]*LOCK[A-Z_]* = ([\d_]+)", re.MULTILINE)


def test_no_two_locks_share_a_number() -> None:
    """A rehearsal was refused while the sweep ran, and the sweep stood still during a rehearsal."""
    found = [
        (int(number), str(path.relative_to(ROOT)))
        for folder in ("secretaria", "migrations")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "advisory" in (source := path.read_text(encoding="utf-8"))
        for number in NUMBERED.findall(source)
    ]
    assert len(found) >= 6
    assert len({number for number, _ in found}) == len(found), found
