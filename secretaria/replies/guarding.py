"""Brings a draft before the guards with everything it may rest on, and says in sentences why it cannot be sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from secretaria.context.engine import TurnContext
from secretaria.context.schema import Draft
from secretaria.knowledge.chunks import Chunk
from secretaria.replies.evidence import Limits, gather_evidence
from secretaria.replies.guardrails import Guarded, guard_draft
from secretaria.replies.languages import fitting_languages
from secretaria.tools.calls import ToolResult

NOTHING_SAID = "Falta a mensagem ao cliente: escreva 1 ou 2 bubbles que respondam ao que ele escreveu."


def check_draft(
    draft: Draft,
    context: TurnContext,
    *,
    canary: str = "",
    result: ToolResult | None = None,
    found: Sequence[Chunk] = (),
    handed_off: bool = False,
    number: str = "",
) -> Guarded:
    """Let the guards look at a draft.

    Args:
        draft: What the model proposed.
        context: What it was told.
        canary: The mark in the prompt.
        result: What a tool told in this turn.
        found: What a second search brought.
        handed_off: Whether a person takes over in this turn.
        number: The contact's own.
    """
    business = context.business
    known = {chunk.source for chunk in business.chunks}
    added = tuple(chunk for chunk in (*context.found, *found) if chunk.source not in known)
    if added:
        context = replace(context, business=replace(business, chunks=(*business.chunks, *added)))
    persona = business.card.persona
    evidence = gather_evidence(
        context,
        tool_texts=[*([result.told] if result else []), *context.agenda_lines],
        done_texts=[result.told] if result and result.actions else [],
        actions=[
            *(result.actions if result else ()),
            *(["handed_off"] if handed_off else []),
            *(["noted"] if handed_off or draft.handoff_brief else []),
        ],
        contact_number=number,
        canary=canary,
        tools=context.tool_names,
        languages=fitting_languages(
            context.texts,
            [line.text for line in context.history if line.author == "contact"],
            draft.language,
        ),
    )
    guarded = guard_draft(draft, evidence, Limits(max_characters=persona.max_chars, max_bubbles=persona.max_messages))
    if not context.injection_suspected:
        return guarded
    return replace(guarded, checks={**guarded.checks, "injection": "suspected"})  # noted with the reply, nothing more


def reasons_to_stop(guarded: Guarded) -> tuple[str, ...]:
    """Return why a draft may not be sent, as the model is told; empty when it may."""
    if not guarded.bubbles:
        return (NOTHING_SAID,)
    return tuple(finding.sentence for finding in guarded.findings)
