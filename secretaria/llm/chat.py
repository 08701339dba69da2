"""The port to the language model: one request, one answer, and what can go wrong on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from secretaria.errors import ConfigurationError, Unavailable

DEFAULT_HOST = "api.openai.com"
BREAKER_OPEN = "breaker_open"
BUDGET_USED_UP = "budget"


class ChatUnavailable(Unavailable):
    """The model's service is down, slow, over its limit, or answered something that is not an answer.

    Attributes:
        cause: Short code for counters and logs, from a closed set.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(f"o modelo de linguagem não respondeu ({cause})", "confira com: secretaria doctor")
        self.cause = cause


class ChatMisconfigured(ConfigurationError):
    """The model's service refuses our key, or does not know the model.

    Attributes:
        cause: Short code for counters and logs, from a closed set.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(
            f"o serviço do modelo recusou a configuração ({cause})",
            "confira LLM_API_KEY, LLM_BASE_URL e [llm] model",
        )
        self.cause = cause


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One structured call.

    Attributes:
        messages: ``{"role", "content"}`` in order.
        schema_name: Name of the answer's shape.
        schema: JSON schema of the answer, strict form.
        unit: What a circuit breaker counts once however often it is asked, for instance a turn; empty counts each call.
        conversation_id: Whose budget pays, besides the day's and the month's; None where no conversation asks.
        purpose: What it is for, from ``metrics.LLM_PURPOSES``.
        model: Asked instead of the configured model, for instance because the budget is short; empty for that one.
    """

    messages: tuple[Mapping[str, object], ...]
    schema_name: str
    schema: Mapping[str, Any]
    unit: str = ""
    conversation_id: int | None = None
    purpose: str = "reply"
    model: str = ""


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """What the model wrote and what it cost.

    Attributes:
        text: The raw content, which ought to be JSON of the request's schema.
        model: The model that answered, the fallback included.
        prompt_tokens: Tokens read, 0 where the service does not say.
        completion_tokens: Tokens written, 0 where the service does not say.
        cached_tokens: Tokens read from the service's cache, which are part of ``prompt_tokens``.
        cost_micros: What it cost in micro-dollars, 0 where the model has no price or nobody counts.
    """

    text: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    cost_micros: int = 0


class Chat(Protocol):
    """Something that completes a conversation."""

    def complete(self, request: ChatRequest) -> ChatAnswer:
        """Ask the model once.

        Raises:
            ChatUnavailable: No usable answer came in time.
            ChatMisconfigured: The service refuses how we ask.
        """
        ...

    def list_models(self) -> list[str]:
        """Return the names of the models the service offers; raises as ``complete``."""
        ...

    def close(self) -> None:
        """Release the connections."""
        ...


def breaker_name(base_url: str, model: str) -> str:
    """Return the name of a model's circuit breaker: one for each provider and model.

    Args:
        base_url: Address of the service; empty for the default one.
        model: Name of the model.
    """
    host = urlsplit(base_url).netloc.rpartition("@")[2] or DEFAULT_HOST
    return f"llm:{host}:{model}"
