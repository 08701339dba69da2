"""Fits a prompt into its token limit: the oldest history goes first, then the knowledge least related to the question."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

from secretaria.knowledge.chunks import slug

CAP_TOKENS = 6_500
HISTORY_MESSAGES = 24
WHOLE_BASE_TOKENS = 4_500  # above, only what search finds is told
RELATED_BASE_TOKENS = 2_500
CHARS_PER_TOKEN = 3.2
SHORTEST_WORD = 3  # articles and prepositions relate nothing


def estimate_tokens(text: str) -> int:
    """Estimate how many tokens a Portuguese text takes, on the safe side."""
    return math.ceil(len(text) / CHARS_PER_TOKEN)


def newest_that_fit(texts: Sequence[str], room: int) -> int:
    """Return how many of the last texts fit together in a number of tokens, at most 24."""
    count = 0
    for text in reversed(texts[-HISTORY_MESSAGES:]):
        room -= estimate_tokens(text)
        if room < 0:
            break
        count += 1
    return count


def most_related(texts: Sequence[str], asked: Iterable[str], room: int) -> list[str]:
    """Choose the texts that share most words with what was asked, as far as they fit.

    Args:
        texts: What there is to choose from.
        asked: What the customer and the conversation are about.
        room: Tokens that may be used.

    Returns:
        The chosen texts, in the order they were given.
    """
    wanted = _words(" ".join(asked))
    scores = [len(wanted & _words_of_unit(text)) for text in texts]
    chosen = []
    for index in sorted(range(len(texts)), key=lambda index: -scores[index]):
        cost = estimate_tokens(texts[index])
        if cost <= room:
            room -= cost
            chosen.append(index)
    return [texts[index] for index in sorted(chosen)]


def _words(text: str) -> set[str]:
    return {word for word in slug(text).split("-") if len(word) >= SHORTEST_WORD}


@lru_cache(maxsize=2048)  # units of the base, which every turn weighs; never what a customer wrote
def _words_of_unit(text: str) -> set[str]:
    return _words(text)
