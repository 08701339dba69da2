"""Every fact of a reply needs a receipt: a cited text, a tool's answer, the business card or the customer's words.

A value that stands somewhere is not enough, because the price of another service stands somewhere too: where the words
around it fit another value better, the reply speaks of one thing and names the value of another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

from secretaria.replies.binding import Contest, Matter, contest_of, matter_of
from secretaria.replies.evidence import Evidence, Finding
from secretaria.replies.facts.contacts import LOCAL_DIGITS, host
from secretaria.replies.facts.days import next_of
from secretaria.replies.facts.reading import Fact, read
from secretaria.replies.facts.statements import Statement
from secretaria.replies.reckoning import is_reckoned, is_their_amount
from secretaria.replies.reply import Reply

WORDS = {
    "price": "O preço", "free": "A gratuidade", "time": "O horário", "day": "A data", "weekday": "O dia da semana",
    "weekdays": "O dia da semana", "percent": "A porcentagem", "length": "O prazo ou a duração",
    "address": "O endereço", "number": "O número", "phone": "O telefone", "email": "O e-mail", "link": "O link",
    "document": "O documento", "pix": "A chave Pix",
}  # fmt: skip
GIVES_AWAY = re.compile(r"desconto|off\b|gratis|reembols|devol|de graca|cashback|estorn|volta")
WISHED = re.compile(r"(?:depois|antes|apos|partir)(?: das| de| da)?(?: as)? ?$")
COMPARED = re.compile(r"\b(mais|menos) (?:de|que) ?$")
NAMED_BEFORE = frozenset({"done", "tool", "customer", "earlier"})
DAY_KINDS = frozenset({"day", "weekday"})
MOST_FACTS = 25
BESIDE = 2  # a comma and a blank

Judge = Callable[[Statement, Matter], str]


def missing_receipts(bubbles: Sequence[str], sources: Sequence[str], evidence: Evidence) -> tuple[Finding, ...]:
    """Return a finding for each fact of a reply that nothing backs.

    Args:
        bubbles: What would be said.
        sources: The chunks the model cites; others count only where the words around a value lead to them.
        evidence: What is known.
    """
    reply = Reply("\n".join(bubbles), tuple(sources))
    return tuple(finding for check in RECEIPTS.values() for finding in check(reply, evidence))


def is_allowed(domain: str, allowed: Iterable[str]) -> bool:
    """Say whether a host is one of the allowed domains or below one of them."""
    return any(domain == name or domain.endswith(f".{name}") for name in map(str.lower, allowed))


def _unbacked(check: str, kinds: frozenset[str], reply: Reply, evidence: Evidence) -> Iterator[Finding]:
    """Yield the facts of some kinds that have no receipt."""
    matter = matter_of(reply, evidence)
    for number, statement in enumerate(one for one in matter.said if one.fact.kind in kinds):
        if number < MOST_FACTS:
            sentence = JUDGES[statement.fact.kind](statement, matter)
            if sentence:
                yield Finding(check, statement.fact.kind, statement.words, sentence)
        else:
            yield Finding(check, statement.fact.kind, "", "São fatos demais para uma resposta. Resuma.")
            return


# A judge returns what is wrong with one fact, and nothing where it has its receipt.


def _judge_value(statement: Statement, matter: Matter) -> str:
    """Judge a value that must stand in the evidence and be said of what the reply says it of."""
    return _verdict(contest_of(statement, matter))


def _judge_price(statement: Statement, matter: Matter) -> str:
    """Judge a price: known, reckoned from known ones, or an amount the customer named."""
    ours = Contest(statement, tuple(item for item in matter.of("price") if item.origin != "customer"))
    if is_their_amount(statement, matter) or ours.back(statement.fact.values):
        return ""
    return "" if is_reckoned(ours, matter) else _verdict(ours)


def _judge_percentage(statement: Statement, matter: Matter) -> str:
    """Judge a percentage; "está 100%" gives nothing away."""
    whole = statement.fact.values == {Decimal(100).normalize()}
    if whole and not GIVES_AWAY.search(read(matter.reply.text).folded):
        return ""
    return _judge_value(statement, matter)


def _judge_time(statement: Statement, matter: Matter) -> str:
    """Judge a time: that of the change where one is announced, else a known one of the day it is said of."""
    if _repeats_a_wish(statement, matter):
        return ""
    if _is_not_what_was_done(statement, matter):
        return f'"{statement.words}" não é o horário do que foi feito. Copie o da ferramenta.'
    return _judge_value(statement, matter)


def _judge_length(statement: Statement, matter: Matter) -> str:
    """Judge a span of time; "faltam mais de 24 horas" is true of the 26 that the tool counted, where 24 is a limit."""
    before = COMPARED.search(read(matter.reply.text).folded[: statement.fact.start])
    ours = [item for item in matter.of("length") if item.origin != "customer"]
    if before and any(item.fact.values & statement.fact.values for item in ours):
        counted = [item.fact.values for item in ours if item.origin == "tool"]
        if any(_exceeds(values, statement.fact.values, more=before[1] == "mais") for values in counted):
            return ""
    return _judge_value(statement, matter)


def _exceeds(counted: frozenset[object], limit: frozenset[object], *, more: bool) -> bool:
    """Say whether one span is longer, or shorter, than another of the same unit."""
    return any(
        one[1] == other[1] and (one[0] > other[0] if more else one[0] < other[0])
        for one in counted
        for other in limit
        if isinstance(one, tuple) and isinstance(other, tuple)
    )


def _judge_day(statement: Statement, matter: Matter) -> str:
    """Judge a date: one that was named, or today and tomorrow, and with the right day of the week beside it."""
    named = {day for item in matter.known for day in _dates(item.fact, matter.today)}
    dates = {value for value in statement.fact.values if isinstance(value, date)}
    if not dates & (named | {matter.today, matter.today + timedelta(days=1)}):
        return _unknown(statement)
    if _is_not_what_was_done(statement, matter):
        return f'"{statement.words}" não é o dia do que foi feito. Copie o da ferramenta.'
    for other in _beside(statement, matter.said):
        if not _agree(dates, other.fact):
            return f'"{statement.words}" e "{other.words}" não são o mesmo dia. Confira no calendário.'
    return ""


def _judge_weekday(statement: Statement, matter: Matter) -> str:
    """Judge a day of the week: beside a date that date counts, else what is known of the subject."""
    if any(other.fact.kind == "day" for other in _beside(statement, matter.said)):
        return ""  # the date answers for it
    spoken = (item.fact for item in matter.known if item.origin in NAMED_BEFORE)
    named = {day.weekday() for fact in spoken for day in _dates(fact, matter.today)}
    if statement.fact.kind == "weekday" and statement.fact.values & named:
        return ""
    return _judge_value(statement, matter)


def _judge_named(statement: Statement, matter: Matter) -> str:
    """Judge what only has to stand somewhere: documents, keys, and numbers that are nothing else."""
    named = {matter.evidence.contact_number}
    for item in matter.known:
        for value in item.fact.values:
            named.add(str(value[0]) if isinstance(value, tuple) else str(value))
    return "" if statement.fact.values & named else _unknown(statement)


def _judge_phone(statement: Statement, matter: Matter) -> str:
    """Judge a phone: the contact's own, or one that is known; an area code may be left out, not changed."""
    own = matter.evidence.contact_number.removeprefix("55")
    known: set[object] = {value for item in matter.of("phone") for value in item.fact.values}
    numbers = known | ({(own[:2], own[-LOCAL_DIGITS:])} if own else set())
    return (
        ""
        if any(_same_phone(one, other) for one in statement.fact.values for other in numbers)
        else _unknown(statement)
    )


