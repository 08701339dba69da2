"""From a turn's context to a guarded draft, or to the reason why there is none; no transaction is open here."""

from __future__ import annotations

import time
from dataclasses import dataclass

from loguru import logger

from secretaria import metrics
from secretaria.context.engine import TurnContext
from secretaria.context.prompt import build_prompt
from secretaria.context.schema import Draft, DraftUnreadable, json_schema, parse_draft
from secretaria.llm.chat import Chat, ChatAnswer, ChatMisconfigured, ChatRequest, ChatUnavailable
from secretaria.replies.evidence import Limits, gather_evidence
from secretaria.replies.guardrails import Guarded, guard_draft

SCHEMA_NAME = "resposta_da_secretaria"


@dataclass(frozen=True, slots=True)
class Drafted:
    """What came of asking the model once.

    Attributes:
        draft: The analysis, None when no usable draft came.
        guarded: What of it may be said.
        failure: Code of what went wrong; empty when all is well.
        seconds: Time the call took.
    """

    prompt_version: str
    seconds: float
    draft: Draft | None = None
    guarded: Guarded | None = None
    answer: ChatAnswer | None = None
    failure: str = ""


def draft_reply(chat: Chat, context: TurnContext, unit: str) -> Drafted:
    """Ask the model for one structured draft and check it; a failure is a value, because the turn goes on with it.

    Args:
        chat: The way to the model.
        context: What the model is told.
        unit: The turn: however often it is drafted anew, the model's circuit breaker counts it once.
    """
    prompt = build_prompt(context)
    request = ChatRequest(messages=prompt.messages, schema_name=SCHEMA_NAME, schema=json_schema(), unit=unit)
    begun = time.monotonic()
    try:
        answer = chat.complete(request)
    except (ChatUnavailable, ChatMisconfigured) as error:
        return _failed(prompt.version, begun, error.cause)
    seconds = time.monotonic() - begun
    metrics.LLM_LATENCY.observe(seconds)
    try:
        draft = parse_draft(answer.text)
    except DraftUnreadable:
        return _failed(prompt.version, begun, "unreadable_draft")
    persona = context.business.card.persona
    guarded = guard_draft(
        draft,
        gather_evidence(context),
        Limits(max_characters=persona.max_chars, max_bubbles=persona.max_messages),
    )
    if not guarded.bubbles:
        return _failed(prompt.version, begun, "empty")
    return Drafted(prompt_version=prompt.version, seconds=seconds, draft=draft, guarded=guarded, answer=answer)


def _failed(version: str, begun: float, cause: str) -> Drafted:
    metrics.LLM_ERRORS.labels(cause=cause).inc()
    logger.bind(cause=cause).warning("no_usable_draft")
    return Drafted(prompt_version=version, seconds=time.monotonic() - begun, failure=cause)
