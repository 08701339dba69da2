"""The closed set of what can go wrong with a model."""

from __future__ import annotations

from secretaria import metrics
from secretaria.llm.openai_chat import LADDER
from secretaria.llm.openai_client import MEANINGS


def test_every_cause_has_a_counter() -> None:
    """A cause that the metrics do not announce would be a label that no dashboard shows."""
    assert {cause for _, _, cause in MEANINGS} <= set(metrics.LLM_CAUSES)


def test_special_errors_come_before_general_ones() -> None:
    """The first meaning that fits stands, so no general error may hide a special one behind it."""
    kinds = [kind for kind, _, _ in MEANINGS]
    hidden = [
        (early, late) for index, early in enumerate(kinds) for late in kinds[index + 1 :] if issubclass(late, early)
    ]
    assert not hidden


def test_ladder_ends_with_plain_words() -> None:
    """The last step of structured output works with any service at all."""
    assert LADDER[-1] == "prompt"