def _same_phone(one: object, other: object) -> bool:
    if not isinstance(one, tuple) or not isinstance(other, tuple):
        return False
    return one[1] == other[1] and (not one[0] or not other[0] or one[0] == other[0])


def _judge_link(statement: Statement, matter: Matter) -> str:
    """Judge a link: as it is known, or somewhere at a host the owner allows."""
    links = {str(value) for item in matter.of("link") for value in item.fact.values}
    mailboxes = {str(value).partition("@")[2] for item in matter.of("email") for value in item.fact.values}
    hosts = {link for link in links if link == host(link)} | mailboxes
    (value,) = map(str, statement.fact.values)
    if value in links or host(value) in hosts or is_allowed(host(value), matter.evidence.allowed_domains):
        return ""
    return _unknown(statement)


def _judge_email(statement: Statement, matter: Matter) -> str:
    """Judge an e-mail address: a known one, or one of the business's own domains."""
    addresses = {value for item in matter.of("email") for value in item.fact.values}
    (value,) = map(str, statement.fact.values)
    allowed = is_allowed(value.partition("@")[2], matter.evidence.allowed_domains)
    return "" if value in addresses or allowed else _unknown(statement)


def _verdict(contest: Contest) -> str:
    statement = contest.statement
    if contest.back(statement.fact.values):
        return ""
    if any(item.fact.values & statement.fact.values for item in contest.items):
        words = WORDS[statement.fact.kind]
        return f'{words} "{statement.words}" é de outra coisa, não do que a frase diz. Confira na fonte e cite-a.'
    return _unknown(statement)


