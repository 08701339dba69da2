"""Finds payment cards, by issuer, length and Luhn's digit, and their security codes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secretaria.privacy.digits import Window
from secretaria.privacy.folding import Folded
from secretaria.privacy.spans import Span, tag
from secretaria.privacy.surroundings import FILL

ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-59]|[689]\d)\d{11}(?:\d{2})?"  # Diners
    r"|(?:6011|65\d{2}|64[4-9]\d)\d{12}(?:\d{3})?"  # Discover, Elo
    r"|(?:2131|1800)\d{11}|35(?:2[89]|[3-8]\d)\d{12}"  # JCB
    r"|(?:50\d{2}|5[6-9]\d{2}|6\d{3})\d{8,15}"  # Elo, Maestro, Hipercard, UnionPay
)
LONGEST_RUN = 27  # a card, its date and its code; longer runs are slips and access keys
NAMED = re.compile(
    rf"(?<![a-z\[])(?:cartao|cartoes|card|pan|visa|mastercard|master|elo|amex|hipercard)(?![a-z]){FILL}{{0,8}}"
    r"(?:(?:de credito|de debito|credito|debito|final)[\s:]{0,3}){0,2}(?P<card>\d(?:[ .\-]{0,2}\d){12,18})(?![\d])"
)
CODE_WORD = r"(?:cvv2?|cvc2?|cvn|csc|cod(?:igo|\.)?\s(?:de\s)?(?:seguranca|seg\.?)|codigo verificador|codigo de verificacao do cartao|security code)"
CODE_AFTER = re.compile(
    rf"(?<![a-z\[]){CODE_WORD}(?![a-z])(?:{FILL}|cartao|verso|do|e|code|cvv|(?<![a-z])cod(?:igo)?(?![a-z])){{0,10}}(?P<code>\d(?:[ .-]?\d){{2,3}})(?![\d/:]|[.,]\d)"
)
CODE_BEFORE = re.compile(
    rf"(?<![\d/:.,])(?P<code>\d{{3,4}})[\s,(:=-]{{1,4}}(?:(?:e|eh|o|de|do|no)\s{{1,2}}){{0,3}}{CODE_WORD}(?![a-z])"
)
BEHIND_CARD = re.compile(
    r"[\s,;|/-]{1,4}(?:(?:val(?:idade|\.)?|venc(?:imento)?\.?|exp\.?)[\s:]{0,3})?(?:0[1-9]|1[0-2])\s?/\s?(?:20)?\d{2}[\s,;|/-]{1,4}(?:(?:e|o|cod(?:igo|\.)?)[\s:]{1,3}){0,3}(?P<code>\d{3,4})(?![\d/:.,])"
)


def find_card_codes(folded: Folded) -> Iterator[Span]:
    """Yield cards that are called so, and security codes near their name."""
    low = folded.low
    if any(word in low for word in ("cart", "card", "pan", "visa", "master", "elo", "amex")):
        yield from (Span(*found.span("card"), tag("cartao")) for found in NAMED.finditer(low))
    if any(word in low for word in ("cv", "csc", "seg", "verifica", "security")):
        for pattern in (CODE_AFTER, CODE_BEFORE):
            yield from (Span(*found.span("code"), tag("cvv")) for found in pattern.finditer(low))


def card_of(window: Window, low: str) -> Iterator[Span]:
    """Yield the card that a window of digits is, and the code that follows it."""
    digits = window.digits
    if window.run_digits > LONGEST_RUN or low[window.start - 1 : window.start].isalpha():
        return
    if ISSUERS.fullmatch(digits) is None or not _passes_luhn(digits):
        return
    yield Span(window.start, window.end, tag("cartao"))
    behind = BEHIND_CARD.match(low, window.end)
    if behind is not None:
        yield Span(*behind.span("code"), tag("cvv"))


def _passes_luhn(digits: str) -> bool:
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    return (sum(map(int, digits[-1::-2])) + sum(value - 9 if value > 9 else value for value in doubled)) % 10 == 0
