"""A text is read once: folded so that every spelling looks the same, each fact with its place in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

IS = re.compile(r"(?<!\w)[éÉ](?!\w)")


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing a text states.

    Attributes:
        kind: ``price``, ``time``, ``day``, ``phone`` and so on.
        values: What it may mean; more than one where the words leave it open, as "às 3" does.
        start: Where it begins in the folded text.
        end: Where it ends.
    """

    kind: str
    values: frozenset[object]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A text in two spellings of the same length.

    Attributes:
        shown: As it is read, without what cannot be seen.
        folded: In lower case, without accents, digits of every script as ours.
    """

    shown: str
    folded: str

    def words(self, start: int, end: int) -> str:
        """Return the words of a place as they were written."""
        return self.shown[start:end].strip()


@lru_cache(maxsize=4096)
def read(text: str) -> Reading:
    """Fold a text, character by character, so that places agree between both spellings."""
    pairs = [pair for character in unicodedata.normalize("NFKC", text) for pair in _folded(character)]
    shown, folded = ("".join(side) for side in zip(*pairs, strict=True)) if pairs else ("", "")
    return Reading(shown, _told_apart(shown, folded))


def _told_apart(shown: str, folded: str) -> str:
    """Write the verb ``é`` as ``=``, so that it is not taken for the ``e`` between two values."""
    places = {match.start() for match in IS.finditer(shown)}
    return "".join("=" if place in places else letter for place, letter in enumerate(folded)) if places else folded


def found(pattern: re.Pattern[str], reading: Reading) -> Iterator[re.Match[str]]:
    """Yield every match in the folded text."""
    return pattern.finditer(reading.folded)


@lru_cache(maxsize=4096)
def _folded(character: str) -> tuple[tuple[str, str], ...]:
    if character.isascii():
        return ((character, character.lower()),)
    category = unicodedata.category(character)
    if category in {"Cf", "Mn", "Me"}:
        return ()
    if category == "Nd":
        return ((character, str(unicodedata.decimal(character))),)
    if character in "。｡":
        return ((character, "."),)
    if category in {"Pd", "Zs"} or character == "−":
        return ((character, " " if category == "Zs" else "-"),)
    base = unicodedata.normalize("NFD", character)[0].lower()
    return ((character, base if len(base) == 1 else character),)
