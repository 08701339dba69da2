"""What calls cost, in whole micro-dollars."""

from __future__ import annotations

from datetime import date

import pytest

from secretaria.errors import ConfigurationError
from secretaria.llm.pricing import PriceList, estimate_tokens

TODAY = date(2026, 8, 11)


def test_a_turn_of_the_default_model_costs_what_the_list_says() -> None:
    """6,000 tokens at 0.40 and 250 at 1.60 dollars a million are 2,800 micro-dollars."""
    assert PriceList().cost_of("gpt-4.1-mini", 6000, 250, on=TODAY) == 2800


def test_cached_tokens_cost_less() -> None:
    """What the provider had in its cache is part of the prompt, at the price of the cache."""
    assert PriceList().cost_of("gpt-4.1-mini", 6000, 250, on=TODAY, cached_tokens=5000) == 400 + 500 + 400


def test_more_cached_tokens_than_tokens_are_no_refund() -> None:
    """A service that counts strangely never makes a call cheaper than all of it cached."""
    assert PriceList().cost_of("gpt-4.1-mini", 1000, 0, on=TODAY, cached_tokens=9999) == 100


def test_a_part_of_a_micro_dollar_counts_as_one() -> None:
    """Rounded up: many small calls must not be free together."""
    assert PriceList().cost_of("gpt-4.1-nano", 1, 0, on=TODAY) == 1


@pytest.mark.parametrize("name", ["gpt-4.1-mini-2025-04-14", "openai/gpt-4.1-mini"])
def test_a_snapshot_costs_what_its_model_costs(name: str) -> None:
    """Services name a model with the date of its snapshot, routers with its maker."""
    assert PriceList().cost_of(name, 6000, 250, on=TODAY) == 2800


def test_a_price_counts_from_its_day_on() -> None:
    """A price of the future is not known yet, so the model has none."""
    assert PriceList().cost_of("gpt-5", 6000, 250, on=date(2025, 8, 6)) == 0
    assert PriceList().cost_of("gpt-5", 6000, 250, on=date(2025, 8, 7)) == 10_000


def test_an_unknown_model_costs_nothing_and_is_known_to_be_unknown() -> None:
    """Then only its tokens count against the budget."""
    assert PriceList().cost_of("modelo-da-casa", 6000, 250, on=TODAY) == 0
    assert not PriceList().knows("modelo-da-casa", on=TODAY)
    assert PriceList().knows("whisper-1", on=TODAY)


def test_the_operators_price_wins() -> None:
    """With two figures the cache saves nothing, with three it does, with one it is a price of audio."""
    own = PriceList(["modelo-da-casa 1 2", "gpt-4.1-mini 10.00 1.5 20", "ouvido 0.012"])
    assert own.cost_of("modelo-da-casa", 1000, 1000, on=TODAY, cached_tokens=500) == 3000
    assert own.cost_of("gpt-4.1-mini", 1000, 0, on=TODAY, cached_tokens=1000) == 1500
    assert own.cost_of_audio("ouvido", 30, on=TODAY) == 6000


def test_a_second_of_audio_costs_a_sixtieth() -> None:
    """Audio is paid by its length."""
    assert PriceList().cost_of_audio("whisper-1", 1, on=TODAY) == 100


@pytest.mark.parametrize("line", ["", "gpt-4.1-mini", "gpt-4.1-mini 1,5 2", "a -1 2", "a 1 2 3 4", "a NaN", "a 1e9"])
def test_a_price_that_is_none_is_refused_with_its_line(line: str) -> None:
    """A typing error must not become a free model."""
    with pytest.raises(ConfigurationError, match="preço de modelo"):
        PriceList([line])


def test_estimates_are_on_the_safe_side() -> None:
    """Half a token is one."""
    assert estimate_tokens("oi") == 1
    assert estimate_tokens("") == 0