def _unknown(statement: Statement) -> str:
    return (
        f'{WORDS[statement.fact.kind]} "{statement.words}" não está na base, na ferramenta nem na conversa. '
        "Copie o que está na fonte, ou diga que não sabe."
    )


def _is_not_what_was_done(statement: Statement, matter: Matter) -> bool:
    """Say whether a sentence that announces a change names another time or day than the change has."""
    done = [item.fact for item in matter.of(statement.fact.kind) if item.origin == "done"]
    return bool(done) and statement.agreed and not any(fact.values & statement.fact.values for fact in done)


def _repeats_a_wish(statement: Statement, matter: Matter) -> bool:
    """Say whether a time is only the customer's wish given back: "depois das 18h" offers nothing."""
    before = read(matter.reply.text).folded[: statement.fact.start]
    wished = (item.fact.values for item in matter.of("time") if item.origin == "customer")
    return bool(WISHED.search(before)) and any(values & statement.fact.values for values in wished)


def _dates(fact: Fact, today: date) -> Iterator[date]:
    """Yield the dates a fact names, a day of the week as its two next ones."""
    for value in fact.values:
        if isinstance(value, date):
            yield value
        elif fact.kind == "weekday" and isinstance(value, int):
            yield from next_of(value, today)


def _beside(statement: Statement, said: Sequence[Statement]) -> Iterator[Statement]:
    """Yield the other names of the same day: ``amanhã, terça 11/08`` names one three times."""
    named = sorted((other for other in said if other.fact.kind in DAY_KINDS), key=lambda other: other.fact.start)
    group: list[Statement] = []
    for other in named:
        if group and not 0 <= other.fact.start - group[-1].fact.end <= BESIDE:
            if statement in group:
                break
            group = []
        group.append(other)
    if statement in group:
        yield from (other for other in group if other is not statement)


def _agree(dates: set[date], other: Fact) -> bool:
    if other.kind == "weekday":
        return any(day.weekday() in other.values for day in dates)
    return not dates.isdisjoint(other.values)


JUDGES: dict[str, Judge] = {
    "price": _judge_price,
    "free": _judge_value,
    "percent": _judge_percentage,
    "time": _judge_time,
    "length": _judge_length,
    "day": _judge_day,
    "weekday": _judge_weekday,
    "weekdays": _judge_weekday,
    "address": _judge_value,
    "number": _judge_named,
    "document": _judge_named,
    "pix": _judge_named,
    "phone": _judge_phone,
    "link": _judge_link,
    "email": _judge_email,
}
RECEIPTS: dict[str, Callable[[Reply, Evidence], Iterator[Finding]]] = {
    name: partial(_unbacked, name, frozenset(kinds))
    for name, kinds in {
        "prices": {"price", "free"},
        "times": {"time", "length"},
        "days": {"day", "weekday", "weekdays"},
        "percentages": {"percent"},
        "places": {"address", "number"},
        "reachability": {"phone", "email", "link"},
        "documents": {"document", "pix"},
    }.items()
}
