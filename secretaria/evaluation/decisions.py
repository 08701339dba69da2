"""What was decided otherwise: hand-off, prices stated, tool, where the answer comes from, silence; and what is said; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from secretaria.evaluation.matching import found, missing
from secretaria.replies.cases import Expected
from secretaria.replies.facts.money import prices
from secretaria.replies.facts.reading import read

Decision = Mapping[str, Any]
Difference = tuple[str, Any, Any]

TOLD_APART = frozenset(
    {"handoff_reason", "handoff_by", "handoff_brief", "tool", "answerable", "origin", "abstained", "bubbles"}
)
"""What has a comparison of its own; the rest counts only where nothing may differ."""


def differences(before: Decision, after: Decision, *, exactly: bool) -> Iterator[Difference]:
    """Yield kind, what was decided then and what is decided now.

    Args:
        before: Then.
        after: Now.
        exactly: Whether every field must be the same, as it must with the same answers of the model; a model that is
            asked anew finds other words, so only what matters to the customer is compared.
    """
    if _handed_off(before) != _handed_off(after) or (exactly and _why(before) != _why(after)):
        yield "handoff", _why(before), _why(after)
    if before["origin"] != after["origin"] or before["abstained"] != after["abstained"]:
        yield "draft", _standing_for(before), _standing_for(after)
    if before["answerable"] != after["answerable"]:
        yield "answer", before["answerable"], after["answerable"]
    if _asked_of_tool(before, exactly=exactly) != _asked_of_tool(after, exactly=exactly):
        yield "tool", before["tool"], after["tool"]
    if bool(before["bubbles"]) != bool(after["bubbles"]):
        yield "silence", list(before["bubbles"]), list(after["bubbles"])
    if stated(before["bubbles"]) != stated(after["bubbles"]):
        yield "price", _shown(stated(before["bubbles"])), _shown(stated(after["bubbles"]))
    if exactly:
        yield from _every_field(before, after)


def unexpected(expected: Expected, after: Decision) -> Iterator[Difference]:
    """Yield what is not as somebody expects it of a case.

    Args:
        expected: What should come of it.
        after: What did.
    """
    bubbles = after["bubbles"]
    if expected.handoff is not None and expected.handoff != _handed_off(after):
        yield "handoff", expected.handoff, _why(after)
    if expected.silent is not None and expected.silent == bool(bubbles):
        yield "silence", "silêncio" if expected.silent else "uma resposta", list(bubbles)
    if unsaid := missing(bubbles, expected.must_say):
        yield "must_include", unsaid, list(bubbles)
    if said := found(bubbles, expected.must_not_say):
        yield "must_not_include", said, list(bubbles)


def stated(bubbles: Sequence[str]) -> frozenset[Decimal]:
    """Return the prices that a reply states."""
    facts = prices(read("\n".join(bubbles)))
    return frozenset(value for fact in facts for value in fact.values if isinstance(value, Decimal))


def _every_field(before: Decision, after: Decision) -> Iterator[Difference]:
    if before["bubbles"] != after["bubbles"]:
        yield "text", before["bubbles"], after["bubbles"]
    for name in sorted((before.keys() & after.keys()) - TOLD_APART):  # a field that one version lacks is no difference
        if before[name] != after[name]:
            yield name, before[name], after[name]


def _handed_off(decision: Decision) -> bool:
    return decision["handoff_reason"] is not None


def _why(decision: Decision) -> list[str] | None:
    if decision["handoff_reason"] is None:
        return None
    return [decision["handoff_reason"], decision["handoff_by"], decision["handoff_brief"]]


def _standing_for(decision: Decision) -> str:
    """Say who speaks: the model, or a fixed sentence and why."""
    if decision["abstained"]:
        return "frase pronta: barrada duas vezes"
    return "modelo" if decision["origin"] == "model" else f"frase pronta: {decision['failure']}"


def _asked_of_tool(decision: Decision, *, exactly: bool) -> object:
    if exactly or decision["tool"] is None:
        return decision["tool"]
    return decision["tool"]["call"]


def _shown(amounts: frozenset[Decimal]) -> list[str]:
    return [f"R$ {amount:.2f}" for amount in sorted(amounts)]
