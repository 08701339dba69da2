"""Is this draft fit to send? Pure checks that mend or refuse it, each leaving its verdict."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field

from secretaria.context.schema import Draft

MAX_BUBBLES = 2
ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Guarded:
    """A draft after the checks.

    Attributes:
        bubbles: What may be said; empty when nothing of the draft is left.
        sources: Only those that really are in the knowledge base.
        checks: Verdict by check: ``passed``, or what was done.
    """

    bubbles: tuple[str, ...]
    sources: tuple[str, ...]
    checks: dict[str, str] = field(default_factory=dict)


def guard_draft(draft: Draft, *, known_sources: Collection[str], max_characters: int, max_bubbles: int) -> Guarded:
    """Check a draft.

    Args:
        draft: What the model proposed.
        known_sources: Ids of the published chunks; a source outside them was invented.
        max_characters: The owner's limit for one bubble; twice as much is tolerated before it is cut.
        max_bubbles: The owner's limit for one reply.
    """
    said = [text for text in (_visible(bubble) for bubble in draft.bubbles) if text]
    bubbles = said[: min(max_bubbles, MAX_BUBBLES)]
    short = [_cut(bubble, 2 * max_characters) for bubble in bubbles]
    sources = tuple(source for source in draft.sources if source in known_sources)
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
