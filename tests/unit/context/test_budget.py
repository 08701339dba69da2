"""What does not fit is left out in the agreed order, never more than needed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretaria.context.budget import (
    HISTORY_MESSAGES,
    estimate_tokens,
    most_related,
    newest_that_fit,
)


@pytest.mark.parametrize(("length", "tokens"), [(0, 0), (1, 1), (3, 1), (4, 2), (16, 5), (17, 6), (20_800, 6_500)])
def test_tokens_are_characters_over_three_point_two(length: int, tokens: int) -> None:
    """The estimate rounds up."""
    assert estimate_tokens("a" * length) == tokens


def test_the_newest_lines_stay() -> None:
    """Lines are kept from the last one backwards, until one does not fit."""
    assert newest_that_fit(["a" * 16, "b" * 160, "c" * 16, "d" * 16], 14) == 2
    assert newest_that_fit(["a"] * 100, 1_000) == HISTORY_MESSAGES
    assert newest_that_fit(["a"], -5) == 0


def test_related_knowledge_comes_first() -> None:
    """Without room for all, the text that shares words with the question stays, whatever its accents and place."""
    texts = ["Aceitamos cartão de crédito.", "A limpeza custa R$ 180.", "Avaliação: R$ 120."]
    assert most_related(texts, ["quanto e a AVALIACAO"], 6) == ["Avaliação: R$ 120."]


@given(st.lists(st.text(max_size=80)), st.text(), st.integers(min_value=-10, max_value=120))
def test_chosen_knowledge_fits_and_keeps_its_order(texts: list[str], asked: str, room: int) -> None:
    """Whatever is asked, the choice fits the room and stands in the order of the base."""
    chosen = most_related(texts, [asked], room)
    assert sum(map(estimate_tokens, chosen)) <= max(room, 0)
    remaining = iter(texts)
    assert all(text in remaining for text in chosen)
