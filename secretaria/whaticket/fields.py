"""Looks things up in decoded JSON whose shape nobody guarantees: a wrong type reads as an absent field."""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import groupby
from typing import NamedTuple


def at(source: object, path: str) -> object:
    """Return what stands at a dotted path of object keys, or None when any step of it is missing."""
    if not isinstance(source, dict):
        return None
    steps = _steps(path)
    value = source.get(steps[0])
    return value if value is None or len(steps) == 1 else _beneath(value, steps)


def _beneath(value: object, steps: tuple[str, ...]) -> object:
    for key in steps[1:]:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


@cache  # the paths are those of our own tables: a hundred
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def every(source: object, paths: tuple[str, ...]) -> list[object]:
    """Return what stands at several dotted paths, in their order, without those where nothing stands or null does."""
    found: list[object] = []
    _collect(source, _ways(paths), found)
    return found


def _collect(source: object, ways: _Ways, found: list[object]) -> None:
    # Most events have few of the fields that some fork may have.
    if not isinstance(source, dict) or source.keys().isdisjoint(ways.roots):
        return
    for root, beneath in ways.branches:
        value = source.get(root)
        if value is None:
            continue
        if beneath is None:
            found.append(value)
        else:
            _collect(value, beneath, found)


class _Ways(NamedTuple):
    """Dotted paths as a tree: what several of them share is walked once."""

    roots: frozenset[str]
    branches: tuple[tuple[str, _Ways | None], ...]


@cache  # as for the steps
def _ways(paths: tuple[str, ...]) -> _Ways:
    branches: list[tuple[str, _Ways | None]] = []
    for (root, is_end), sharing in groupby(paths, lambda path: (path.partition(".")[0], "." not in path)):
        branches.append((root, None if is_end else _ways(tuple(path.partition(".")[2] for path in sharing))))
    return _Ways(frozenset(root for root, _ in branches), tuple(branches))


def first_text(source: object, *paths: str) -> str:
    """Return the first text at the given paths that shows anything, else an empty string."""
    for value in every(source, paths):
        if not is_blank(text := text_of(value)):
            return text
    return ""


def text_of(value: object) -> str:
    """Return a string as it is and a number as it was printed; anything else is no text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return str(value)


def is_blank(text: str) -> bool:
    """Tell whether nothing is left after removing white space and Unicode format characters (category Cf)."""
    return not text[:1].isalnum() and all(
        character.isspace() or unicodedata.category(character) == "Cf" for character in text
    )


def is_true(value: object) -> bool:
    """Tell whether a flag is set, as a JSON boolean or, from builds that send texts, as the word."""
    return value is True or value == "true"
