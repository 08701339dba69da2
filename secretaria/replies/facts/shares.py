"""Percentages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secretaria.replies.facts.numbers import SPELLED, value_of
from secretaria.replies.facts.reading import Fact, Reading, found

PERCENT = re.compile(
    rf"(?<![\w.,])(?P<number>\d{{1,3}}(?:[.,]\d{{1,2}})?|{SPELLED}) ?(?:%|por ?cento|percent|por ciento|pct)(?![a-z])"
)
HALF = re.compile(r"(?<![a-z])(?:metade do (?:preco|valor)|pela metade|half price|mitad de precio)(?![a-z])")


def percentages(reading: Reading) -> Iterator[Fact]:
    """Yield every percentage; half the price is one, however it is said."""
    for match in found(PERCENT, reading):
        yield Fact("percent", frozenset({value_of(match["number"])}), match.start(), match.end())
    for match in found(HALF, reading):
        yield Fact("percent", frozenset({value_of("50")}), match.start(), match.end())
