"""What may be remembered: allowed keys with their types, proved by a quote, and nothing sensitive. Pure.

Left out on purpose (LGPD, art. 5 II and art. 11): anything of health, so also the health plan and the treatment somebody
asks about; documents, cards and contacts; religion; and whatever concerns another person than the customer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from secretaria.knowledge.chunks import slug
from secretaria.privacy import mask_text

NAME = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*(?: [^\W\d_]+(?:['’-][^\W\d_]+)*){0,4}")
NAME_LIMIT = 40
NAME_LIFE, TASTE_LIFE = timedelta(days=720), timedelta(days=180)
CHOICES = {
    "periodo_preferido": ("manha", "tarde", "noite"),
    "dia_preferido": ("segunda", "terca", "quarta", "quinta", "sexta", "sabado", "domingo"),
    "contato_preferido": ("mensagem", "ligacao", "email"),
    "tratamento": ("voce", "senhor", "senhora"),
    "idioma": ("pt", "es", "en"),
    "pagamento_preferido": ("pix", "cartao", "dinheiro", "boleto"),
}
KEYS = ("nome", "unidade_preferida", *CHOICES)
SENSITIVE = re.compile(
    r"(?:^|-)(?:dor|doi|doendo|doenca|doente|gravid[ao]|gestante|gravidez|diabet\w*|hipertens\w*|pressao-alta|cancer|hiv|aids"
    r"|depress\w*|ansiedade|autis\w*|deficien\w*|alergi\w*|remedio\w*|medica\w*|tratamento-de|cirurgia|exame|laudo|sangue"
    r"|convenio|plano-de-saude|carteirinha|cpf|rg|cnh|passaporte|cartao-sus|senha|cvv"
    r"|igreja|religi\w*|evangelic\w*|catolic\w*|espirit\w*|umband\w*|candomble|judeu|judia|muculman\w*|testemunha-de-jeova"
    r"|sindicat\w*|partido|petista|bolsonarista|gay|lesbica|trans|bissexual)(?:-|$)"
)
OTHERS = re.compile(
    r"(?:^|-)(?:filh[ao]s?|mae|pai|marido|esposa|esposo|mulher|namorad[ao]|irma|irmao|sogr[ao]|av[oa]|net[ao]|sobrinh[ao]"
    r"|amig[ao]|chefe|patrao|patroa|vizinh[ao]|prim[ao]|ti[ao]|bebe|enteado|enteada)(?:-|$)"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one proposal.

    Attributes:
        refused: Code of why not; empty when it is accepted.
        value: As it would be kept.
        position: Which message of the turn the quote stands in.
    """

    key: str
    value: str
    quote: str
    refused: str = ""
    position: int = 0


def judge_proposal(key: str, value: str, quote: str, texts: Sequence[str], units: Collection[str]) -> Verdict:
    """Decide whether something proposed may be remembered.

    Args:
        key: What it is.
        value: What it says.
        quote: The customer's words it rests on.
        texts: The customer's messages of this turn.
        units: Names of the business's units.
    """
    kept = _typed(key, value, units)
    position = _position(quote, texts)
    refused = ""
    if key not in KEYS:
        refused = "unknown_key"
    elif position is None:
        refused = "quote_not_said"
    elif kept is None:
        refused = "wrong_type"
    elif _is_sensitive(f"{value}\n{quote}"):
        refused = "sensitive"
    elif OTHERS.search(slug(quote)):
        refused = "another_person"
    elif not _follows(key, kept, quote):
        refused = "does_not_follow"
    return Verdict(key, kept or "", quote, refused, position or 0)


def may_be_written(key: str, value: str, units: Collection[str]) -> str | None:
    """Return what an operator notes as it would be kept; None where it is of no kind that may be.

    Args:
        key: What it is.
        value: What it says.
        units: Names of the business's units.
    """
    kept = _typed(key, value, units)
    return None if kept is None or _is_sensitive(value) else kept


def life_of(key: str) -> timedelta:
    """Return how long a fact is told before it must be said again."""
    return NAME_LIFE if key == "nome" else TASTE_LIFE


def _typed(key: str, value: str, units: Collection[str]) -> str | None:
    readers: dict[str, Callable[[], str | None]] = {
        "nome": lambda: _name(value),
        "unidade_preferida": lambda: next((unit for unit in units if slug(unit) == slug(value)), None),
    }
    if key in readers:
        return readers[key]()
    return next((choice for choice in CHOICES.get(key, ()) if choice == slug(value)), None)


def _name(value: str) -> str | None:
    written = " ".join(value.split())
    return written if len(written) <= NAME_LIMIT and NAME.fullmatch(written) else None


def _position(quote: str, texts: Sequence[str]) -> int | None:
    """Find the message that holds the quote, however its spaces, accents and capitals were copied."""
    wanted = slug(quote)
    if not wanted:
        return None
    return next((place for place, text in enumerate(texts) if f"-{wanted}-" in f"-{slug(text)}-"), None)


def _is_sensitive(text: str) -> bool:
    return bool(SENSITIVE.search(slug(text))) or mask_text(text) != text


def _follows(key: str, value: str, quote: str) -> bool:
    """A name and a unit must stand in the quote themselves; a period may be said in other words."""
    if key not in {"nome", "unidade_preferida"}:
        return True
    return f"-{slug(value)}-" in f"-{slug(quote)}-"
