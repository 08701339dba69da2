"""Where something was found, what is shown in its place, and how several findings become one text again."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

JSON_VALUE = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*', re.DOTALL)
TAGS = (
    "cpf", "cnpj", "rg", "cnh", "documento", "telefone", "e-mail", "cartao", "cvv", "cep", "pix", "nascimento", "segredo",
)  # fmt: skip
TAGGED = re.compile(rf"\[(?:{'|'.join(TAGS)})[\] ]")


class Span(NamedTuple):
    """A place, half open, and what is shown instead."""

    start: int
    end: int
    shown: str


class Places:
    """Places that do not overlap, asked whether they touch another."""

    def __init__(self, places: Iterable[tuple[int, int]]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(places):
            if self._ends and start < self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)

    def touch(self, start: int, end: int) -> bool:
        """Return whether any of them shares a character with this one."""
        before = bisect_right(self._starts, end - 1) - 1
        return before >= 0 and self._ends[before] > start


def tag(name: str, tail: str = "") -> str:
    """Return what stands for a hidden value: its kind, and its last characters where they may be seen."""
    return f"[{name} *{tail}]" if tail else f"[{name}]"


def merge(spans: Sequence[Span]) -> list[Span]:
    """Join what overlaps; the first finder names it."""
    order = {span: position for position, span in reversed(list(enumerate(spans)))}
    merged: list[Span] = []
    for span in sorted(order):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            named = span if order[span] < order.get(last, len(order)) else last
            joined = Span(last.start, max(last.end, span.end), named.shown)
            order.setdefault(joined, min(order[span], order.get(last, len(order))))
            merged[-1] = joined
        else:
            merged.append(span)
    return merged


def replace(text: str, spans: Sequence[Span]) -> str:
    """Put what is shown into a text; JSON stays JSON, a number that is hidden becomes a text."""
    if is_json(text):
        spans = _inside_values(text, spans)
    pieces: list[str] = []
    position = 0
    for start, end, shown in spans:
        if start >= position:
            pieces += (text[position:start], shown)
            position = end
    return "".join((*pieces, text[position:]))


def is_json(text: str) -> bool:
    """Return whether a text is a JSON object or array."""
    if text.lstrip()[:1] not in {"{", "["}:
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _inside_values(text: str, spans: Sequence[Span]) -> list[Span]:
    """Cut findings to the texts and numbers of a JSON; commas, brackets and quotes between them stay."""
    inside: list[Span] = []
    tokens = JSON_VALUE.finditer(text)
    token = next(tokens, None)
    for span in spans:
        while token is not None and token.end() <= span.start:
            token = next(tokens, None)
        while token is not None and token.start() < span.end:
            if token[0][0] != '"':
                inside.append(Span(token.start(), token.end(), json.dumps(span.shown)))
            elif (start := max(span.start, token.start() + 1)) < (end := min(span.end, token.end() - 1)):
                inside.append(Span(start, end, span.shown))
            if token.end() > span.end:
                break
            token = next(tokens, None)
    return inside
