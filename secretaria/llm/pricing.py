"""What a call to a model costs: a dated table of list prices in whole micro-dollars, and the operator's own prices above it.

A price is what the provider's public list said from a day on; what a provider really charges (taxes, discounts, a
reseller's margin) is for the operator to write in ``[budget] prices``. A model without a price costs nothing here: then
only its tokens count against the budget, and that is said aloud.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from secretaria.errors import ConfigurationError

MICROS = 1_000_000
CHARS_PER_TOKEN = 3.2
CHECKED_ON = date(2026, 6, 21)
"""When the table was last compared with the public list: models published later are not in it."""

SNAPSHOT = re.compile(r"-20\d\d-\d\d-\d\d$")
P = TypeVar("P", "TokenPrice", "MinutePrice")
OWN_PRICE = re.compile(r"(\S+)((?:\s+\d+(?:\.\d{1,6})?){1,3})\s*")


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """Micro-dollars for a million tokens, which is dollars a token times 10^12."""

    since: date
    fresh: int
    cached: int
    written: int


@dataclass(frozen=True, slots=True)
class MinutePrice:
    """Micro-dollars for a minute of audio."""

    since: date
    minute: int


def _usd(since: date, fresh: str, cached: str, written: str) -> tuple[TokenPrice, ...]:
    return (TokenPrice(since, *(int(Decimal(text) * MICROS) for text in (fresh, cached, written))),)


# USD per million tokens (input, cached input, output), standard tier of OpenAI's public list (openai.com/api/pricing),
# each from the day it came into force; the 4.1 and 4o families still stood there unchanged in June 2026.
TOKEN_PRICES: Mapping[str, tuple[TokenPrice, ...]] = {
    "gpt-4o": _usd(date(2024, 10, 1), "2.50", "1.25", "10.00"),
    "gpt-4o-mini": _usd(date(2024, 10, 1), "0.15", "0.075", "0.60"),
    "gpt-4.1": _usd(date(2025, 4, 14), "2.00", "0.50", "8.00"),
    "gpt-4.1-mini": _usd(date(2025, 4, 14), "0.40", "0.10", "1.60"),
    "gpt-4.1-nano": _usd(date(2025, 4, 14), "0.10", "0.025", "0.40"),
    "gpt-5": _usd(date(2025, 8, 7), "1.25", "0.125", "10.00"),
    "gpt-5-mini": _usd(date(2025, 8, 7), "0.25", "0.025", "2.00"),
    "gpt-5-nano": _usd(date(2025, 8, 7), "0.05", "0.005", "0.40"),
    "gpt-5.1": _usd(date(2025, 11, 13), "1.25", "0.125", "10.00"),
    "gpt-5.2": _usd(date(2025, 12, 11), "1.75", "0.175", "14.00"),
    # As reprinted by third parties between March and June 2026.
    "gpt-5.4": _usd(date(2026, 3, 1), "2.50", "0.25", "15.00"),
    "gpt-5.4-mini": _usd(date(2026, 3, 1), "0.75", "0.075", "4.50"),
}
# USD per minute of audio, the same list; the 4o pair is billed by tokens, for which the list gives these as estimates.
MINUTE_PRICES: Mapping[str, tuple[MinutePrice, ...]] = {
    "whisper-1": (MinutePrice(date(2023, 3, 1), 6_000),),
    "gpt-4o-transcribe": (MinutePrice(date(2025, 3, 20), 6_000),),
    "gpt-4o-mini-transcribe": (MinutePrice(date(2025, 3, 20), 3_000),),
}


def estimate_tokens(text: str) -> int:
    """Estimate how many tokens a Portuguese text takes, on the safe side."""
    return math.ceil(len(text) / CHARS_PER_TOKEN)


class PriceList:
    """The prices of one installation: the operator's, then the table's."""

    def __init__(self, own: Iterable[str] = ()) -> None:
        """Read the operator's prices.

        Args:
            own: ``"modelo entrada cache saída"`` or ``"modelo entrada saída"`` in dollars per million tokens, or
                ``"modelo preço"`` in dollars per minute of audio.

        Raises:
            ConfigurationError: One of them is not understood.
        """
        self._tokens = dict(TOKEN_PRICES)
        self._minutes = dict(MINUTE_PRICES)
        for line in own:
            self._add(line)

    def cost_of(
        self, model: str, prompt_tokens: int, completion_tokens: int, *, on: date, cached_tokens: int = 0
    ) -> int:
        """Return what a call costs in micro-dollars, rounded up; 0 where the model has no price.

        Args:
            model: Name of the model, with or without the date of its snapshot.
            prompt_tokens: Tokens read, the cached ones included.
            completion_tokens: Tokens written.
            on: The day of the call.
            cached_tokens: Tokens read from the provider's cache.
        """
        price = _in_force(self._tokens.get(_plain(model), ()), on)
        if price is None:
            return 0
        cached = min(max(cached_tokens, 0), prompt_tokens)
        spent = (prompt_tokens - cached) * price.fresh + cached * price.cached + completion_tokens * price.written
        return -(-spent // MICROS)

    def cost_of_audio(self, model: str, seconds: float, *, on: date) -> int:
        """Return what a transcription costs in micro-dollars, rounded up; 0 where the model has no price."""
        price = _in_force(self._minutes.get(_plain(model), ()), on)
        return math.ceil(price.minute * seconds / 60) if price else 0

    def knows(self, model: str, *, on: date) -> bool:
        """Tell whether a model has a price on a day."""
        name = _plain(model)
        priced = _in_force(self._tokens.get(name, ()), on), _in_force(self._minutes.get(name, ()), on)
        return any(price is not None for price in priced)

    def _add(self, line: str) -> None:
        matched = OWN_PRICE.fullmatch(line)
        if matched is None:
            raise ConfigurationError(
                f"preço de modelo que não entendi em [budget] prices: {line!r}",
                'escreva "modelo entrada cache saída" em dólares por milhão de tokens, ou "modelo preço" por minuto de áudio',
            )
        name, figures = matched[1], [int(Decimal(text) * MICROS) for text in matched[2].split()]
        match figures:
            case [minute]:
                self._minutes[name] = (MinutePrice(date.min, minute),)
            case [fresh, written]:
                self._tokens[name] = (TokenPrice(date.min, fresh, fresh, written),)
            case [fresh, cached, written]:
                self._tokens[name] = (TokenPrice(date.min, fresh, cached, written),)


def _in_force(prices: tuple[P, ...], on: date) -> P | None:
    """Return the price of a day: the newest that was in force, never one of the future."""
    return max((price for price in prices if price.since <= on), key=lambda price: price.since, default=None)


def _plain(model: str) -> str:
    """Name a model as the table does: without the date of a snapshot and without the maker in front."""
    return SNAPSHOT.sub("", model.removeprefix("openai/"))
