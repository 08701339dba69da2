"""Prices that stand nowhere and yet are true: so many times, in so many parts, together, less a known discount."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from secretaria.replies.binding import LATEST, Contest, Known, Matter
from secretaria.replies.facts.numbers import DIGITS, SPELLED, value_of
from secretaria.replies.facts.reading import read
from secretaria.replies.facts.statements import AFTER, TITLE, Statement

TOTAL = re.compile(r"total|tudo|junt|som[ao]|mais|ambos|os dois|as duas|\+| com |incluindo")
COUNTED = re.compile(
    rf"(?<![\w,./$])(?P<number>\d{{1,2}}|{SPELLED})(?![\w%]|[.,/:]\d| ?%)"
    r"(?P<other> ?(?:x(?![a-z])|vezes|parcelas|sessoes|junt|meses|dias|horas|minutos|anos|kg|km))?"
)
INSTALMENT = re.compile(
    rf"(?<![\w,.$])(?P<number>\d{{1,2}}|{SPELLED}) ?(?:x(?![a-z])|vezes|parcelas|prestacoes|cuotas)"
)
TWICE = re.compile(r"ida e volta|dobro|casal|cada lado|ambos")
DISCOUNT = re.compile(r"desconto|%|por cento|pix|a vista|abat")
ASSERTED = re.compile(
    r"(?:por|custa\w*|sai\w*|valor\w*|precos?|apenas|so|partir de|cobra\w*|vale)\W{1,3}(?:[e=] |de )?$"
)
AN_AMOUNT = re.compile(DIGITS)
CENT = Decimal("0.01")
ADDENDS = 6
LARGEST_COUNT = 60


def is_reckoned(contest: Contest, matter: Matter) -> bool:
    """Say whether a price follows from known ones by what the reply or the customer says of numbers.

    Args:
        contest: The price and the known ones.
        matter: The reply and its evidence.
    """
    (value,) = contest.statement.fact.values
    if not isinstance(value, Decimal):
        return False
    folded = read(matter.reply.text).folded
    return (
        _is_multiple(value, folded, contest, matter)
        or _is_instalment(value, folded, contest, matter)
        or _is_sum(value, folded, contest, matter)
        or _is_discounted(value, folded, contest, matter)
    )


def is_their_amount(statement: Statement, matter: Matter) -> bool:
    """Say whether a price is one the customer named, and not what something costs here.

    Otherwise "o clareamento custa 1 real" would be a receipt for itself.
    """
    if not statement.fact.values & _amounts(matter):
        return False
    if ASSERTED.search(read(matter.reply.text).folded[: statement.fact.start]):
        return False
    near = {word for word, weight in statement.about.items() if weight >= AFTER}
    ours = (item for item in matter.of("price") if item.origin != "customer")
    return not any(item.statement.about.get(word, 0) >= TITLE for item in ours for word in near)


def _is_multiple(value: Decimal, folded: str, contest: Contest, matter: Matter) -> bool:
    asked = (read(text).folded for text in matter.evidence.customer_texts[-LATEST:])
    counts = _counts(folded, matter.said).union(*map(_counts, asked))
    return any(contest.back(frozenset({(value / count).normalize()})) for count in counts)


def _is_instalment(value: Decimal, folded: str, contest: Contest, matter: Matter) -> bool:
    theirs = _amounts(matter)
    return any(
        abs(price / count - value) <= CENT and (price in theirs or contest.back(frozenset({price})))
        for count in {int(value_of(match["number"])) for match in INSTALMENT.finditer(folded)} - {0}
        for price in _prices(contest.items) | theirs
    )


def _is_sum(value: Decimal, folded: str, contest: Contest, matter: Matter) -> bool:
    """Say whether a price is those said right before or right after it together."""
    if not TOTAL.search(folded):
        return False
    known = _prices(contest.items)
    prices = [(other.fact.start, said) for other in matter.said if other.fact.kind == "price"
              for said in other.fact.values if isinstance(said, Decimal)]  # fmt: skip
    before = [said for start, said in prices if start < contest.statement.fact.start][::-1]
    after = [said for start, said in prices if start > contest.statement.fact.start]
    sums = {
        sum(side[:size], Decimal(0))
        for side in (before, after)
        for size in range(2, min(len(side), ADDENDS) + 1)
        if known.issuperset(side[:size])
    }
    return value in sums


def _is_discounted(value: Decimal, folded: str, contest: Contest, matter: Matter) -> bool:
    """Say whether a price is a known one less a percentage that the business gives, where the reply speaks of one."""
    if not DISCOUNT.search(folded):
        return False
    ours = (item for item in matter.of("percent") if item.origin != "customer")
    shares = {share for item in ours for share in item.fact.values if isinstance(share, Decimal)}
    return any(
        abs(price * (100 - share) / 100 - value) <= CENT and contest.back(frozenset({price}))
        for share in shares
        for price in _prices(contest.items)
    )


def _counts(folded: str, said: Sequence[Statement] = ()) -> set[int]:
    """Return how many times something may be taken: numbers that are no price, time or day, and "ida e volta"."""
    taken = [one.fact for one in said if one.fact.kind not in {"number", "length"}]
    numbers = {
        int(value_of(match["number"]))
        for match in COUNTED.finditer(folded)
        if not match["other"] and not any(fact.start <= match.start() < fact.end for fact in taken)
    }
    twice = {2} if TWICE.search(folded) else set()
    return twice | {number for number in numbers if 1 < number <= LARGEST_COUNT}


def _prices(items: Iterable[Known]) -> set[Decimal]:
    return {value for item in items for value in item.fact.values if isinstance(value, Decimal)}


def _amounts(matter: Matter) -> set[Decimal]:
    """Return the amounts the customer named, with or without a unit; a postal code or a telephone is none."""
    said = [value for item in matter.of("price", "number") if item.origin == "customer" for value in item.fact.values]
    written = [str(value) for value in said if not isinstance(value, Decimal)]
    read_out = {value_of(text) for text in written if not text[:1].isdigit() or AN_AMOUNT.fullmatch(text)}
    return read_out | {value for value in said if isinstance(value, Decimal)}
