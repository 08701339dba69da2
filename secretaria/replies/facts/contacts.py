"""How somebody is reached or known: phones, e-mails, links, documents, Pix keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secretaria.replies.facts.reading import Fact, Reading, found

EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}(?:@|%40| ?[\[(]?(?: arroba | at )[\])]? ?)[a-z0-9-]{1,63}(?:(?:\.| ponto )[a-z0-9-]{1,63}){1,4}"
)
LINK = re.compile(
    r"(?:(?:https?|ftp|wss?|hxxps?|file|tg|whatsapp)://|www\.)[^\s<>\"'()\[\]]{1,2000}"
    r"|(?<![\w@.-])(?:[a-z0-9-]{1,63}\.){1,5}(?:com|br|net|org|info|biz|io|app|dev|site|online|store|shop|xyz|top|link|me|ly|gl|gg|co|ai|tk|ru|cn|in|us|uk|pt|es|ar|de|fr|it|eu|tv|cc|ws|club|live|vip|page|cloud|tech|example|exemplo|invalid|test|local|onion|example\.\w{2,3})(?![\w-]|\.[a-z])(?:[/?#:][^\s<>\"'()\[\]]{0,2000})?"
)
UUID = re.compile(r"(?<![0-9a-f-])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f-])")
CPF = re.compile(
    r"(?<![\d./-])\d{3}[. ]?\d{3}[. ]?\d{3}[-. ]\d{2}(?![\d/-])|(?<=cpf )\d{11}(?!\d)|(?<=cpf: )\d{11}(?!\d)"
)
CNPJ = re.compile(r"(?<![\w./-])[0-9a-z]{2}\.?[0-9a-z]{3}\.?[0-9a-z]{3}/[0-9a-z]{4}-?\d{2}(?!\d)")
RG = re.compile(r"(?<![a-z])rg[ :.]{1,3}(?P<number>[\d.]{7,12}-?[\dx])")
ELEVEN = re.compile(r"(?<![\w./,-])(?<!protocolo )(?<!pedido )(?<!nota )(?<!codigo )(?:\d{11}|\d{14})(?![\w/-]|[.,]\d)")
CARD = re.compile(r"(?<![\d.,])(?!55\d{10,11}(?!\d))\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{1,7}(?![\d])")
SEPARATOR = r"[ .\-–]?"
PHONE = re.compile(
    rf"(?<![\w/$.,])(?:\+?(?P<country>55)[ .-]?)?(?:\(? ?0?(?P<area>[1-9]\d) ?\)?{SEPARATOR})?(?P<number>9?{SEPARATOR}\d{{4}}[ .\-–]?\d{{4}})(?![\d/]|,\d|\.\d|-\d)"
)
FOREIGN = re.compile(r"(?<![\w])\+(?!55)\d{1,3}[ .-]?[\d ().-]{6,16}\d")
TOLL = re.compile(r"(?<!\d)0[358]00[ .-]?\d{3}[ .-]?\d{4}(?!\d)")
SHORT = re.compile(
    r"(?<![a-z])(?:ligu\w{1,3}|disqu\w{1,3}|chame\w?|samu|bombeiros|policia)(?: (?:para|pra|pro|o|no|ao|no numero|a|do|e)){0,3}:? (?P<number>\d{3})(?!\d| (?:vez|min|ano)|[.,]\d)"
)
DIGIT = {
    "zero": "0", "um": "1", "uma": "1", "dois": "2", "duas": "2", "tres": "3", "quatro": "4", "cinco": "5", "seis": "6",
    "meia": "6", "sete": "7", "oito": "8", "nove": "9",
}  # fmt: skip
SPOKEN = re.compile(rf"(?<![a-z])(?:(?:{'|'.join(DIGIT)})[ ,.;-]{{1,3}}){{7,14}}(?:{'|'.join(DIGIT)})(?![a-z])")
SPACED = re.compile(r"(?<![\w])(?:\d[ .,-]{1,2}){7,14}\d(?![\w])")
LOCAL_DIGITS = 8


def emails(reading: Reading) -> Iterator[Fact]:
    """Yield every e-mail address, ``fulano arroba dominio ponto com`` among them."""
    for match in found(EMAIL, reading):
        address = re.sub(r"%40| ?[\[(]?(?: arroba | at )[\])]? ?", "@", match[0]).replace(" ponto ", ".").rstrip(".")
        yield Fact("email", frozenset({address}), match.start(), match.end())


def links(reading: Reading) -> Iterator[Fact]:
    """Yield every link, also a bare domain, without its scheme."""
    addresses = [match.span() for match in found(EMAIL, reading)]
    for match in found(LINK, reading):
        if not any(start <= match.start() < end for start, end in addresses):
            yield Fact("link", frozenset({address(match[0])}), match.start(), match.end())


def address(link: str) -> str:
    """Return a link as it is compared: without scheme, ``www.`` and closing punctuation."""
    bare = re.sub(r"^[a-z]+://", "", link.lower()).removeprefix("www.")
    return bare.rstrip(".,;:!?)/")


def host(link: str) -> str:
    """Return the host a link really leads to: behind the last @, before the port and the path."""
    return re.split(r"[/?#\\]", address(link), maxsplit=1)[0].rpartition("@")[2].partition(":")[0]


def documents(reading: Reading) -> Iterator[Fact]:
    """Yield what looks like a CPF, CNPJ, RG or card number, as its digits."""
    for pattern in (CPF, CNPJ, CARD):
        for match in found(pattern, reading):
            yield Fact("document", frozenset({re.sub(r"\W", "", match[0])}), match.start(), match.end())
    for match in found(ELEVEN, reading):
        if not PHONE.fullmatch(match[0]):
            yield Fact("document", frozenset({match[0]}), match.start(), match.end())
    for match in found(RG, reading):
        yield Fact("document", frozenset({re.sub(r"\W", "", match["number"])}), match.start(), match.end())


def pix_keys(reading: Reading) -> Iterator[Fact]:
    """Yield every random Pix key; the other kinds of key are phones, e-mails and documents."""
    for match in found(UUID, reading):
        yield Fact("pix", frozenset({match[0]}), match.start(), match.end())


def phones(reading: Reading) -> Iterator[Fact]:
    """Yield every phone number as area code and the last eight digits, the area code empty where none is written."""
    taken = [(fact.start, fact.end) for fact in (*documents(reading), *pix_keys(reading), *links(reading))]
    for match in found(PHONE, reading):
        digits = re.sub(r"\D", "", match["number"])
        plain = match["number"].isdigit() and not match["area"]
        if any(start <= match.start("number") < end for start, end in taken) or (plain and len(digits) == LOCAL_DIGITS):
            continue
        yield Fact("phone", frozenset({(match["area"] or "", digits[-LOCAL_DIGITS:])}), match.start(), match.end())
    for pattern in (FOREIGN, TOLL):
        for match in found(pattern, reading):
            yield Fact("phone", frozenset({("", re.sub(r"\D", "", match[0]))}), match.start(), match.end())
    for match in found(SPOKEN, reading):
        digits = "".join(DIGIT[word] for word in re.findall("[a-z]+", match[0]))
        yield Fact(
            "phone", frozenset({(digits[:-LOCAL_DIGITS][:2], digits[-LOCAL_DIGITS:])}), match.start(), match.end()
        )
    for match in found(SPACED, reading):
        digits = re.sub(r"\D", "", match[0])
        yield Fact(
            "phone", frozenset({(digits[:-LOCAL_DIGITS][:2], digits[-LOCAL_DIGITS:])}), match.start(), match.end()
        )
    for match in found(SHORT, reading):
        yield Fact("phone", frozenset({("", match["number"])}), match.start("number"), match.end())
