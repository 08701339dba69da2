"""Times of the day: ``15h`` = ``15:00`` = ``15 horas`` = ``3 da tarde``; and how long something takes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secretaria.replies.facts.numbers import SPELLED, UNITS, value_of
from secretaria.replies.facts.reading import Fact, Reading, found

HOUR = 60
DAY = 24 * HOUR
NOON = 12 * HOUR
_HOURS = "|".join(word for word, value in UNITS.items() if 1 <= value <= 12)  # noqa: PLR2004 - as clocks are read aloud
LASTING = r"(?:em|por|de|com|durante|dentro de|cerca de|mais de|menos de|ate|uns|umas|faltam|tem|dura|sao) "
ARTICLES = {"um", "uma"}  # "uma semana" is said of anything
UNIT = {
    "min": "minute", "hor": "hour", "dia": "day", "sem": "week", "mes": "month", "ano": "year", "ses": "session",
    "hou": "hour", "day": "day", "wee": "week", "mon": "month", "yea": "year", "ani": "year",
}  # fmt: skip
CLOCK = re.compile(
    r"(?<![\d/.,$])(?P<hour>[01]?\d|2[0-3])\s?(?:[:h]\s?(?P<minute>[0-5]\d)(?:\s?(?:min|hs?|hrs?))?(?![\d:])|(?:h|hs|hrs)(?![a-z\d]))"
    r"(?P<period> (?:da|de la|in the) (?:manha|tarde|noite|madrugada|manana|noche))?(?P<half> ?[ap]m(?![a-z]))?"
)
HOURS_WORD = re.compile(
    r"(?<![a-z])(?:as|das|aas|ate as|ate|las|pelas|pras|para as|entre as|e as) (?P<hour>[01]?\d|2[0-3]) horas?(?![a-z]| (?:antes|depois|apos|uteis|seguid|de ))"
)
SAID = re.compile(
    rf"(?<![\w/,.$])(?P<hour>1[0-2]|0?[1-9]|{_HOURS})(?: e (?P<minute>meia|[1-5]\d|quinze|vinte|trinta))?"
    r"(?: horas?)?(?:(?P<period> (?:da|de la) (?:manha|tarde|noite|madrugada|manana|noche))|(?P<half> ?[ap]m))(?![a-z])"
)
BARE = re.compile(
    rf"(?<![a-z])(?:as|das|las|pras|umas|la pelas|ate as|depois das|antes das) (?P<hour>2[0-3]|1\d|0?\d|{_HOURS})"
    r"(?: e (?P<minute>meia|[1-5]\d|quinze|vinte|trinta))?(?![\d:h%/,.]*\d)(?! ?(?:h\b|hs\b|horas|%|por cento|reais|x\b|vezes|da |min))(?![a-z\d])"
)
NAMED = re.compile(r"(?<![a-z])(?P<name>meio[- ]dia|meia[- ]noite|noon|mediodia)(?P<half> e meia)?(?![a-z])")
SPAN = re.compile(
    r"(?<![\d/:.,$])(?P<from>[01]?\d|2[0-3]) ?(?:a|as|ate|-|e) ?(?:as )?(?:[01]?\d|2[0-3]) ?(?:h(?![a-z])|:[0-5]\d)"
)
LENGTH = re.compile(
    rf"(?<![\w/:,$])(?P<number>\d{{1,4}}|{SPELLED})(?:(?: (?:a|ou|ate|e) |-)(?P<upto>\d{{1,4}}|{SPELLED}))?"
    r" ?(?P<unit>min(?:utos?|utinhos?|s)?|horas?|hrs?|dias?|semanas?|mes(?:es)?|anos?|aninhos|sessoes|sessao|minutes?|hours?|days?|weeks?|months?|years?)(?![a-z])"
)
SHORT_LENGTH = re.compile(
    rf"(?<![a-z])(?P<before>{LASTING})?(?P<number>\d{{1,3}}) ?h(?:s|rs)?(?![a-z\d:])(?P<after> (?:antes|depois|apos|de (?:antecedencia|duracao|repouso)|corridas))?"
)


def times(reading: Reading) -> Iterator[Fact]:
    """Yield every time of the day, in minutes after midnight; both halves of the day where the words leave it open."""
    lengths = {match.start("number") for match in found(SHORT_LENGTH, reading) if _lasts(match, reading)}
    for match in found(CLOCK, reading):
        if match.start("hour") not in lengths:
            yield _fact(match, _minutes(match))
    for match in found(HOURS_WORD, reading):
        yield _fact(match, {int(match["hour"]) * HOUR})
    for match in found(SAID, reading):
        yield _fact(match, _minutes(match))
    for match in found(BARE, reading):
        if reading.shown[match.start()] not in "aA" or match[0][:3] != "as " or _looks_like_a_time(match, reading):
            yield _fact(match, _open_minutes(match))
    for match in found(NAMED, reading):
        minutes = 0 if match["name"].startswith("meia") else NOON
        yield _fact(match, {minutes + (30 if match["half"] else 0)})
    for match in found(SPAN, reading):
        yield _fact(match, {int(match["from"]) * HOUR}, match.end("from"))


def lengths(reading: Reading) -> Iterator[Fact]:
    """Yield how long something takes or until when it is due, as a number and a unit."""
    for match in found(LENGTH, reading):
        if match["unit"].startswith("hora") and HOURS_WORD.search(
            reading.folded, max(match.start() - 10, 0), match.end()
        ):
            continue
        unit = UNIT.get(match["unit"][:3], "hour")
        for number in (match["number"], match["upto"]):
            if number and number not in ARTICLES:
                yield Fact("length", frozenset({(int(value_of(number)), unit)}), match.start(), match.end())
    for match in found(SHORT_LENGTH, reading):
        if _lasts(match, reading):
            yield Fact("length", frozenset({(int(match["number"]), "hour")}), match.start("number"), match.end())


def _lasts(match: re.Match[str], reading: Reading) -> bool:
    """Say whether hours with an h are a span of time: ``24h``, ``em 2h``, ``2h antes``; not ``de 8h a 12h``."""
    if int(match["number"]) >= 24 or match["after"]:  # noqa: PLR2004 - no clock shows it
        return True
    if not match["before"] or match["before"].startswith("ate"):
        return False
    return not re.match(r" (?:a|as|ate|e) ", reading.folded[match.end() : match.end() + 5])


def _looks_like_a_time(match: re.Match[str], reading: Reading) -> bool:
    """Tell ``as 3`` of a customer from ``as 3 unidades``: nothing, or no word it could count, follows."""
    after = reading.folded[match.end() : match.end() + 12]
    return not re.match(
        r" (?!(?:ta|da|no|na|e|ou|em|pra|para|por|pfv|pf|ok|nao|com|te|tem|pode|de|se|hoje|amanha|ja|que)\b)[a-z]",
        after,
    )


def _minutes(match: re.Match[str]) -> set[int]:
    minutes = _hour(match) * HOUR + _past(match)
    period, half = match["period"] or "", (match["half"] or "").strip()
    if (period.endswith(("tarde", "noite", "noche")) or half == "pm") and minutes < NOON:
        minutes += NOON
    if half == "am" and minutes >= NOON:
        minutes -= NOON
    return {minutes % DAY}


def _open_minutes(match: re.Match[str]) -> set[int]:
    minutes = _hour(match) * HOUR + _past(match)
    return {minutes} if minutes > NOON or not minutes else {minutes, (minutes + NOON) % DAY}


def _hour(match: re.Match[str]) -> int:
    return int(value_of(match["hour"]))


def _past(match: re.Match[str]) -> int:
    past = match["minute"]
    return 30 if past == "meia" else int(value_of(past)) if past else 0


def _fact(match: re.Match[str], minutes: set[int], end: int | None = None) -> Fact:
    return Fact("time", frozenset(minutes), match.start(), end or match.end())
