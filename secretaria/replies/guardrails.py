"""Is this draft fit to send? Pure checks that mend or refuse it, each leaving its verdict."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from secretaria.context.schema import Draft
from secretaria.disguises import readings
from secretaria.replies.actions import claimed_actions
from secretaria.replies.evidence import Evidence, Finding, Limits
from secretaria.replies.facts.statements import statements
from secretaria.replies.languages import language
from secretaria.replies.leaks import canary_leak, prompt_leak
from secretaria.replies.markup import (
    disguised_links,
    hidden_marks,
    keys,
    roles,
    tags,
    templates,
    tool_calls,
    without_marks,
)
from secretaria.replies.promises import other_self, others_affairs, promises
from secretaria.replies.receipts import RECEIPTS
from secretaria.replies.reply import Reply

MAX_BUBBLES = 2
ELLIPSIS = "…"
WHATSAPP_LIMIT = 4096
EMPTY = Finding("empty", "empty", "", "A resposta não diz nada. Escreva uma ou duas mensagens.")

Check = Callable[[Reply, Evidence], Iterator[Finding]]

GUARDS: dict[str, Check] = {
    "canary": canary_leak,
    "prompt": prompt_leak,
    "templates": templates,
    "tags": tags,
    "roles": roles,
    "tool_calls": tool_calls,
    "keys": keys,
    "links": disguised_links,
    "promises": promises,
    "self": other_self,
    "others": others_affairs,
    "actions": claimed_actions,
    "language": language,
    **RECEIPTS,
}
"""Every guard that refuses, by the name it has in `Guarded.checks`; each works alone."""

UNREADABLE_BY_CONTEXT = frozenset({"actions", "language", "times", "days", "places"})
"""What can only be judged with a whole turn at hand, not by `may_be_sent`."""

BY_ENCODING = frozenset({"prices", "percentages", "reachability", "documents"})
"""Guards that `may_be_sent` also asks about what is encoded in a reply."""

CATALOGUE = "catalogue"


@dataclass(frozen=True, slots=True)
class Guarded:
    """A draft after the checks.

    Attributes:
        bubbles: What may be said; empty when nothing of the draft is left.
        sources: Only those that really are in the knowledge base.
        checks: Verdict by check: ``passed``, ``refused``, or what was done.
        findings: Why it may not be sent; empty when it may.
    """

    bubbles: tuple[str, ...]
    sources: tuple[str, ...]
    checks: dict[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def guard_draft(draft: Draft, evidence: Evidence, limits: Limits) -> Guarded:
    """Check a draft: what can be mended without changing what it says is mended, the rest is found.

    Args:
        draft: What the model proposed.
        evidence: What it may rest on; a source outside its chunks was invented.
        limits: The owner's; twice as many characters are tolerated before a bubble is cut.
    """
    plain = [without_marks(bubble) for bubble in draft.bubbles]
    said = [text for text in (_visible(bubble) for bubble in plain) if text]
    bubbles = said[: min(limits.max_bubbles, MAX_BUBBLES)]
    short = [_cut(bubble, 2 * limits.max_characters) for bubble in bubbles]
    sources = tuple(source for source in draft.sources if source in evidence.chunks)
    findings = _findings(Reply("\n".join(short), sources), evidence) if short else []
    checks = {
        "bubbles": "passed" if len(bubbles) == len(draft.bubbles) else "dropped",
        "length": "passed" if short == bubbles else "cut",
        "sources": "passed" if len(sources) == len(draft.sources) else "invented_source_removed",
        "marks": "passed" if plain == list(draft.bubbles) else "removed",
        **dict.fromkeys(GUARDS, "passed"),
        **{finding.check: "refused" for finding in findings},
    }
    return Guarded(bubbles=tuple(short), sources=sources, checks=checks, findings=tuple(findings))


def may_be_sent(reply: str, context: Mapping[str, object]) -> bool:
    """Say whether a reply may be sent, knowing nothing of the turn but what is listed in the context.

    Args:
        reply: The words.
        context: ``canary``, ``system_prompt_sentences``, ``customer_number``, ``allowed_domains``,
            ``catalogue_prices``, ``tools_allowed`` and ``max_chars``; what is missing allows nothing.
    """
    limit = context.get("max_chars")
    if not _visible(reply) or len(reply) > (limit if isinstance(limit, int) else WHATSAPP_LIMIT):
        return False
    evidence = _evidence_of(context)
    plain = Reply(reply, (CATALOGUE,))
    if any(hidden_marks(plain, evidence)):
        return False
    texts = readings(reply)
    return not any(
        finding
        for name, check in GUARDS.items()
        if name not in UNREADABLE_BY_CONTEXT
        for text in (texts if name in BY_ENCODING else texts[:1])
        for finding in check(Reply(text, (CATALOGUE,)), evidence)
    )


def _findings(reply: Reply, evidence: Evidence) -> list[Finding]:
    return [finding for check in GUARDS.values() for finding in check(reply, evidence)]


def _evidence_of(context: Mapping[str, object]) -> Evidence:
    sentences = _texts(context.get("system_prompt_sentences")) or _texts(context.get("system_prompt"))
    return Evidence(
        now=datetime(2026, 1, 1, tzinfo=UTC),
        timezone=ZoneInfo("America/Sao_Paulo"),
        chunks={CATALOGUE: _catalogue(_texts(context.get("catalogue_prices")))},
        contact_number="".join(filter(str.isdigit, str(context.get("customer_number") or ""))),
        canary=str(context.get("canary") or ""),
        system_sentences=sentences,
        allowed_domains=_texts(context.get("allowed_domains")),
        tools=_texts(context.get("tools_allowed")),
    )


def _catalogue(lines: tuple[str, ...]) -> str:
    """Return the values of a catalogue without their names: which service costs what is for the receipts of a turn."""
    kinds = {"price", "percent", "number", "free"}
    said = (statement for line in lines for statement in statements(line, None) if statement.fact.kind in kinds)
    words = (f"R$ {item.words}" if item.fact.kind == "number" else item.words for item in said)
    return "\n".join(["", *words])


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(map(str, value)) if isinstance(value, list | tuple) else ()


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
