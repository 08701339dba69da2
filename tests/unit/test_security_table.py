"""The table of docs/security.md names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`(tests/[\w/.]+?)(?:::(\w+))?`")


def test_every_test_that_is_named_exists() -> None:
    """A test that was renamed or removed is missed here, not by an auditor."""
    table = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = NAMED.findall(table)
    gone = [
        f"{path}::{test}"
        for path, test in named
        if not (ROOT / path).exists() or (test and f"def {test}(" not in (ROOT / path).read_text(encoding="utf-8"))
    ]
    assert len(named) > 40
    assert gone == []


def test_every_requirement_has_its_line() -> None:
    """R1 to R90 stand in the table, alone or in a range."""
    table = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    held: set[int] = set()
    for line in re.findall(r"^\| (R[^|]+) \|", table, re.MULTILINE):
        numbers = [int(number) for number in re.findall(r"\d+", line)]
        held |= set(range(numbers[0], numbers[1] + 1)) if " to " in line else set(numbers)
    assert held == set(range(1, 91))
