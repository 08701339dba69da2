"""What an evaluation may cost is held to, whatever a service says of its counting."""

from __future__ import annotations

from datetime import date

import pytest

from secretaria.evaluation.spending import CAP_REACHED, CappedChat, PriceUnknown, estimate_usd, pass_hat
from secretaria.llm.chat import ChatAnswer, ChatRequest, ChatUnavailable
from secretaria.llm.pricing import PriceList

TODAY = date(2026, 11, 25)
PRICES = PriceList(["modelo-caro 1000 1000"])  # a thousandth of a dollar a token
ASKED = ChatRequest(({"role": "user", "content": "x" * 320},), "resposta", {})  # 100 tokens


class Counting:
    """A model that says how much it read and wrote, or does not."""

    def __init__(self, read: int, written: int) -> None:
        self._read, self._written = read, written

    def complete(self, request: ChatRequest) -> ChatAnswer:
        """Answer 32 characters."""
        del request
        return ChatAnswer("y" * 32, "modelo-caro", self._read, self._written)

    def list_models(self) -> list[str]:
        """Name none."""
        return []

    def close(self) -> None:
        """Do nothing."""


def capped(inner: Counting, limit_usd: float, most_written: int = 20) -> CappedChat:
    """Hold a model to a limit."""
    return CappedChat(inner, PRICES, "modelo-caro", limit_usd, TODAY, most_written)


@pytest.mark.parametrize(("inner", "spent"), [(Counting(90, 5), 0.095), (Counting(0, 0), 0.11)])
def test_what_a_service_does_not_count_is_estimated(inner: Counting, spent: float) -> None:
    """A service that is silent about tokens is not free."""
    chat = capped(inner, 1.0)
    chat.complete(ASKED)
    assert chat.spent_usd == pytest.approx(spent, rel=0.02)


def test_a_call_that_could_pass_the_limit_is_not_made() -> None:
    """A hundred tokens read and twenty written fit into 0.25 dollars twice, not three times."""
    chat = capped(Counting(100, 10), 0.25)
    chat.complete(ASKED)
    chat.complete(ASKED)
    with pytest.raises(ChatUnavailable) as refused:
        chat.complete(ASKED)
    assert (refused.value.cause, chat.exhausted) == (CAP_REACHED, True)
    assert chat.spent_usd <= 0.25


def test_without_a_price_nothing_is_asked() -> None:
    """No limit could be kept."""
    with pytest.raises(PriceUnknown, match="modelo-novo"):
        CappedChat(Counting(1, 1), PRICES, "modelo-novo", 1.0, TODAY, 900)


def test_an_estimate_grows_with_what_is_asked() -> None:
    """Twice the turns cost twice as much."""
    assert estimate_usd(PRICES, "modelo-caro", 20, TODAY) == pytest.approx(
        2 * estimate_usd(PRICES, "modelo-caro", 10, TODAY)
    )


@pytest.mark.parametrize(("passed", "k", "expected"), [(4, 4, 1.0), (2, 1, 0.5), (2, 2, 1 / 6), (2, 4, 0.0)])
def test_pass_hat_is_the_chance_that_all_tries_pass(passed: int, k: int, expected: float) -> None:
    """Of four tries, k drawn without putting back."""
    assert pass_hat(passed, 4, k) == pytest.approx(expected)
