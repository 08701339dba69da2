"""Addresses: the name of a street and its number, a number, a room."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secretaria.replies.facts.reading import Fact, Reading, found

KIND = r"(?:rua|r\.|avenida|av\.?|alameda|al\.|travessa|tv\.|praca|pca\.?|rodovia|rod\.|estrada|est\.|largo|viela|ladeira|calle)"
STREET = re.compile(
    rf"(?<![a-z]){KIND} (?P<name>[a-z0-9]+(?:[ .]+[a-z0-9]+){{0,5}}?)(?:(?:,? (?:n[o.]{{0,2}}|numero)|,) ?(?P<number>\d{{1,5}})|(?= ?[,;.()\n]|$| (?:em|na|no|ao|e|fica|que|das|de segunda)\b))"
)
NUMBER = re.compile(r"(?<![a-z])(?:numero|n[o.]|nº) ?(?P<number>\d{1,5})(?!\d)")
ROOM = re.compile(
    r"(?<![a-z])(?P<room>salas?|loja|conjunto|conj\.?|apto|apartamento|bloco|andar|box|km|cep:?|linhas?) (?P<number>\d[\d-]{0,8})(?: e (?P<other>\d{1,4}))?|(?P<floor>\d{1,2})o andar"
)
SMALL = {"da", "das", "de", "do", "dos", "dr", "dra", "e"}


def addresses(reading: Reading) -> Iterator[Fact]:
    """Yield every street with its number, and every room, floor and line that helps to find it."""
    for match in found(STREET, reading):
        name = " ".join(word for word in re.findall(r"[a-z0-9]+", match["name"]) if word not in SMALL)
        yield Fact("address", frozenset({name}), match.start(), match.end())
        if match["number"]:
            yield Fact("number", frozenset({match["number"]}), match.start("number"), match.end())
    for match in found(NUMBER, reading):
        yield Fact("number", frozenset({match["number"]}), match.start(), match.end())
    for match in found(ROOM, reading):
        for name in ("number", "other", "floor"):
            if match[name]:
                yield Fact("number", frozenset({match[name]}), match.start(name), match.end(name))
