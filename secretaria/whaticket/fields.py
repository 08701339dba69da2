"""Looks things up in decoded JSON whose shape nobody guarantees: a wrong type reads as an absent field."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache


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


def every(source: object, paths: Iterable[str]) -> list[object]:
    """Return what stands at each of several dotted paths, in their order."""
    if not isinstance(source, dict):
        return [None for _ in paths]
    found: list[object] = []
    for path in paths:
        steps = _steps(path)
        value = source.get(steps[0])
        found.append(value if value is None or len(steps) == 1 else _beneath(value, steps))
    return found


def first_text(source: object, *paths: str) -> str:
    """Return the first text at the given paths that shows anything, else an empty string."""
    for value in every(source, paths):
        if value is not None and not is_blank(text := text_of(value)):
            return text
    return ""


def text_of(value: object) -> str:
    """Return a string as it is and a number as it was printed; anything else is no text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
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
