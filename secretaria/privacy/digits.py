"""Groups of digits, the runs they stand in, and what in a text only looks like a number of a person."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from secretaria.privacy.spans import Places, Span

GROUP = re.compile(r"\d+")
RUN = re.compile(r"(?<![\d*])\d(?:[ .\-/()]{0,4}\d){7,}")
LONGEST_WINDOW = 19
SHORTEST_WINDOW = 8
MOST_GROUPS = 7

KEPT_WORDS = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # UUIDs
    r"|(?<![0-9a-z])(?=[0-9]*[a-f])[0-9a-f]{16,}(?![0-9a-z])"  # hashes
    r"|(?<![0-9a-z])[a-z]{2}\d{9}[a-z]{2}(?![0-9a-z])"  # tracking codes
)
KEPT_NUMBERS = re.compile(
    r"(?<=[$€£])\d[\d.,]*|(?<=[$€£] )\d[\d.,]*"  # prices
    r"|(?<![\d.])\d{1,3}(?:\.\d{3})*,\d{2}(?!\d)"
    r"|\d{4}-\d{2}-\d{2}(?:[t ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:z|[+-]\d{2}:?\d{2})?)?(?!\d)"  # times
    r"|(?<![\d/.-])\d{1,2}/\d{1,2}/(?:\d{4}|\d{2})(?![\d/])|(?<![\d.-])\d{1,2}([.-])\d{1,2}\1(?:19|20)\d{2}(?![\d.-])"
    r"|(?<![\d:])\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?![\d:])|\d{1,2}h\d{2}(?!\d)"
    r"|(?<![\d.])(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}(?:[:/]\d{1,5})?(?![\d.-])"  # addresses
    r"|\d{7}-\d{2}\.\d{4}\.\d\.\d{2}\.\d{4}(?!\d)"  # court cases
    r"|\d{1,3}\.\d{4,},\s?-?\d{1,3}\.\d{4,}"  # coordinates
    r"|\d{5}\.\d{5} \d{5}\.\d{6} \d{5}\.\d{6} \d \d{14}(?!\d)"  # payment slips
    r"|(?:\d{4}[ .]){10}\d{4}(?!\d)"  # access keys of invoices
)


class Group(NamedTuple):
    """Digits without anything between them."""

    start: int
    end: int
    digits: str


class Window(NamedTuple):
    """Neighbouring groups of one run that may be one number.

    Attributes:
        run_digits: How many digits the whole run has.
        position: Index of the first group in its run.
    """

    start: int
    end: int
    digits: str
    shape: tuple[int, ...]
    run_digits: int
    position: int


def find_numbers(low: str, read: Callable[[Window], Sequence[Span]]) -> Iterator[Span]:
    """Yield what a reader makes of the numbers of a text, the longest window first; what was read is not read again."""
    done = 0
    for run in _free_runs(low):
        total = sum(len(group.digits) for group in run)
        if total < SHORTEST_WINDOW:
            continue
        singles = all(len(group.digits) == 1 for group in run)
        for position, group in enumerate(run):
            if group.start < done or (len(group.digits) == 1 and position and len(run[position - 1].digits) == 1):
                continue  # inside what was read, or inside a number spelled digit by digit
            for window in _windows_from(run, position, total, LONGEST_WINDOW if singles else MOST_GROUPS):
                if spans := read(window):
                    yield from spans
                    done = window.end
                    break


def _windows_from(run: Sequence[Group], position: int, total: int, most: int) -> list[Window]:
    found: list[Window] = []
    digits = ""
    shape: tuple[int, ...] = ()
    for group in run[position : position + most]:
        digits += group.digits
        shape += (len(group.digits),)
        if len(digits) > LONGEST_WINDOW:
            break
        if len(digits) >= SHORTEST_WINDOW:
            found.append(Window(run[position].start, group.end, digits, shape, total, position))
    return found[::-1]


def _free_runs(low: str) -> Iterator[list[Group]]:
    """Yield runs, cut where something stands that only looks like a number of a person."""
    words: Places | None = None
    for run in _runs(low):
        if sum(len(group.digits) for group in run) < SHORTEST_WINDOW:
            continue
        words = words or Places(found.span() for found in KEPT_WORDS.finditer(low))
        free: list[Group] = []
        kept_until = 0
        for group in run:
            kept = KEPT_NUMBERS.match(low, group.start) if group.start >= kept_until else None
            kept_until = kept.end() if kept else kept_until
            if group.start >= kept_until and not words.touch(group.start, group.end):
                free.append(group)
            elif free:
                yield free
                free = []
        if free:
            yield free


def _runs(low: str) -> Iterator[list[Group]]:
    for run in RUN.finditer(low):
        yield [Group(match.start(), match.end(), match[0]) for match in GROUP.finditer(low, run.start(), run.end())]
