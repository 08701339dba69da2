"""Every fact of a text, and the words each is said about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import islice

from secretaria.replies.facts.contacts import documents, emails, links, phones, pix_keys
from secretaria.replies.facts.days import days, weekdays
from secretaria.replies.facts.money import prices
from secretaria.replies.facts.places import addresses
from secretaria.replies.facts.reading import Fact, Reading, read
from secretaria.replies.facts.shares import percentages
from secretaria.replies.facts.times import lengths, times

SENTENCE_END = re.compile(
    r"(?<![ .(](?:sr|dr|av|al|tv|no|ex|st))(?<![ .(](?:sra|dra|rua|tel|fin))(?<![ .(]r)[.!?;](?=\s|$)|\n|\|"
)
CLAUSE_END = re.compile(r"[,:()\n]| (?:e|ou|y|and|mas|por[eé]m) ")
AGREED = re.compile(r"(?<![a-z])(?:re)?(?:marc|agend|reserv|confirm)ad[oa]")
SUBJECT = re.compile(r"(?:^|[.;] +)(?P<name>[a-z][^:.;,\d]{2,40}):(?= )")
WORD = re.compile(r"[a-z]{3,}|\d+")
UNTOLD = frozenset(
    "para por com sem que uma uns umas dos das nos nas pelo pela pelos pelas esse essa este esta isso seu "  # noqa: SIM905 - a list to read
    "sua seus suas voce voces aqui ali sim nao mais menos muito bem bom boa dia tarde noite ola oie fica "
    "sai sao custa custam valor valores preco precos partir cerca total reais real apenas ate desde entre "
    "cada quanto qual quando como tem temos tenho ter pode podemos posso quer ver hoje amanha agora "
    "horario horarios hora horas as els los las del cuesta precio unos son una the and for you cost costs "
    "price dura duram durar leva tambem entao depois atende atendem atendemos abre abrem abrimos aberta "
    "aberto fecha fecham funciona responde respondem vai vao aos aas segunda segundas terca tercas quarta "
    "quartas quinta quintas sexta sextas sabado sabados domingo domingos feira chamei claro seg qua qui "
    "sex sab dom antes assim nosso nossa nossos nossas gente ser estao sendo foi prefere parcela parcelas "
    "parcelar parcelado parcelamos parcelamento vezes vez juros cartao credito debito".split()
)
NEAR, AFTER, HEAD, REST, EARLIER, DATED, IN_RANGE, TITLE = 1.0, 0.9, 0.5, 0.1, 0.1, 1.5, 0.7, 0.8
STEM = 6
FARTHEST = 160
LONGEST = 8_000
MOST_FACTS = 100
OTHER_NUMBER = re.compile(r"(?<![\w.,/:-])\d{2,9}(?![\w/:-]|[.,]\d)")
TABLE_RULE = re.compile(r"\s*\|?[\s:|-]+\|?\s*")


@dataclass(frozen=True, slots=True)
class Statement:
    """A fact and what it is said about.

    Attributes:
        about: Weight by word; days stand among them as ``@2026-08-12`` and ``@w2``.
        words: As they were written.
        agreed: Whether its sentence says before it that something was booked, moved or confirmed.
    """

    fact: Fact
    about: Mapping[str, float]
    words: str
    agreed: bool = False


@lru_cache(maxsize=4096)
def statements(text: str, today: date | None, title: str = "") -> tuple[Statement, ...]:
    """Read every fact of a text together with the words around it.

    A word counts by how near it stands: in the same clause most, at the head of the sentence half, in an earlier
    sentence little. A time is also about the last day that was named before it.

    Args:
        text: One message, or one unit of the base; Markdown tables are read row by row.
        today: In the zone of the business, or None as `days` wants it.
        title: What the whole text is about.
    """
    reading = read(_without_tables(text[:LONGEST]))
    facts = tuple(islice(_facts(reading, today), MOST_FACTS))
    bounds = _sentences(reading.folded)
    topic = dict.fromkeys(words_of(title), TITLE)
    return tuple(
        Statement(
            fact,
            _about(fact, facts, reading, bound, topic),
            reading.words(fact.start, fact.end),
            agreed=AGREED.search(reading.folded, bound[0], fact.start) is not None,
        )
        for fact, bound in ((fact, _bound(fact, bounds)) for fact in facts)
    )


def stem(word: str) -> str:
    """Return what a word has in common with its plural and the other gender."""
    return word[:STEM] if len(word) > STEM else word.removesuffix("s")[:STEM]


def _facts(reading: Reading, today: date | None) -> Iterator[Fact]:
    exact = [
        *links(reading), *emails(reading), *documents(reading), *pix_keys(reading), *phones(reading)
    ]  # fmt: skip
    yield from exact
    others = [
        *percentages(reading), *prices(reading), *times(reading), *days(reading, today), *weekdays(reading),
        *lengths(reading), *addresses(reading)
    ]  # fmt: skip
    spoken = [fact for fact in others if not any(other.start <= fact.start < other.end for other in exact)]
    yield from spoken
    taken = [(fact.start, fact.end) for fact in (*exact, *spoken)]
    for match in OTHER_NUMBER.finditer(reading.folded):
        if not any(start <= match.start() < end for start, end in taken):
            yield Fact("number", frozenset({match[0]}), match.start(), match.end())


def _sentences(folded: str) -> list[tuple[int, int]]:
    ends = [match.end() for match in SENTENCE_END.finditer(folded)]
    starts = [0, *ends]
    return list(zip(starts, [*ends, len(folded)], strict=True))


def _bound(fact: Fact, bounds: list[tuple[int, int]]) -> tuple[int, int]:
    """Return the sentence of a fact, as far as words can still say something of it."""
    start, end = next((bound for bound in bounds if fact.start < bound[1]), bounds[-1])
    return max(start, fact.start - FARTHEST), min(end, fact.end + FARTHEST)


def _about(
    fact: Fact, facts: tuple[Fact, ...], reading: Reading, bound: tuple[int, int], topic: Mapping[str, float]
) -> dict[str, float]:
    start, end = bound
    folded = reading.folded
    peers = [other for other in facts if other.kind == fact.kind and start <= other.start < end]
    subject = _subject(folded[max(start - FARTHEST, 0) : start], folded[start : fact.start])
    before = _back(fact, peers, folded, start)
    after = _forth(fact, peers, folded, end)
    gap, tail = folded[before : fact.start], folded[fact.end : after]
    cut = _last_clause(gap, first=before == start)
    head = folded[start : min(other.start for other in peers)]
    parts = [
        (folded[max(start - FARTHEST, 0) : start], EARLIER),
        (folded[start : fact.start], REST),
        (tail, REST),
        (head[: _last_clause(head)] if before > start else gap[:cut], HEAD),
        (subject, TITLE),
        (gap[cut:], NEAR),
        (_first_clause(tail, last=after == end), AFTER),
    ]
    about = dict(topic)
    for part, weight in parts:
        for word in words_of(part):
            about[word] = max(about.get(word, 0), weight)
    about.update(_marks(fact, facts, end))
    return about


def _back(fact: Fact, peers: list[Fact], folded: str, start: int) -> int:
    """Return where the words before a fact begin; the members of a list or a span share theirs."""
    begins = fact.start
    for other in sorted((peer for peer in peers if peer.end <= fact.start), key=lambda peer: -peer.end):
        if any(words_of(folded[other.end : begins])):
            return other.end
        begins = other.start
    return start


def _forth(fact: Fact, peers: list[Fact], folded: str, end: int) -> int:
    ends = fact.end
    for other in sorted((peer for peer in peers if peer.start >= fact.end), key=lambda peer: peer.start):
        if any(words_of(folded[ends : other.start])):
            return other.start
        ends = other.end
    return end


def _subject(before: str, sentence: str) -> str:
    """Return what a line speaks of after naming it with a colon: ``Centro: segunda a sexta 8h às 19h; sábado ...``."""
    line = before.rpartition("\n")[2] + sentence
    named = list(SUBJECT.finditer(line))
    return named[-1]["name"] if named else ""


def _last_clause(text: str, *, first: bool = True) -> int:
    """Return where the last clause begins; what follows another value directly belongs to that value."""
    ends = [0, *(match.end() for match in CLAUSE_END.finditer(text))]
    if not first and len(ends) > 1 and not any(words_of(text[ends[-1] :])):
        return len(text)
    return next((end for end in reversed(ends) if any(words_of(text[end:]))), 0)


def _first_clause(text: str, *, last: bool) -> str:
    """Return the clause right behind a value; behind the last value of a sentence the first that says something."""
    clauses = CLAUSE_END.split(text)
    return next((clause for clause in clauses if any(words_of(clause))), "") if last else clauses[0]


def words_of(text: str) -> Iterator[str]:
    """Yield the words of a text that tell what it is about, without their endings."""
    for word in WORD.findall(read(text).folded if not text.isascii() else text.lower()):
        if word not in UNTOLD and not word.isdigit():
            yield stem(word)


def day_marks(text: str, today: date) -> dict[str, float]:
    """Return the days a text names, as they stand in `Statement.about`."""
    reading = read(text)
    return dict(mark for fact in (*days(reading, today), *weekdays(reading)) for mark in _marks_of(fact))


def _marks(fact: Fact, facts: tuple[Fact, ...], end: int) -> Iterator[tuple[str, float]]:
    """Yield the days a fact is said of, the last named before it or else the first after it."""
    if fact.kind not in {"time", "price", "number", "address"}:
        return
    named = [other for other in facts if other.kind in {"day", "weekday", "weekdays"}]
    earlier = [other for other in named if other.end <= fact.start]
    nearest = max((other.end for other in earlier), default=None)
    if nearest is not None:
        chosen = [other for other in earlier if nearest - other.end <= STEM]
    else:
        later = min((other.start for other in named if other.start < end), default=None)
        chosen = [other for other in named if other.start == later]
    for day in chosen:
        yield from _marks_of(day)


def _marks_of(day: Fact) -> Iterator[tuple[str, float]]:
    for value in day.values:
        if isinstance(value, date):
            yield f"@{value}", DATED
            yield f"@w{value.weekday()}", DATED
        elif isinstance(value, tuple):
            yield from ((f"@w{number}", IN_RANGE) for number in range(value[0], value[1] + 1))
        else:
            yield f"@w{value}", DATED


def _without_tables(text: str) -> str:
    """Turn each row of a Markdown table into sentences: the row's name, the column's, the cell."""
    if "|" not in text:
        return text
    lines: list[str] = []
    header: list[str] = []
    rows = text.splitlines()
    for number, line in enumerate(rows):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.strip().startswith("|") else []
        if not cells:
            header = []
            lines.append(line)
        elif TABLE_RULE.fullmatch(line):
            continue
        elif not header and number + 1 < len(rows) and TABLE_RULE.fullmatch(rows[number + 1]):
            header = cells
        else:
            columns = [*header, *[""] * len(cells)]
            name = CLAUSE_END.sub(" ", cells[0])
            lines += [f"{name} {column} {cell}" for column, cell in zip(columns[1:], cells[1:], strict=False)]
    return "\n".join(lines)
