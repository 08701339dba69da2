"""Is a value said of the right thing? Every value of its kind that is known competes for the words around it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from secretaria.replies.evidence import Evidence
from secretaria.replies.facts.reading import Fact
from secretaria.replies.facts.statements import Statement, day_marks, statements, words_of
from secretaria.replies.reply import Reply

BETTER = {"length": 2.0}
"""How much better the words must fit another value before a reply is said to mean that one."""

CLEARLY_BETTER = 1.15
STRENGTH = {"done": 1.4, "tool": 1.3, "cited": 1.1, "card": 1.0, "known": 0.9, "customer": 0.8, "earlier": 0.7}
GROUNDED = frozenset({"done", "tool", "cited", "card", "customer", "earlier"})
DATE_MARK, WEEKDAY_MARK = "@2", "@w"
ASKED = 0.3
LATEST = 3


@dataclass(frozen=True, slots=True)
class Known:
    """A statement of the evidence and where it stands."""

    statement: Statement
    origin: str

    @property
    def fact(self) -> Fact:
        """The fact alone."""
        return self.statement.fact


@dataclass(frozen=True)
class Matter:
    """Everything one reply is judged by, read once.

    Attributes:
        said: What the reply states, with what the customer asked about added.
        known: What the evidence states.
        today: In the zone of the business.
    """

    reply: Reply
    evidence: Evidence
    said: tuple[Statement, ...]
    known: tuple[Known, ...]
    today: date

    def of(self, *kinds: str) -> Iterator[Known]:
        """Yield what is known of some kinds."""
        return (item for item in self.known if item.fact.kind in kinds)


@dataclass(frozen=True)
class Contest:
    """Everything of its kind that is known competes for the words around a statement.

    Attributes:
        statement: Of the reply.
        items: What is known and could be taken for it.
    """

    statement: Statement
    items: tuple[Known, ...]

    @cached_property
    def fits(self) -> tuple[float, ...]:
        """How well the words around the statement lead to each of them, in their order."""
        about = self.statement.about
        counted = Counter(word for item in self.items for word in item.statement.about)
        rarity = {word: math.log1p(len(self.items) / count) for word, count in counted.items()}
        return tuple(_fit(about, item, rarity) for item in self.items)

    @cached_property
    def of_the_day(self) -> tuple[bool, ...]:
        """Whether each may be said of the same day."""
        return tuple(_same_day(self.statement, item.statement) for item in self.items)

    def back(self, values: frozenset[object]) -> bool:
        """Say whether values are known, and no other fits the words around the statement better."""
        mine, rivals = [], []
        for item, fit, same_day in zip(self.items, self.fits, self.of_the_day, strict=True):
            if not item.fact.values & values:
                rivals.append(fit)
            elif same_day:
                mine.append((fit, item.origin))
        if not mine:
            return False
        best, _ = max(mine)
        strongest = max(rivals, default=0.0)
        if not best:
            return strongest <= 1 and any(origin in GROUNDED for _, origin in mine)
        return strongest <= best * BETTER.get(self.statement.fact.kind, CLEARLY_BETTER)


def matter_of(reply: Reply, evidence: Evidence) -> Matter:
    """Read a reply and what is known."""
    today = evidence.now.astimezone(evidence.timezone).date()
    said = tuple(_asked_about(statement, evidence, today) for statement in statements(reply.text, today))
    return Matter(reply, evidence, said, tuple(_known(reply, evidence, today)) if said else (), today)


def contest_of(statement: Statement, matter: Matter) -> Contest:
    """Return what a fact could be taken for: minutes are not confused with months."""
    items = matter.of(statement.fact.kind)
    if statement.fact.kind == "length":
        units = _units(statement.fact)
        items = (item for item in items if _units(item.fact) == units)
    return Contest(statement, tuple(items))


def _fit(about: Mapping[str, float], item: Known, rarity: Mapping[str, float]) -> float:
    """Return how well words lead to what is known: those both share, less where it is said of much else."""
    other = item.statement.about
    common = sum(about[word] * other[word] * rarity[word] for word in about.keys() & other.keys())
    if not common:
        return 0.0
    size = sum(weight * weight * rarity[word] for word, weight in other.items())
    return STRENGTH[item.origin] * common / math.sqrt(size)


def _units(fact: Fact) -> set[object]:
    return {value[1] for value in fact.values if isinstance(value, tuple)}


def _known(reply: Reply, evidence: Evidence, today: date) -> Iterator[Known]:
    for source, text in evidence.chunks.items():
        origin = "cited" if source in reply.sources else "known"
        title, _, rest = text.partition("\n")
        for statement in (*statements(title, None), *statements(rest, None, title)):
            yield Known(statement, origin)
    for origin, texts, now in (
        ("done", evidence.done_texts, today),
        ("tool", evidence.tool_texts, today),
        ("card", evidence.card, None),
        ("customer", evidence.customer_texts, today),
        ("earlier", evidence.earlier_texts, today),
    ):
        for text in texts:
            for statement in statements(text, now):
                yield Known(statement, origin)


def _asked_about(statement: Statement, evidence: Evidence, today: date) -> Statement:
    """Add what the customer asked about: "fica R$ 180" answers the question that stands before it."""
    latest = "\n".join(evidence.customer_texts[-LATEST:])
    asked = dict.fromkeys(words_of(latest), ASKED)
    if not any(word.startswith("@") for word in statement.about):
        asked.update(day_marks(latest, today))
    return replace(statement, about={**asked, **statement.about})


def _same_day(one: Statement, other: Statement) -> bool:
    """Say whether two times may be of one day: either names none, or they share one."""
    if one.fact.kind != "time":
        return True
    for marks in (DATE_MARK, WEEKDAY_MARK):
        first, second = ({word for word in item.about if word.startswith(marks)} for item in (one, other))
        if first and second:
            return not first.isdisjoint(second)
    return True
