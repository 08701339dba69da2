"""What counts as decided otherwise, with the same answers of a model and with new ones."""

from __future__ import annotations

from typing import Any

import pytest

from secretaria.evaluation.decisions import differences, unexpected
from secretaria.replies.cases import Expected

DECISION: dict[str, Any] = {
    "origin": "model", "abstained": False, "failure": "", "silent": False, "intention": "preco", "answerable": "base",
    "handoff_reason": None, "handoff_by": None, "handoff_brief": None, "tool": None, "sources": ["a.md#b"],
    "bubbles": ["Custa R$ 180."], "calls": 1,
}  # fmt: skip
CALL = {"call": {"name": "horarios", "unit": "centro"}, "result": {"ok": True, "told": "livre: 9h"}}


@pytest.mark.parametrize(
    ("changes", "anew", "exactly"),
    [
        ({}, [], []),
        ({"bubbles": ["Sai por R$ 180,00."]}, [], ["text"]),
        ({"bubbles": ["Custa R$ 195."]}, ["price"], ["price", "text"]),
        ({"bubbles": []}, ["silence", "price"], ["silence", "price", "text"]),
        ({"handoff_reason": "pedido"}, ["handoff"], ["handoff"]),
        ({"handoff_by": "rule:x"}, [], []),
        ({"answerable": "not_known"}, ["answer"], ["answer"]),
        ({"abstained": True}, ["draft"], ["draft"]),
        ({"origin": "fallback", "failure": "timeout"}, ["draft"], ["draft", "failure"]),
        ({"tool": CALL}, ["tool"], ["tool"]),
        ({"sources": []}, [], ["sources"]),
        ({"calls": 2}, [], ["calls"]),
    ],
)
def test_decisions_are_told_apart_from_words(changes: dict[str, Any], anew: list[str], exactly: list[str]) -> None:
    """Hand-off, price, tool, silence and what stands for the draft always count; words only with the same answers."""
    after = {**DECISION, **changes}
    assert [kind for kind, _, _ in differences(DECISION, after, exactly=False)] == anew
    assert [kind for kind, _, _ in differences(DECISION, after, exactly=True)] == exactly


def test_a_field_that_one_version_lacks_is_no_difference() -> None:
    """Recordings outlive versions of the program."""
    assert not list(differences(DECISION, {**DECISION, "mood": "new"}, exactly=True))


def test_a_case_is_held_to_what_was_expected() -> None:
    """Only what somebody said is compared."""
    wanted = Expected("devia chamar", handoff=True, silent=True, must_say=("R$ 180,00", "9h"), must_not_say=("195",))
    kinds = [kind for kind, _, _ in unexpected(wanted, DECISION)]
    assert kinds == ["handoff", "silence", "must_include"]
    assert not list(unexpected(Expected("só a nota"), DECISION))
