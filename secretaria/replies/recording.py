"""What came of a turn becomes the row that answers 'why did it say that?'."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, time
from typing import Any

from secretaria.context.engine import TurnContext
from secretaria.llm.chat import BUDGET_USED_UP
from secretaria.replies import wording
from secretaria.replies.additions import with_offer, with_person_called, with_safety
from secretaria.replies.decided import Decided
from secretaria.replies.drafting import Drafted
from secretaria.replies.handoff_rules import known_without_model
from secretaria.replies.recovery import MODEL_FAILED, NO_BUDGET
from secretaria.replies.toolbox import Errand
from secretaria.tools.calls import ToolCall

DIGITS = 3  # of a step's seconds


def reply_of(drafted: Drafted, errand: Errand, context: TurnContext, now: datetime) -> Decided:
    """Write down a turn.

    Args:
        drafted: What came of the model's calls.
        errand: The turn.
        context: What it was answered from.
        now: The present moment.
    """
    asking = drafted.asking
    reply = Decided(
        turn_id=errand.turn_id,
        conversation_id=errand.conversation_id,
        origin="fallback",
        model=asking.model,
        prompt_version=drafted.prompt_version,
        business_version=context.business.version,
        calls=asking.calls,
        regenerations=drafted.regenerations,
        prompt_tokens=asking.prompt_tokens or None,
        completion_tokens=asking.completion_tokens or None,
        cost_micros=asking.cost_micros or None,
        llm_seconds=asking.seconds,
        steps={step: round(seconds, DIGITS) for step, seconds in asking.steps.items()},
        tool=_tool(drafted),
        created_at=now,
    )
    if drafted.draft is None or drafted.guarded is None:
        _say_it_failed(reply, drafted, errand)
    else:
        _say(reply, drafted, context)
    if drafted.economy:
        reply.checks = {**reply.checks, "budget": drafted.economy}
    return reply


def _say_it_failed(reply: Decided, drafted: Drafted, errand: Errand) -> None:
    """Without a model nothing is known of the customer: unknown, not neutral; but who asks for a person gets one."""
    wanted, unpaid = known_without_model(errand.texts), drafted.failure == BUDGET_USED_UP
    reply.handoff_reason = wanted or (NO_BUDGET if unpaid else MODEL_FAILED)
    reply.handoff_by = f"rule:{wanted}" if wanted else None
    reply.handoff_brief = wording.NO_BUDGET_BRIEF if unpaid else wording.NO_DRAFT_BRIEF
    sentence = wording.NO_BUDGET if unpaid else wording.NO_DRAFT
    reply.bubbles = [wording.PERSON_CALLED if wanted else sentence]
    reply.checks = {"draft": drafted.failure}


def _say(reply: Decided, drafted: Drafted, context: TurnContext) -> None:
    draft, guarded = drafted.draft, drafted.guarded
    if draft is None or guarded is None:
        raise ValueError("there is a draft here")
    reply.origin, reply.analysis_source = "model", "model"
    reply.intention, reply.extra_intentions = draft.intention, list(draft.extra_intentions)
    reply.sentiment, reply.urgent, reply.language = draft.sentiment, draft.urgent, draft.language
    reply.satisfaction, reply.asked, reply.answerable = draft.satisfaction, draft.asked, draft.answerable
    reply.sources = [] if drafted.abstained else list(guarded.sources)
    reply.actions = list(drafted.done.actions) if drafted.done else []
    reply.checks = {**guarded.checks, **({"draft": "abstained"} if drafted.abstained else {})}
    reply.bubbles = list(guarded.bubbles)
    if drafted.abstained:
        reply.bubbles = [wording.PERSON_CALLED if drafted.handoff else wording.NOT_SURE]
    if drafted.silent:
        reply.bubbles = []
    persona = context.business.card.persona
    if drafted.handoff is None:
        reply.handoff_brief = draft.handoff_brief  # a note for the team, which is what makes "vou avisar" true
        reply.bubbles = with_offer(reply.bubbles, draft, context.standing, persona.max_messages)
        return
    reply.handoff_reason, reply.handoff_by = drafted.handoff.reason, drafted.handoff.by
    reply.handoff_brief = drafted.handoff.brief
    if drafted.handoff.by != "model" and not drafted.abstained:
        reply.bubbles = with_person_called(reply.bubbles, persona.max_messages)
    if draft.urgent or draft.intention == "urgencia":
        reply.bubbles = with_safety(reply.bubbles, context.business.card.handoff.safety)


def _tool(drafted: Drafted) -> dict[str, Any] | None:
    if drafted.call is None:
        return None
    result = drafted.result
    return {"call": written_call(drafted.call), "result": {"ok": result.ok, "told": result.told} if result else None}


def written_call(call: ToolCall) -> dict[str, object]:
    """Write down what was asked of a tool, without what was left open."""
    return {name: _written(value) for name, value in asdict(call).items() if value is not None}


def _written(value: object) -> object:
    return value.isoformat() if isinstance(value, date | time) else value
