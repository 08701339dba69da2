"""Sentences that code adds to a reply: the safety text first, that a person was called, and that one may be asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secretaria.context.engine import Standing
from secretaria.context.schema import Draft
from secretaria.knowledge.chunks import slug
from secretaria.replies import wording

OFFERED = re.compile(
    r"(?:cham(?:o|ar|e)|passo|passar|pass(?:e|amos)|transfiro|encaminho|fal(?:ar|e))(?:-[a-z0-9]+){0,6}"
    r"-(?:equipe|pessoa|atendente|recepcao|alguem|time|humano)"
)


def with_person_called(bubbles: Sequence[str], max_bubbles: int) -> list[str]:
    """Tell the customer that a person comes, where a rule of ours decided it and the model could not know."""
    if any(wording.says_person_called(bubble) for bubble in bubbles):
        return list(bubbles)
    return _added(bubbles, wording.PERSON_CALLED, max_bubbles)


def with_offer(bubbles: Sequence[str], draft: Draft, standing: Standing, max_bubbles: int) -> list[str]:
    """Offer a person where the customer is upset for the second time in a row, or asks the same again."""
    upset_again = draft.sentiment < 0 and standing.negatives > 0
    offered = any(OFFERED.search(slug(bubble)) for bubble in bubbles)
    if not bubbles or offered or not (upset_again or standing.asked_before > 0):
        return list(bubbles)
    return _added(bubbles, wording.PERSON_OFFERED, max_bubbles)


def with_safety(bubbles: Sequence[str], safety: str) -> list[str]:
    """Say the owner's safety text before anything else; it may be one bubble more than the owner wanted otherwise."""
    if not safety or any(slug(safety) in slug(bubble) for bubble in bubbles):
        return list(bubbles)
    return [safety, *bubbles]


def _added(bubbles: Sequence[str], sentence: str, max_bubbles: int) -> list[str]:
    """Add a bubble; where there is no room for one more, the last one grows."""
    if len(bubbles) < max_bubbles:
        return [*bubbles, sentence]
    return [*bubbles[:-1], f"{bubbles[-1]} {sentence}"]
