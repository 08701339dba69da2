"""The port over any OpenAI-compatible service, whatever degree of structured output it knows."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import openai
from loguru import logger

from secretaria.breaker import Breaker
from secretaria.llm.budget import Budget, Hold
from secretaria.llm.chat import (
    BREAKER_OPEN,
    ChatAnswer,
    ChatMisconfigured,
    ChatRequest,
    ChatUnavailable,
    breaker_name,
)
from secretaria.llm.openai_client import Clients, ask_for_json, meaning_of
from secretaria.llm.pricing import estimate_tokens
from secretaria.outside import outside

Structure = Literal["json_schema", "json_object", "prompt"]
LADDER: tuple[Structure, ...] = ("json_schema", "json_object", "prompt")
COMPLETIONS = "/chat/completions"
EMPTY = "empty"
BILLED_CAUSES = frozenset({"timeout", "not_an_answer", EMPTY})  # the service has read the prompt, and may charge for it
STRUCTURE_WORDS = ("response_format", "json_schema", "json_object", "structured output", "json mode")


class OpenAIChat:
    """One for all threads of a process; it remembers per model which degree of structure was accepted."""

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str,
        model: str,
        fallback_model: str,
        timeout_seconds: float,
        max_output_tokens: int,
        temperature: float,
        breaker: Breaker | None = None,
        budget: Budget | None = None,
    ) -> None:
        """Open nothing yet; connections are made by the first call.

        Args:
            api_key: Key of the service.
            base_url: Address that ends in ``/v1``; empty for the library's default.
            model: The model asked first.
            fallback_model: The model asked when the first one gives nothing; empty for none.
            timeout_seconds: Seconds after which a model is given up, all that is tried with it taken together.
            max_output_tokens: Limit of the answer.
            temperature: 0 to 2.
            breaker: Asked before each call to a model; without it every model is always asked.
            budget: Pays for each call to a model; without it nobody counts.
        """
        self._clients = Clients(api_key, base_url, timeout_seconds)
        self._base_url = base_url
        self._breaker = breaker
        self._budget = budget
        self._timeout_seconds = timeout_seconds
        self._models = tuple(name for name in (model, fallback_model) if name)
        self._max_output_tokens = max_output_tokens
        self._temperature = temperature
        self._structures: dict[str, Structure] = {}

    def complete(self, request: ChatRequest) -> ChatAnswer:
        """Ask the model, then the fallback model if the first gave nothing usable or its breaker is open.

        Raises:
            ChatUnavailable: No model gave an answer, or none may be asked: ``BudgetUsedUp`` where nothing pays for it.
            ChatMisconfigured: The service refuses how we ask.
            DatabaseUnavailable: Nobody can say what the budget still pays for.
        """
        *others, last = dict.fromkeys((request.model, *self._models[1:]) if request.model else self._models)
        for model in others:
            try:
                return self._ask_within_budget(model, request)
            except (ChatUnavailable, ChatMisconfigured) as error:
                logger.bind(model=model, cause=error.cause).warning("llm_fell_back")
        return self._ask_within_budget(last, request)

    def list_models(self) -> list[str]:
        """Return the names of the models the service offers.

        Raises:
            ChatUnavailable: The service does not answer.
            ChatMisconfigured: The service refuses the key.
        """
        try:
            return [model.id for model in self._clients.mine().models.list()]
        except openai.OpenAIError as error:
            raise meaning_of(error) from error
        except (AttributeError, TypeError, ValueError) as error:  # a page, or broken JSON, has no models in it
            raise ChatUnavailable("not_an_answer") from error

    def close(self) -> None:
        """Release the connections."""
        self._clients.close()

    def _ask_within_budget(self, model: str, request: ChatRequest) -> ChatAnswer:
        """Set aside what the call may cost, and count what it cost; a call that surely cost nothing gives all back."""
        if self._budget is None:
            return self._ask_if_allowed(model, request)
        hold = self._budget.reserve(
            request.conversation_id,
            model,
            purpose=request.purpose,
            prompt_tokens=_estimate(request),
            completion_tokens=self._max_output_tokens,
        )
        try:
            answer = self._ask_if_allowed(model, request)
        except (ChatUnavailable, ChatMisconfigured) as error:
            _close(hold, billed=error.cause in BILLED_CAUSES)
            raise
        except BaseException:
            _close(hold, billed=True)
            raise
        cost = hold.settle(
            answer.prompt_tokens or None,
            answer.completion_tokens or estimate_tokens(answer.text),
            cached_tokens=answer.cached_tokens,
        )
        return replace(answer, cost_micros=cost)

    def _ask_if_allowed(self, model: str, request: ChatRequest) -> ChatAnswer:
        """Tell the breaker how the service did; refusing what we ask, or leaving a text empty, is no fault of its."""
        if self._breaker is None:
            return self._ask(model, request)
        name = breaker_name(self._base_url, model)
        permit = self._breaker.allow(name, longest_seconds=self._timeout_seconds, unit=request.unit)
        if permit is None:
            raise ChatUnavailable(BREAKER_OPEN)
        try:
            answer = self._ask(model, request)
        except ChatMisconfigured:
            permit.succeed()
            raise
        except ChatUnavailable as error:
            (permit.succeed if error.cause == EMPTY else permit.fail)()
            raise
        permit.succeed()
        return answer

    def _ask(self, model: str, request: ChatRequest) -> ChatAnswer:
        """Go down the ladder of structured output until the service accepts a step; the process remembers which."""
        deadline = time.monotonic() + self._timeout_seconds
        first = LADDER.index(self._structures.get(model, LADDER[0]))
        for structure in LADDER[first:]:
            try:
                completion = self._call(model, request, structure, deadline - time.monotonic())
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if structure == LADDER[-1] or not _is_about_structure(error):
                    raise meaning_of(error) from error
            except openai.OpenAIError as error:
                raise meaning_of(error) from error
            except (ValueError, RecursionError) as error:  # JSON that is none, or nested without end
                raise ChatUnavailable("not_an_answer") from error
            else:
                self._structures[model] = structure
                return _read(completion, model)
        raise ChatMisconfigured("bad_request")

    def _call(self, model: str, request: ChatRequest, structure: Structure, seconds: float) -> object:
        if seconds <= 0:
            raise ChatUnavailable("timeout")
        asked: dict[str, object] = {
            "model": model,
            "messages": _messages(request, structure),
            "max_completion_tokens": self._max_output_tokens,
            "temperature": self._temperature,
        }
        if structure != "prompt":
            asked["response_format"] = _response_format(request, structure)
        with outside():
            return ask_for_json(self._clients.mine(), COMPLETIONS, asked, seconds)


def _close(hold: Hold, *, billed: bool) -> None:
    if billed:
        hold.settle()
    else:
        hold.release()


def _estimate(request: ChatRequest) -> int:
    """Estimate what the model reads, the shape of the answer included."""
    texts = [str(message.get("content", "")) for message in request.messages]
    return sum(map(estimate_tokens, [*texts, json.dumps(request.schema)]))


def _read(completion: object, model: str) -> ChatAnswer:
    """Read an answer of which nothing is certain."""
    choices = _under(completion, "choices")
    message = _under(choices[0], "message") if isinstance(choices, list) and choices else None
    if message is None:
        raise ChatUnavailable("not_an_answer")
    text = _under(message, "content") or ""
    if not isinstance(text, str):
        raise ChatUnavailable("not_an_answer")
    if not text.strip():
        raise ChatUnavailable(EMPTY)
    usage = _under(completion, "usage")
    return ChatAnswer(
        text=text,
        model=model,
        prompt_tokens=_count(usage, "prompt_tokens"),
        completion_tokens=_count(usage, "completion_tokens"),
        cached_tokens=_count(_under(usage, "prompt_tokens_details"), "cached_tokens"),
    )


def _under(found: object, name: str) -> object:
    return found.get(name) if isinstance(found, Mapping) else None


def _count(usage: object, name: str) -> int:
    counted = _under(usage, name)
    return max(counted, 0) if isinstance(counted, int) else 0


def _messages(request: ChatRequest, structure: Structure) -> list[Mapping[str, object]]:
    """Without a schema on the wire, the shape is described in words; services demand the word JSON for json_object."""
    if structure == "json_schema":
        return list(request.messages)
    shape = json.dumps(request.schema, ensure_ascii=False)
    described = {"role": "system", "content": f"Responda só com um objeto JSON que siga este esquema: {shape}"}
    *earlier, last = request.messages
    return [*earlier, described, last]


def _response_format(request: ChatRequest, structure: Structure) -> dict[str, Any]:
    if structure == "json_object":
        return {"type": "json_object"}
    return {
        "type": "json_schema",
        "json_schema": {"name": request.schema_name, "strict": True, "schema": dict(request.schema)},
    }


def _is_about_structure(error: openai.APIStatusError) -> bool:
    said = f"{error.message} {error.param or ''}".lower()
    return any(word in said for word in STRUCTURE_WORDS)
