"""Two runs: what flipped, what else changed, and what is only in one."""

from __future__ import annotations

from secretaria.evaluation.comparing import compare
from secretaria.evaluation.results import Mismatch, TurnResult


def a_turn(number: int, *kinds: str, **facts: object) -> TurnResult:
    """Build a graded turn."""
    mismatches = tuple(Mismatch("c", number, kind, None, None) for kind in kinds)
    return TurnResult("c", number, facts=facts, mismatches=mismatches)


def test_flips_are_named() -> None:
    """A turn that was right and is wrong is broken, the other way round it is fixed."""
    flips = compare([a_turn(1), a_turn(2, "handoff")], [a_turn(1, "intent"), a_turn(2)])
    assert [(flip.turn, flip.change, flip.before, flip.after) for flip in flips] == [
        (1, "broken", [], ["intent"]),
        (2, "fixed", ["handoff"], []),
    ]


def test_other_decisions_are_shown_without_a_flip() -> None:
    """The same grade with another decision is worth a look."""
    (flip,) = compare([a_turn(1, intention="preco")], [a_turn(1, intention="servico")])
    assert (flip.change, flip.before, flip.after) == ("differs", {"intention": "preco"}, {"intention": "servico"})


def test_turns_of_one_run_only_are_named() -> None:
    """Nothing is compared with nothing."""
    assert [flip.change for flip in compare([a_turn(1)], [a_turn(2)])] == ["gone", "new"]
    assert compare([a_turn(1)], [a_turn(1)]) == []
