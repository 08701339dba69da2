"""Days: ``12/08``, ``12 de agosto``, ``amanhã``, ``segunda que vem``, ``de segunda a sexta``, against the calendar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta

from secretaria.replies.facts.reading import Fact, Reading, found

MONTHS = ("janeiro", "fevereiro", "marco", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro",
          "novembro", "dezembro")  # fmt: skip
_WEEKDAY = {
    "seg": 0, "segunda": 0, "ter": 1, "terca": 1, "qua": 2, "quarta": 2, "qui": 3, "quinta": 3, "sex": 4, "sexta": 4,
    "sab": 5, "sabado": 5, "dom": 6, "domingo": 6,
    "monday": 0, "tuesday": 1, "wednesday": 2, "thursday": 3, "friday": 4, "saturday": 5, "sunday": 6,
    "lunes": 0, "martes": 1, "miercoles": 2, "jueves": 3, "viernes": 4,
}  # fmt: skip
WORD = rf"(?:{'|'.join(sorted(_WEEKDAY, key=len, reverse=True))})s?(?:[- ]?feiras?)?"
# "segunda sessão", "sexta vez" and "quinta parcela" count; they name no day.
ORDINAL = r"(?! (?:via|vez|sessao|parcela|opcao|consulta |aplicacao|dose|parte|etapa|unidade|mensalidade|visita|mao))"
NUMERIC = re.compile(
    r"(?<![\d/.,-])(?P<day>[0-3]?\d)[/.-](?P<month>[01]?\d)(?:[/.-](?P<year>\d{4}|\d{2}))?(?![\d/]|,\d|\.\d)"
)
ISO = re.compile(r"(?<!\d)(?P<year>20\d\d)-(?P<month>[01]\d)-(?P<day>[0-3]\d)(?!\d)")
WRITTEN = re.compile(
    rf"(?<!\d)(?P<day>[0-3]?\d)o?(?P<more>(?:,? (?:e )?[0-3]?\d){{0,3}}) de (?P<month>{'|'.join(MONTHS)})(?: (?:de )?(?P<year>20\d\d))?"
)
BARE = re.compile(r"(?<![a-z])dias? (?P<day>[0-3]?\d)(?: e (?P<other>[0-3]?\d))?(?![\d/]| de [a-z]{3})")
RELATIVE = re.compile(
    r"(?<![a-z])(?P<name>depois de amanha|amanha|hoje|hj|amn|anteontem|ontem|today|tomorrow|hoy)(?![a-z])"
)
AHEAD = {"hoje": 0, "hj": 0, "today": 0, "hoy": 0, "amanha": 1, "amn": 1, "tomorrow": 1, "depois de amanha": 2,
         "ontem": -1, "anteontem": -2}  # fmt: skip
RANGE = re.compile(rf"(?<![a-z])(?P<from>{WORD}) (?:a|ate|to) (?P<to>{WORD})(?![a-z])")
NAMED = re.compile(rf"(?<![a-z])(?P<word>{WORD}){ORDINAL}(?P<next>,? (?:q|que) vem)?(?![a-z])")
WEEK = 7
# A date without a year is the one nearest to four months from now: more is said of what comes than of what was.
AHEAD_OF_TODAY = timedelta(days=120)


def days(reading: Reading, today: date | None) -> Iterator[Fact]:
    """Yield every date of a text.

    Args:
        reading: The text.
        today: In the zone of the business; None where the text was not written in this conversation, and "amanhã"
            means no date.
    """
    for pattern in (ISO, NUMERIC, WRITTEN):
        for match in found(pattern, reading):
            yield from _dated(match, today)
    if today is None:
        return
    for match in found(RELATIVE, reading):
        day = today + timedelta(days=AHEAD[match["name"]])
        yield Fact("day", frozenset({day}), match.start(), match.end())
    for match in found(BARE, reading):
        for name in ("day", "other"):
            if match[name]:
                yield Fact(
                    "day", frozenset(_next_numbered(int(match[name]), today)), match.start(name), match.end(name)
                )


def weekdays(reading: Reading) -> Iterator[Fact]:
    """Yield every day of the week, a range as all of its days; 0 is Monday."""
    covered: list[tuple[int, int]] = []
    for match in found(RANGE, reading):
        first, last = weekday(match["from"]), weekday(match["to"])
        covered.append(match.span())
        yield Fact("weekdays", frozenset({(first, last)}), match.start(), match.end())
    for match in found(NAMED, reading):
        if not any(start <= match.start() < end for start, end in covered):
            yield Fact("weekday", frozenset({weekday(match["word"])}), match.start(), match.end())


def weekday(word: str) -> int:
    """Return the number of a day of the week as it is written, ``terças-feiras`` for instance."""
    stem = re.split(r"[- ]|feira", word)[0]
    return _WEEKDAY.get(stem, _WEEKDAY.get(stem.removesuffix("s"), 0))


def next_of(weekday_number: int, today: date) -> set[date]:
    """Return the two next days with that name, today among them."""
    ahead = (weekday_number - today.weekday()) % WEEK
    return {today + timedelta(days=ahead), today + timedelta(days=ahead + WEEK)}


def _dated(match: re.Match[str], today: date | None) -> Iterator[Fact]:
    groups = match.groupdict()
    month = MONTHS.index(groups["month"]) + 1 if groups["month"] in MONTHS else int(groups["month"])
    numbers = [groups["day"], *re.findall(r"\d+", groups.get("more") or "")]
    for number in numbers:
        values = _dates(int(number), month, groups["year"], today)
        if values:
            yield Fact("day", frozenset(values), match.start(), match.end())


def _dates(day: int, month: int, year: str | None, today: date | None) -> set[date]:
    """Return the date in the year named, or in the year around today; none that the calendar does not have."""
    years = [int(year) + (0 if len(year) > 2 else 2000)] if year else _years(today)  # noqa: PLR2004 - 26 or 2026
    dates: set[date] = set()
    for candidate in years:
        with suppress(ValueError):
            dates.add(date(candidate, month, day))
    if today is None or year:
        return dates
    return {min(dates, key=lambda found: abs(found - today - AHEAD_OF_TODAY))} if dates else set()


def _years(today: date | None) -> list[int]:
    return [today.year - 1, today.year, today.year + 1] if today else list(range(2020, 2036))


def _next_numbered(day: int, today: date) -> set[date]:
    """Return the days with this number in this month and the next two."""
    return {
        candidate for candidate in (today + timedelta(days=ahead) for ahead in range(-15, 75)) if candidate.day == day
    }
