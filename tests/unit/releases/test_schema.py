"""A release runs on a schema that only grew since; across a contraction only if it no longer used what was taken away."""

from __future__ import annotations

from typing import Any

from secretaria.releases.schema import in_the_way, told


def step(revision: str, *breaks: str, unused_since: str = "") -> dict[str, Any]:
    """Tell a step as a plan does."""
    kind = "contract" if breaks else "expand"
    return {
        "revision": revision, "kind": kind, "does": "muda pet", "breaks": list(breaks), "unused_since": unused_since,
    }  # fmt: skip


GROWN = step("0002_b")
TAKEN = step("0003_c", "a coluna pet.name deixa de existir")
LONG_UNUSED = step("0004_d", "a coluna pet.kind deixa de existir", unused_since="1.2.0")


def test_nothing_stands_in_the_way_of_a_schema_that_only_grew() -> None:
    """Any release runs on it, also one that nobody can name."""
    assert in_the_way("1.0.0", [GROWN]) == in_the_way("", [GROWN]) == []


def test_what_was_taken_away_stands_in_the_way() -> None:
    """Whatever lies around it."""
    assert in_the_way("9.9.9", [GROWN, TAKEN]) == [TAKEN]


def test_a_release_that_no_longer_used_it_runs_on() -> None:
    """The author of the migration says since which version it was unused; older ones do not run."""
    assert in_the_way("1.2.0", [LONG_UNUSED]) == in_the_way("v1.10.0", [LONG_UNUSED]) == []
    assert in_the_way("1.1.9", [LONG_UNUSED]) == [LONG_UNUSED]
    assert in_the_way("", [LONG_UNUSED]) == [LONG_UNUSED]


def test_what_stands_in_the_way_is_told_with_what_it_took() -> None:
    """Revision by revision."""
    assert told([TAKEN, LONG_UNUSED]) == (
        "0003_c: a coluna pet.name deixa de existir; 0004_d: a coluna pet.kind deixa de existir"
    )
