"""The paid model of an evaluation: apart from the installation's budget and breakers, and held to a limit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from pydantic import SecretStr

if TYPE_CHECKING:
    from secretaria.evaluation.spending import CappedChat
    from secretaria.llm.pricing import PriceList
    from secretaria.settings import Settings

Estimate = Callable[["PriceList", str, date], float]


def paid_chat(
    settings: Settings, limit_usd: float, *, model: str = "", asked: int, estimate: Estimate, what: str = "respostas de"
) -> CappedChat:
    """Say what an evaluation will probably cost, and open the way to its model.

    Args:
        settings: Of the installation; neither its budget nor its breakers are touched.
        limit_usd: What may be spent.
        model: Asked instead of the configured one; empty for that one.
        asked: How many answers are wanted.
        estimate: Reckons what they cost.
        what: How the wanted is called.

    Raises:
        ConfigurationError: No key is configured.
        PriceUnknown: The model has no price.
    """
    from secretaria.bootstrap import Installation
    from secretaria.cli.console import say
    from secretaria.evaluation.spending import CappedChat
    from secretaria.llm.pricing import PriceList
    from secretaria.settings import require

    require(settings, ["LLM_API_KEY"])
    named = model or settings.llm.model
    llm = settings.llm.model_copy(update={"model": named, "fallback_model": ""})  # nobody else answers in its name
    alone = {"database_url": SecretStr(""), "redis_url": SecretStr("")}
    secrets = settings.secrets.model_copy(update=alone)
    installation = Installation(settings.model_copy(update={"secrets": secrets, "llm": llm}))
    today, prices = installation.clock.now().date(), PriceList(settings.budget.prices)
    capped = CappedChat(installation.chat, prices, llm.model, limit_usd, today, llm.max_output_tokens)
    cost = estimate(prices, llm.model, today)
    say(f"{asked} {what} {llm.model}: custo estimado US$ {cost:.2f}, limite US$ {limit_usd:.2f}")
    return capped
