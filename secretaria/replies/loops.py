"""Does the other side answer like a machine? Two bots that talk must end with a person; pure, over what was said lately.

A machine says the same again and again, or writes in no time what a thumb needs half a minute for. Once either may
happen to a person, five answers in a row do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise

ROUNDS = 5
LOOKED_BACK = timedelta(hours=1)
MESSAGES = 60
FASTEST_TYPING = 10.0  # characters a second; a quick thumb makes six
SHORTEST_TYPED = 30
SHORTEST_REPEATED = 15  # "sim" may well be the answer to five questions


@dataclass(frozen=True, slots=True)
class Said:
    """One bubble; ``ours`` where the secretary wrote it."""

    ours: bool
    text: str
    at: datetime


def talks_with_machine(lately: Iterable[Said]) -> bool:
    """Say whether the last five answers to the secretary were a machine's.

    Args:
        lately: What both said, in order, since a person last spoke.
    """
    sides = [(ours, list(said)) for ours, said in groupby(lately, key=lambda one: one.ours)]
    answers = [(ours_said[-1].at, theirs) for (ours, ours_said), (_, theirs) in pairwise(sides) if ours][-ROUNDS:]
    if len(answers) < ROUNDS:
        return False
    words = {_words(theirs) for _, theirs in answers}
    repeats = len(words) == 1 and len(next(iter(words))) >= SHORTEST_REPEATED
    return repeats or all(
        len(theirs[0].text) >= SHORTEST_TYPED and is_too_quick(len(theirs[0].text), asked_at, theirs[0].at)
        for asked_at, theirs in answers
    )


def is_too_quick(characters: int, since: datetime, until: datetime) -> bool:
    """Say whether so many characters came faster than a quick thumb types them."""
    return characters / max((until - since).total_seconds(), 0.001) > FASTEST_TYPING


def _words(said: Sequence[Said]) -> str:
    return " ".join(" ".join(one.text.casefold().split()) for one in said)
