"""When a turn is due: how long a silence says that the customer has finished a thought; pure.

The aim is the silence the customer feels, from the last message to the reply, so what the model usually takes is
already part of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from secretaria.settings import TurnsSection

LONG_MESSAGE = 90
CLOCK_TIME = re.compile(r"(as )?\d{1,2}([:h]\d{0,2}| horas| da manha| da tarde| da noite)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Typed:
    """One message of a burst: what it was, what it said, when it arrived."""

    kind: str
    text: str
    at: datetime


def deadline_of(rules: TurnsSection, first_at: datetime) -> datetime:
    """Return the moment at which a turn opened at ``first_at`` is answered, whoever is still typing."""
    return first_at + timedelta(seconds=rules.deadline_seconds)


def due_after(
    rules: TurnsSection, burst: Sequence[Typed], *, deadline: datetime, asked: bool, model_seconds: float
) -> datetime:
    """Return when a turn may be answered, now that its newest message has come.

    Args:
        rules: The ``[turns]`` section.
        burst: The messages of the turn in order of arrival, at least one.
        deadline: The turn's deadline.
        asked: Whether our last word in the conversation was a question.
        model_seconds: What the model took lately, on average.
    """
    newest = burst[-1].at
    if len(burst) >= rules.max_messages or rules.quiet_period_seconds == 0:
        return newest
    wanted = silence_wanted(rules, burst, asked=asked)
    wait = min(max(wanted - model_seconds, rules.minimum_wait_seconds), rules.maximum_wait_seconds)
    return min(newest + timedelta(seconds=wait), max(deadline, newest))


def silence_wanted(rules: TurnsSection, burst: Sequence[Typed], *, asked: bool) -> float:
    """Return the seconds of silence after which this customer has probably finished.

    Args:
        rules: The ``[turns]`` section.
        burst: The messages of the turn in order of arrival, at least one.
        asked: Whether our last word was a question, so that "sim" is an answer.
    """
    seconds = _by_content(rules, burst, asked=asked)
    gaps = [(later.at - earlier.at).total_seconds() for earlier, later in pairwise(burst)]
    if gaps:  # who types slowly goes on typing slowly
        seconds = max(seconds, min(rules.slow_typing_limit_seconds, rules.slow_typing_factor * max(gaps)))
    return seconds


def could_answer(rules: TurnsSection, text: str) -> bool:
    """Say whether a message would be a clear answer, had our last word been a question."""
    folded = _folded(text)
    return folded in _all_folded(rules.clear_answers) or CLOCK_TIME.fullmatch(folded) is not None


def _by_content(rules: TurnsSection, burst: Sequence[Typed], *, asked: bool) -> float:
    """The first rule that fits stands; a thought cut short outranks everything else."""
    newest = burst[-1]
    text = _folded(newest.text)
    words = text.split()
    if newest.text.rstrip().endswith(",") or (words and words[-1] in _all_folded(rules.connectives)):
        return rules.unfinished_seconds
    if asked and could_answer(rules, newest.text):
        return rules.clear_answer_seconds
    if all(_folded(message.text) in _all_folded(rules.greetings) for message in burst):
        return rules.greeting_seconds
    if newest.kind == "image" and not text:
        return rules.image_seconds
    if any(word.startswith(stem) for word in words for stem in _all_folded(rules.urgent_words)):
        return rules.urgent_seconds
    return rules.long_message_seconds if len(newest.text) >= LONG_MESSAGE else rules.quiet_period_seconds


def _all_folded(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(_folded(word) for word in words)


def _folded(text: str) -> str:
    """Return letters, digits and colons in lower case without accents, single spaces in between."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(
        character if character.isalnum() or character == ":" else " "
        for character in plain
        if not unicodedata.combining(character)
    )
    return " ".join(kept.split())
