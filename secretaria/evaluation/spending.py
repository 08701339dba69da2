"""What an evaluation may cost: told before it begins, counted while it runs, and a hard stop before the limit is passed."""

from __future__ import annotations

from datetime import date
from math import comb

from secretaria.errors import UsageInvalid
from secretaria.llm.chat import Chat, ChatAnswer, ChatRequest, ChatUnavailable
from secretaria.llm.pricing import MICROS, PriceList, estimate_tokens

CAP_REACHED = "cost_cap"
PROMPT_TOKENS = 6_000  # of a usual turn: rules, card, base and history
COMPLETION_TOKENS = 350
CALLS_A_TURN = 1.4  # some look something up, a few are written anew


class PriceUnknown(UsageInvalid):
    """Without a price nothing can be held to a limit."""


class CappedChat:
    """A way to a model that refuses the call that could pass the limit.

    Attributes:
        exhausted: Whether a call was refused; what came after it tells nothing of the model.
    """

    def __init__(
        self, inner: Chat, prices: PriceList, model: str, limit_usd: float, on: date, most_written: int
    ) -> None:
        """Hold a chat to a limit.

        Raises:
            PriceUnknown: The model has no price.
        """
        if not prices.knows(model, on=on):
            raise PriceUnknown(
                f"o modelo {model!r} não tem preço conhecido, e sem preço não há limite de custo",
                "escreva o preço em [budget] prices, no secretaria.toml",
            )
        self._inner, self._prices, self._model, self._on = inner, prices, model, on
        self._limit = round(limit_usd * MICROS)
        self._most_written = most_written
        self._spent = 0
        self.exhausted = False

    @property
    def spent_usd(self) -> float:
        """What was spent so far."""
        return self._spent / MICROS

    def complete(self, request: ChatRequest) -> ChatAnswer:
        """Ask, if even a long answer stays under the limit.

        Raises:
            ChatUnavailable: It might not, or the model did not answer.
        """
        text = "\n".join(str(message.get("content", "")) for message in request.messages)
        told = estimate_tokens(text)
        if self._spent + self._cost(told, self._most_written) > self._limit:
            self.exhausted = True
            raise ChatUnavailable(CAP_REACHED)
        answer = self._inner.complete(request)
        written = answer.completion_tokens or estimate_tokens(answer.text)
        self._spent += self._cost(answer.prompt_tokens or told, written)  # some services do not say what they counted
        return answer

    def list_models(self) -> list[str]:
        """Return the names of the models the service offers."""
        return self._inner.list_models()

    def close(self) -> None:
        """Release the connections."""
        self._inner.close()

    def _cost(self, prompt_tokens: int, completion_tokens: int) -> int:
        return self._prices.cost_of(self._model, prompt_tokens, completion_tokens, on=self._on)


def estimate_usd(prices: PriceList, model: str, turns: int, on: date) -> float:
    """Return what so many turns will probably cost."""
    calls = turns * CALLS_A_TURN
    return calls * prices.cost_of(model, PROMPT_TOKENS, COMPLETION_TOKENS, on=on) / MICROS


def pass_hat(passed: int, trials: int, k: int) -> float:
    """Return how probable it is that k tries out of those made all pass, the sample taken without putting back."""
    return comb(passed, k) / comb(trials, k)
