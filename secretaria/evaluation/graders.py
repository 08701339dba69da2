"""Is a turn as its labels say? One comparison for each label, each mismatch with what was expected and found; pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from secretaria.evaluation.matching import found, missing
from secretaria.evaluation.observed import Observed
from secretaria.evaluation.results import Mismatch
from secretaria.simulation.rhythm import SampleConversation, SampleTurn

SILENT = "silencio"
WAITING = "espera"
OPTIONAL = "opcional"
UNGRADED = frozenset({SILENT, WAITING})  # a person has the word: no model is asked, so nothing is labelled by us
SHORT_REPLY = 200
NOTICE = "notice"
ANSWERABLE = {
    "base": {"base"},
    "ferramenta": {"tool"},
    "social": {"conversation", "base"},
    "opcional": {"conversation", "base"},
    "recusar": {"refuse"},
    "abster": {"not_known"},
}


def grade_turn(
    conversation: SampleConversation, turn: SampleTurn, seen: Observed, *, all_sources: bool
) -> tuple[Mismatch, ...]:
    """Compare one turn with its labels.

    Args:
        conversation: Where it was said.
        turn: The labels.
        seen: What became of it.
        all_sources: Whether every labelled source must be cited; otherwise one of them is enough, since a real model
            may rest on either of two sections that say the same.
    """
    return tuple(
        Mismatch(conversation.id, turn.n, kind, expected, got)
        for kind, expected, got in _differences(turn, seen, all_sources=all_sources)
    )


def _differences(turn: SampleTurn, seen: Observed, *, all_sources: bool) -> Iterator[tuple[str, Any, Any]]:
    yield from _silence(turn, seen)
    if turn.answer in UNGRADED:
        return
    if seen.origin not in {"model", None} or (seen.origin is None and turn.answer != OPTIONAL):
        yield "draft", "model", {"origin": seen.origin, "checks": dict(seen.checks), "states": list(seen.states)}
        return
    if turn.handoff is not None and seen.handed_off != turn.handoff:
        yield "handoff", turn.handoff, seen.handoff_reason or seen.handed_off
    if seen.intention != turn.intent:
        yield "intent", turn.intent, seen.intention
    if seen.sentiment != turn.sentiment:
        yield "sentiment", turn.sentiment, seen.sentiment
    yield from _answer(turn, seen)
    yield from _sources(turn, seen, all_sources=all_sources)
    if seen.bubbles:
        if unsaid := missing(seen.bubbles, turn.must_include):
            yield "must_include", unsaid, list(seen.bubbles)
        if said := found(seen.bubbles, turn.must_not_include):
            yield "must_not_include", said, list(seen.bubbles)


def _silence(turn: SampleTurn, seen: Observed) -> Iterator[tuple[str, Any, Any]]:
    said = list(seen.bubbles)
    if turn.answer == SILENT and said:
        yield "silence", [], said
    elif turn.answer == WAITING and said and (len(said) > 1 or seen.origin != NOTICE):
        yield "silence", "silêncio ou um único aviso", said
    elif turn.answer == OPTIONAL and (len(said) > 1 or sum(map(len, said)) > SHORT_REPLY):
        yield "silence", "silêncio ou uma frase curta", said
    elif turn.answer not in {SILENT, WAITING, OPTIONAL} and not said:
        yield "silence", "uma resposta", {"states": list(seen.states), "reasons": list(seen.reasons)}


def _answer(turn: SampleTurn, seen: Observed) -> Iterator[tuple[str, Any, Any]]:
    allowed = ANSWERABLE.get(turn.answer)
    if allowed is not None and seen.answerable not in allowed:
        yield "answer", turn.answer, seen.answerable


def _sources(turn: SampleTurn, seen: Observed, *, all_sources: bool) -> Iterator[tuple[str, Any, Any]]:
    cited = set(seen.sources) & set(turn.sources)
    if turn.sources and len(cited) < (len(set(turn.sources)) if all_sources else 1):
        yield "sources", list(turn.sources), list(seen.sources)
