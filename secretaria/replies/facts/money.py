"""Prices: ``R$ 1.290``, ``1290,00``, ``mil duzentos e noventa reais``, ``5 conto``, and what is given away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from secretaria.replies.facts.numbers import DIGITS, SPELLED, value_of
from secretaria.replies.facts.reading import Fact, Reading, found

NUMBER = rf"(?:{DIGITS}|{SPELLED})"
SIGN = r"(?:r ?\$|rs\.?(?= ?\d)|brl|us ?\$|u\$|usd|eur(?![a-z])|\$|€|£)"
NAME = r"(?:reais|real|r\$|rs(?![a-z])|brl|contos?|pilas?|mangos?|pratas|dolares|dolar|dollars?|euros?|bucks)(?![a-z])"
SIGNED = re.compile(rf"(?<![a-z]){SIGN}\s{{0,3}}(?P<number>{NUMBER})(?P<thousand> ?(?:mil|k)(?![a-z]))?")
NAMED = re.compile(rf"(?<![\w,.$])(?P<number>{NUMBER})(?P<thousand> ?(?:mil|k)(?![a-z]))?\s{{0,3}}(?:{NAME}|centavos)")
ASKED = r"(?:custa(?:m|ra)?|sai(?:em)? (?:por|a)|fica(?:m)? por|por (?:apenas|so|somente)|cobramos|cobra-se|preco(?: [e=]| de|:)|valor(?: [e=]| de|:)|a vista(?: [e=]| por)?|tudo por|fecho (?:por|em)|faco por|fazemos por)"
NOT_MONEY = r"(?! ?(?:h\b|:\d|min|hora|dia|mes|ano|semana|sess|vez|x\b|%|por cento|km|kg|mil km|litro|dente|pessoa|unidade|vaga|/\d))"
BARE = re.compile(rf"(?<![a-z])(?:{ASKED}) (?P<number>{DIGITS})(?P<thousand>\b){NOT_MONEY}(?![\w])")
CENTS_WRITTEN = re.compile(
    r"(?<![\w.,/:-])(?P<number>\d{1,3}(?:\.\d{3})*,\d{2})(?P<thousand>\b)(?![\w%]|[.,/]\d| ?(?:%|por cento|k?g\b|m\b|cm\b|km|ml\b|l\b|litro|metro|quilo|hora|min|grau|ponto))"
)
FREE = re.compile(
    r"(?<![a-z])(?:gratis|de graca|gratuit[oa]s?|sem (?:nenhum )?custo|(?:custo|valor|preco) zero|nada a pagar|paga (?:depois )?nada|nao (?:tem|ha|te[mr]a) custo|nao paga nada"
    r"|por conta da casa|por nossa conta|cortesia|isent[oa]s?|free of charge|for free|sin costo)(?![a-z])"
)

NOT_FREE = re.compile(
    r"\bnao (?:e|=|faz|fazemos|fazem|oferec\w+|damos|temos|trabalh\w+|atend\w+|sai|seria|consig\w+|conseguimos|posso|podemos)(?: \w+){0,2} $"
)


def prices(reading: Reading) -> Iterator[Fact]:
    """Yield every price of a text; what is given away costs nothing and is of a kind of its own."""
    taken: set[int] = set()
    for pattern in (SIGNED, NAMED, BARE, CENTS_WRITTEN):
        for match in found(pattern, reading):
            start = match.start("number")
            if start not in taken:
                taken.add(start)
                yield Fact("price", frozenset({_value(match)}), match.start(), match.end())
    for match in found(FREE, reading):
        if NOT_FREE.search(reading.folded, max(match.start() - 50, 0), match.start()):
            continue
        yield Fact("free", frozenset({Decimal(0)}), match.start(), match.end())


def _value(match: re.Match[str]) -> Decimal:
    value = value_of(match["number"])
    if match["thousand"]:
        value *= 1000
    if match[0].endswith("centavos"):
        value /= 100
    return value.normalize()
