"""Finds phone numbers in every Brazilian writing, in WhatsApp's ids and links, and those of other countries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from secretaria.privacy.digits import Window
from secretaria.privacy.folding import Folded
from secretaria.privacy.spans import Span, tag
from secretaria.privacy.surroundings import Surroundings

AREAS = frozenset(
    "11 12 13 14 15 16 17 18 19 21 22 24 27 28 31 32 33 34 35 37 38 41 42 43 44 45 46 47 48 49 51 53 54 55 61 62 63 64 65 66 67 68 69"
    " 71 73 74 75 77 79 81 82 83 84 85 86 87 88 89 91 92 93 94 95 96 97 98 99".split()
)
INVENTED_AREA = "20"  # given to nobody; what we invent for examples and tests is hidden like the rest
COUNTRY = "55"
LANDLINE, NINE, NATIONAL = 8, 9, (10, 11)
SHORTEST, LONGEST = 8, 15

WHATSAPP_ID = re.compile(
    r"(?<!\d)\d{8,20}(?:-\d{8,12})?(?:[:.]\d{1,3}){0,2}(?=@(?:s\.whatsapp\.net|c\.us|lid|hosted|broadcast))"
    r"|(?<!\d)\d{8,15}(?=-\d{8,12}@g\.us)"
)
LINK = re.compile(
    r"(?:wa\.me/(?:message/)?|tel:|sms:|callto:|whatsapp://send/?\?phone=|waid=|wa_id|[?&](?:phone|number|numero|telefone|celular|tel)=)"
    r"[\"'”:=\s]{0,4}(?P<number>\+?[\d\s().-]{7,24}\d)"
)
FIELD = re.compile(
    r"(?:(?<![a-z])(?:phone|telefone|celular|whatsapp|msisdn|mobile|fone|tel|zap|number|from|to|remetente|destinatario|sender|recipient)"
    r"(?:_?(?:number|numero|phone))?|remote_?jid|participant|jid|contact_?(?:number|phone))"
    r"(?:[\"'”]\s{0,2}:\s{0,2}[\"'”]?|\)?\s{0,2}=\s{0,2}[\"'”(]?)\+?(?P<number>\d{8,15})(?![\d.a-z-])"
)
FOREIGN = re.compile(r"(?<![\w+*])\+ ?(?P<number>[1-9]\d{0,3}(?:[ .()/-]{1,3}\d{1,8}|\d{1,8}){1,7})(?![\d*])")
GLUED_WORD = re.compile(
    r"(?<![a-z])(?:tel|fone|telefone|cel|celular|zap|whats|whatsapp|wpp|phone|contato|numero|ddd|xx)$"
)
AFTER = re.compile(
    r"[\s,.()-]{0,3}(?:(?:e|eh|o|meu|seu|no|do|da|de|esse|este|numero|ok|ta)\s{1,2}){0,4}(?:zap|whats|wpp|tel|fone|fixo|cel(?![a-z])|celular)"
)
UNIT = re.compile(r"\s?(?:s|ms|us|ns|seg|segundos?|kg|km|m|mb|gb|bytes|%)(?![a-z])")
LANDLINE_SHAPES: AbstractSet[tuple[int, ...]] = {(4, 4)}
NINE_SHAPES: AbstractSet[tuple[int, ...]] = {
    (5, 4),
    (1, 4, 4),
    (1, 8),
    (3, 3, 3),
    (2, 3, 4),
    (3, 2, 4),
    (3, 6),
    (1, 2, 2, 2, 2),
    (4, 5),
    (1, 3, 5),
}
GLUED_MOBILES = {(11,), (7, 4), (3, 4, 4), (3, 8), (6, 5)}


def find_linked_phones(folded: Folded) -> Iterator[Span]:
    """Yield phones that are known by where they stand: an id, a link, a field, or behind a plus."""
    low = folded.low
    if "@" in low:
        yield from (_shown(low, *found.span()) for found in WHATSAPP_ID.finditer(low))
    for pattern in (LINK, FIELD):
        for found in pattern.finditer(low):
            yield _shown(low, *found.span("number"))
    if "+" in low:
        for found in FOREIGN.finditer(low):
            if _is_possible(found["number"]):
                yield _shown(low, *found.span())


def phone_of(window: Window, around: Surroundings) -> Span | None:
    """Return the phone that a window of digits is, or None."""
    low = around.low
    if not SHORTEST <= len(window.digits) <= LONGEST or not _is_phone(window, around) or not _stands_free(window, low):
        return None
    start = window.start
    if low[start - 1 : start] == "(" and ")" in low[start : window.end]:
        start -= 1
    if low[start - 1 : start] == "+":
        start -= 1
    return _shown(low, start, window.end)


def _shown(low: str, start: int, end: int) -> Span:
    digits = "".join(filter(str.isdigit, low[start:end]))
    return Span(start, end, tag("telefone", digits[-4:]))


def _stands_free(window: Window, low: str) -> bool:
    before, after = low[max(0, window.start - 12) : window.start], low[window.end : window.end + 1]
    if before[-1:].isalpha() and GLUED_WORD.search(before) is None:
        return False
    if after == "*" or (before[-1:] in {".", ","} and before[-2:-1].isdigit()):
        return False
    return not (
        after == "," and low[window.end + 1 : window.end + 2].isdigit() and window.shape == (len(window.digits),)
    )


def _is_phone(window: Window, around: Surroundings) -> bool:
    digits, shape = window.digits, window.shape
    if around.low[window.start - 1 : window.start] == "+" and digits.startswith(COUNTRY):
        return len(digits) in {12, 13} and _is_national(digits[2:])
    for prefix in _prefixes(digits):
        rest = digits[prefix:]
        if _is_national(rest) and _is_written_nationally(rest, _without(shape, prefix), window, around, prefix):
            return True
    if len(digits) == NINE and digits[0] == "9":
        return _is_local(window, around, NINE_SHAPES)
    if len(digits) == LANDLINE and digits[0] in "23456789":
        return _is_local(window, around, LANDLINE_SHAPES)
    return False


def _prefixes(digits: str) -> Iterator[int]:
    """Yield how many digits may be a prefix: nothing, the country, a trunk zero, zero and a carrier."""
    size = len(digits)
    if size in NATIONAL:
        yield 0
    if digits.startswith(COUNTRY):
        yield 2
        if digits[2:3] == "0":
            yield 3
    if digits.startswith("00" + COUNTRY):
        yield 4
    if digits.startswith("0"):
        yield from (1, 3)


def _is_national(digits: str) -> bool:
    if len(digits) not in NATIONAL:
        return False
    area, mobile = digits[:2], len(digits) == NATIONAL[1]
    if area not in AREAS and not (area == INVENTED_AREA and digits[2] in "90"):
        return False
    return digits[2] == "9" if mobile else digits[2] in "23456789" or area == INVENTED_AREA


def _is_written_nationally(
    digits: str, shape: tuple[int, ...], window: Window, around: Surroundings, prefix: int
) -> bool:
    """Say whether the groups are those of a phone; digits without any separator need ten and one, or a word before."""
    low = around.low
    floating = shape in {(2, 9), (2, 8)} and low[window.end - len(digits) + 1 : window.end - len(digits) + 2] == "."
    if floating and (len(digits) == NATIONAL[0] or UNIT.match(low, window.end)):
        return _has_context(window, around)
    if len(digits) == NATIONAL[1]:
        return shape[0] == 2 or shape in GLUED_MOBILES or all(size == 1 for size in shape)
    if shape in {(2, 4, 4), (2, 8)} and digits[:2] != INVENTED_AREA:
        return not (window.position and prefix == 0 and window.run_digits > 2 * LANDLINE + 6) or _has_context(
            window, around
        )
    if prefix and (shape in {(10,), (6, 4), (2, 4, 4), (2, 8)} or all(size == 1 for size in shape)):
        return True
    return _has_context(window, around)


def _without(shape: tuple[int, ...], prefix: int) -> tuple[int, ...]:
    """Take the digits of a prefix away from the groups."""
    left = list(shape)
    while prefix and left:
        taken = min(prefix, left[0])
        left[0] -= taken
        prefix -= taken
        if left[0] == 0:
            left.pop(0)
    return tuple(left)


def _is_local(window: Window, around: Surroundings, shapes: AbstractSet[tuple[int, ...]]) -> bool:
    if around.is_called_otherwise(window.start):
        return False
    if _has_context(window, around):
        return True
    if window.shape not in shapes or window.run_digits != len(window.digits):
        return False
    between = around.low[window.start + window.shape[0]]
    if len(window.digits) == LANDLINE:
        return between in " -." and not _is_range(window.digits)
    return True


def _is_range(digits: str) -> bool:
    first, second = int(digits[:4]), int(digits[4:])
    years = 1900 <= first <= 2100 and 1900 <= second <= 2100
    return years or 0 < second - first < 100 or (first % 50 == 0 and second % 50 == 0)


def _has_context(window: Window, around: Surroundings) -> bool:
    if around.is_called_otherwise(window.start):
        return False
    return around.is_called_phone(window.start) or AFTER.match(around.low, window.end) is not None


def _is_possible(number: str) -> bool:
    """Ask the library of all countries' plans about a number behind a plus."""
    import phonenumbers  # noqa: PLC0415  # heavy, and most texts hold no foreign number

    digits = "".join(filter(str.isdigit, number))
    if not 8 <= len(digits) <= 15:
        return False
    if digits.startswith(COUNTRY):
        return len(digits) >= 10
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(f"+{digits}"))
    except phonenumbers.NumberParseException:
        return False
