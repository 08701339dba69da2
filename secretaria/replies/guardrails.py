"""Is this draft fit to send? Pure checks that mend or refuse it, each leaving its verdict."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

from secretaria.context.schema import Draft
from secretaria.replies.evidence import Evidence, Finding, Limits

MAX_BUBBLES = 2
ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Guarded:
    """A draft after the checks.

    Attributes:
        bubbles: What may be said; empty when nothing of the draft is left.
        sources: Only those that really are in the knowledge base.
        checks: Verdict by check: ``passed``, or what was done.
        findings: Why it may not be sent; empty when it may.
    """

    bubbles: tuple[str, ...]
    sources: tuple[str, ...]
    checks: dict[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def guard_draft(draft: Draft, evidence: Evidence, limits: Limits) -> Guarded:
    """Check a draft.

    Args:
        draft: What the model proposed.
        evidence: What it may rest on; a source outside its chunks was invented.
        limits: The owner's; twice as many characters are tolerated before a bubble is cut.
    """
    said = [text for text in (_visible(bubble) for bubble in draft.bubbles) if text]
    bubbles = said[: min(limits.max_bubbles, MAX_BUBBLES)]
    short = [_cut(bubble, 2 * limits.max_characters) for bubble in bubbles]
    sources = tuple(source for source in draft.sources if source in evidence.chunks)
    checks = {
        "bubbles": "passed" if len(bubbles) == len(draft.bubbles) else "dropped",
        "length": "passed" if short == bubbles else "cut",
        "sources": "passed" if len(sources) == len(draft.sources) else "invented_source_removed",
    }
    return Guarded(bubbles=tuple(short), sources=sources, checks=checks)


def _visible(text: str) -> str:
    """Return the text, or nothing where only white space and format characters would reach the customer."""
    kept = [character for character in text if unicodedata.category(character) != "Cf" and not character.isspace()]
    return text.strip() if kept else ""


def _cut(text: str, limit: int) -> str:
    """Cut between two words, or inside one that would take half of the bubble with it."""
    if len(text) <= limit:
        return text
    room = text[: limit - 1]
    whole = room.rsplit(" ", 1)[0]
    return (whole if 2 * len(whole) >= limit else room) + ELLIPSIS
