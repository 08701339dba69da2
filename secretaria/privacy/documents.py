"""Finds documents of people and companies, by check digits where they have them and by their names where not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from secretaria.privacy.digits import Window
from secretaria.privacy.folding import Folded
from secretaria.privacy.spans import Span, tag
from secretaria.privacy.surroundings import FILL, Surroundings

if TYPE_CHECKING:
    from validate_docbr import CNPJ, CPF

CPF_DIGITS, CNPJ_DIGITS = 11, 14
MOST_CPF_GROUPS = 5
CPF_SHAPE, CNPJ_SHAPES = (3, 3, 3, 2), {(14,), (2, 3, 3, 4, 2), (8, 4, 2), (8, 6), (12, 2), (2, 3, 3, 6), (2, 6, 4, 2)}
LETTERED_CNPJ = re.compile(
    r"(?<![0-9A-Za-z])[0-9A-Za-z]{2} ?[.\- ]? ?[0-9A-Za-z]{3} ?[.\- ]? ?[0-9A-Za-z]{3} ?[/\- ]? ?[0-9A-Za-z]{4} ?[- ]? ?\d{2}(?![0-9A-Za-z])"
)

# Each is named by its word; behind it small words, then the value.
NAMED = {
    "cpf": rf"(?<![a-z\[])c\.? ?p\.? ?f\.?(?![a-z]){FILL}{{0,8}}(?P<cpf>\d(?:[\s.\-/]{{0,3}}\d){{8,10}})(?!\d)",
    "rg": (
        rf"(?<![a-z0-9\[])(?:r\.? ?g\.?|identidade|registro geral|carteira de identidade)(?![a-z0-9]){FILL}{{0,8}}"
        r"(?P<rg>(?:[a-z]{2}[\s.-]{0,2})?\d(?:[ .\-/]{0,2}\d){4,12}(?:[ -]{0,2}x(?![a-z0-9]))?)(?![\d,])"
    ),
    "cnh": (
        rf"(?<![a-z\[])(?:c\.?n\.?h\.?|habilitacao|carteira de motorista|registro da cnh)(?![a-z])(?:\s{{0,2}}(?:[a-e]{{1,2}}|categoria [a-e]{{1,2}})(?![a-z]))?"
        rf"{FILL}{{0,8}}(?P<cnh>\d(?:[ .\-]{{0,2}}\d){{8,11}})(?!\d)"
    ),
    "cep": rf"(?<![a-z\[])(?:c\.?e\.?p\.?|codigo postal|zip(?: ?code)?)(?![a-z]){FILL}{{0,8}}(?P<cep>\d{{2}}[ .]?\d{{3}}[ .-]{{0,3}}\d{{3}})(?!\d)",
    "documento": (
        r"(?<![a-z])(?:pis|pasep|nis|nit|titulo(?: de)? eleitor(?:al)?|cartao (?:do )?sus|cns|passaporte|rne|rnm|ctps|carteira de trabalho)(?![a-z])"
        rf"{FILL}{{0,8}}(?P<documento>(?:[a-z]{{1,2}} ?)?\d(?:[ .\-/]{{0,2}}\d){{5,15}})(?!\d)"
    ),
}
WORDS = {
    "cpf": ("cpf", "c.p", "c p"), "rg": ("rg", "r.g", "r g", "identidade", "registro geral"),
    "cnh": ("cnh", "c.n", "habilita", "motorista"), "cep": ("cep", "c.e", "postal", "zip"),
    "documento": ("pis", "pasep", "nis", "nit", "eleitor", "sus", "cns", "passaporte", "rn", "ctps", "trabalho"),
}  # fmt: skip
BY_NAME = {name: re.compile(pattern) for name, pattern in NAMED.items()}
CPF_COMMAS = re.compile(r"(?<![\d.,])\d{3}[.,]\d{3}[.,]\d{3}[-/]\d{2}(?![\d,])")
STATES = (
    "ac|al|ap|am|ba|ce|df|es|go|ma|mt|ms|mg|pa|pb|pr|pe|pi|rj|rn|rs|ro|rr|sc|sp|se|to"
)  # fmt: skip
RG_SHAPE = re.compile(
    rf"(?<![\d.,a-z-])(?:(?:{STATES})[ -]{{1,2}}\d{{1,2}}\.\d{{3}}\.\d{{3}}(?:-[\dx])?|\d{{1,2}}\.\d{{3}}\.\d{{3}}-[\dx])(?![\d.,a-z-])"
)
CEP_SHAPE = re.compile(r"(?<![\d.,\w-])(?:\d{5}-\d{3}|\d{2}\.\d{3}-\d{3})(?![\d\w]|[.,-]\d)")

UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}(?![0-9a-f])")
PIX_WORD = re.compile(r"pix|chave|(?<![a-z])key")
PIX_NEAR = 60
PIX_BEHIND = 40
OWN_LABEL = re.compile(
    r"(?:(?:(?<![a-z])|_|-)(?:id|ids|request|req|job|trace|tracing|correlation|correlacao|evento|event|span|message|msg|turn|session|transacao|uuid|guid)"
    r"(?:[_ -]?id)?)[\"'”\s:=#()/\[]{0,5}$"
)
PIX_LABEL = re.compile(r"(?:pix|chave)[a-z_ -]{0,14}[\"'”\s:=#()/\[]{0,5}$")
PIX_CODE = re.compile(
    r"0002\d{2}[^\"'”\r\n]{0,60}br\.gov\.bcb\.pix(?:[^\"'”\r\n]{0,600}?6304[0-9a-f]{4}|[^\s\"'”]{0,600})"
)

MONTHS = r"(?:jan|fev|mar|abr|mai|jun|jul|ago|set|out|nov|dez|feb|apr|may|aug|sep|oct|dec)[a-z]{0,8}"
DATE = (
    r"(?:\d{4}\s?[-/.]\s?\d{1,2}\s?[-/.]\s?\d{1,2}|\d{1,2}\s?[-/.]\s?\d{1,2}\s?[-/.]\s?\d{2,4}|\d{1,2} \d{1,2} \d{4}|\d{8}"
    rf"|(?:\d{{1,2}}o?|primeiro|[a-z]{{4,9}}(?: e [a-z]{{3,6}})?)[ ./-]{{1,2}}(?:de )?{MONTHS}(?:[ .,/-]{{1,3}}(?:de |do )?(?:\d{{4}}|\d{{2}}(?![\d:h])))?"
    r"|\d{1,2}\s?/\s?\d{1,2})(?![\d/])"
)
BIRTH_WORD = re.compile(
    r"(?<![a-z\[])(?:(?:data ?(?:de )?)?nasc(?:imento|ido|ida|i|eu)?|dt[_. ]?nasc|data_nasc(?:imento)?|aniversari(?:o|ante)|anivers|aniver|niver|d[./]n\.?|dn|dob|birth(?:[_ ]?da(?:y|te))?|"
    r"date[_ ]of[_ ]birth|born)(?![a-z])"
)
BIRTH_AFTER = re.compile(rf"[^\d\[]{{0,34}}?(?<![\d/])(?P<date>{DATE})")
BIRTH_BEFORE = re.compile(
    rf"(?<![\d/])(?P<date>{DATE})(?:[\s,(:=-]{{0,4}}(?:(?:e|eh|foi|a|o|minha|meu|data|de|dia|do|da|seu|sua|em|que|eu|ele|ela|quando)\s{{1,2}}){{0,6}})$"
)


def find_named_documents(folded: Folded, around: Surroundings) -> Iterator[Span]:
    """Yield documents that their word or their shape gives away."""
    low = folded.low
    for name, pattern in BY_NAME.items():
        if any(word in low for word in WORDS[name]):
            yield from (Span(*found.span(name), tag(name)) for found in pattern.finditer(low))
    yield from (Span(*found.span(), tag("cpf")) for found in CPF_COMMAS.finditer(low))
    yield from (
        Span(*found.span(), tag("rg")) for found in RG_SHAPE.finditer(low) if not _is_priced(low, found.start())
    )
    for found in CEP_SHAPE.finditer(low):
        if not around.is_called_otherwise(found.start()):
            yield Span(*found.span(), tag("cep"))
    for found in LETTERED_CNPJ.finditer(folded.plain):
        if _is_lettered_cnpj(found[0], low[max(0, found.start() - 24) : found.end() + 12]):
            yield Span(*found.span(), tag("cnpj"))


def find_pix_keys(folded: Folded) -> Iterator[Span]:
    """Yield random Pix keys and copied Pix codes; other UUIDs stay."""
    low = folded.low
    if "pix" not in low and "chave" not in low and "key" not in low:
        return
    yield from (Span(*found.span(), tag("pix")) for found in PIX_CODE.finditer(low))
    for found in UUID.finditer(low):
        start, end = found.span()
        before = low[max(0, start - PIX_NEAR) : start].rpartition("[")[
            2
        ]  # what is hidden already parts, as it did before it was
        if OWN_LABEL.search(before) and not PIX_LABEL.search(before):
            continue
        if PIX_WORD.search(before) or PIX_WORD.search(low[end : end + PIX_BEHIND].partition("[")[0]):
            yield Span(start, end, tag("pix"))


def find_births(folded: Folded) -> Iterator[Span]:
    """Yield dates of birth; other dates stay."""
    low = folded.low
    if not any(word in low for word in ("nasc", "niver", "dn", "d.n", "d/n", "birth", "dob", "born")):
        return
    for word in BIRTH_WORD.finditer(low):
        after = BIRTH_AFTER.match(low, word.end())
        if after is not None:
            yield Span(*after.span("date"), tag("nascimento"))
            continue
        reach = max(0, word.start() - 60)
        before = BIRTH_BEFORE.search(low[reach : word.start()])
        if before is not None:
            start, end = before.span("date")
            yield Span(reach + start, reach + end, tag("nascimento"))


def document_of(window: Window, low: str) -> Span | None:
    """Return the CPF or CNPJ that a window of digits is, or None."""
    if len(window.digits) == CPF_DIGITS and (
        _is_written_as_cpf(window, low) or (_is_cpf_shape(window) and _is_cpf(window.digits))
    ):
        return Span(window.start, window.end, tag("cpf"))
    if len(window.digits) == CNPJ_DIGITS and _is_cnpj_shape(window) and _is_cnpj(window.digits):
        return Span(window.start, window.end, tag("cnpj"))
    return None


def _is_written_as_cpf(window: Window, low: str) -> bool:
    if window.shape != CPF_SHAPE:
        return False
    written = low[window.start : window.end].replace(" ", "")
    return written[3] in ".-" and written[7] in ".-" and written[11] in "-/."


def _is_cpf_shape(window: Window) -> bool:
    return len(window.shape) <= MOST_CPF_GROUPS or len(window.shape) == CPF_DIGITS


def _is_cnpj_shape(window: Window) -> bool:
    return window.shape in CNPJ_SHAPES or all(size == 1 for size in window.shape)


def _is_lettered_cnpj(written: str, around: str) -> bool:
    value = "".join(filter(str.isalnum, written))
    if value.isdigit() or len(value) != CNPJ_DIGITS:
        return False
    if value != value.upper() and "cnpj" not in around and "." not in written:
        return False  # a random word of small letters is no document
    return _is_cnpj(value.upper())


def _is_priced(low: str, start: int) -> bool:
    return low[max(0, start - 3) : start].rstrip().endswith("$")


def _is_cpf(digits: str) -> bool:
    return bool(_checks()[0].validate(digits))


def _is_cnpj(value: str) -> bool:
    return bool(_checks()[1].validate(value))


@cache
def _checks() -> tuple[CPF, CNPJ]:
    from validate_docbr import CNPJ, CPF  # noqa: PLC0415  # only who meets a candidate pays for the library

    return CPF(), CNPJ()
