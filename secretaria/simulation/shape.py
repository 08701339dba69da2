"""The flat object every writer of the simulated model fills in, so that its shape is known in one place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from secretaria.simulation.llm_protocol import Asked, CustomerMessage
from secretaria.simulation.rhythm import Sentiment

ASKED_LIMIT = 200
BRIEF_LIMIT = 200
TOOL_FIELDS = (
    "tool",
    "tool_kind",
    "tool_unit",
    "tool_date",
    "tool_time",
    "tool_period",
    "tool_person",
    "tool_booking",
    "tool_query",
)
SPANISH = re.compile(
    r"[¿¡]|\b(?:hola|gracias|cu[aá]nto|cu[eé]sta|quieres|quiere|usted|buen[oa]s|tenemos|puedes|tambi[eé]n)\b",
    re.IGNORECASE,
)
ENGLISH = re.compile(r"\b(?:the|you|your|is|are|thanks|hello|please|would|with)\b", re.IGNORECASE)
FEW_WORDS = 2


def flat_draft(
    burst: Sequence[CustomerMessage],
    intention: str,
    answerable: str,
    bubbles: Sequence[str],
    *,
    sources: Sequence[str] = (),
    sentiment: Sentiment = 0,
    handoff_reason: str | None = None,
) -> dict[str, Any]:
    """Write a whole draft.

    Args:
        burst: What the customer wrote, in order.
        intention: One of the 18.
        answerable: Where the answer comes from.
        bubbles: What is said.
        sources: Sections of the base.
        sentiment: What the customer expresses.
        handoff_reason: Why a person must take over; None when the reply is enough.
    """
    said = " / ".join(" ".join(message.text.split()) or f"({message.kind})" for message in burst)
    satisfied = "satisfied" if intention == "agradecimento" and sentiment == 1 else None
    return {
        "intention": intention,
        "extra_intentions": [],
        "sentiment": sentiment,
        "urgent": intention == "urgencia",
        "language": language_of(" ".join(bubbles)),
        "satisfaction": "unsatisfied" if intention == "reclamacao" else satisfied,
        "asked": said[:ASKED_LIMIT],
        **dict.fromkeys(TOOL_FIELDS),
        "answerable": answerable,
        "sources": list(sources),
        "handoff_needed": handoff_reason is not None,
        "handoff_reason": handoff_reason,
        "handoff_brief": f"Cliente escreveu: {said}"[:BRIEF_LIMIT] if handoff_reason else None,
        "memory": [],
        "bubbles": list(bubbles),
    }


def language_of(text: str) -> str:
    """Guess the language of a reply from marks and words that Portuguese does not have."""
    if SPANISH.search(text):
        return "es"
    return "en" if len(ENGLISH.findall(text)) > FEW_WORDS else "pt"


def is_draft(asked: Asked) -> bool:
    """Say whether a request is for a draft; one that tells no fields is, since services may know no schemas."""
    fields = (asked.schema or {}).get("properties")
    return "bubbles" in fields if fields else "<conversa>" not in asked.messages[-1][1]
