"""Which values are phone numbers: WhatsApp addresses (JIDs) and plain fields, never an internal ``@lid``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import chain

from secretaria.privacy import pseudonym

PHONE_SERVERS = frozenset({"s.whatsapp.net", "c.us"})
LID_SERVER = "lid"

_SHORTEST, _LONGEST = 8, 15
_SHORTEST_WITH_COUNTRY = 12
_LONGEST_WRITTEN = 64
_BRAZILIAN_NATIONAL = re.compile(r"\d\d(?:\d|9\d)\d{7}", re.ASCII)
_BRAZILIAN_MOBILE = re.compile(r"(55\d\d)9(\d{8})", re.ASCII)


def first_number(tiers: Iterable[Sequence[object]], other_lids: Iterable[object] = ()) -> str | None:
    """Return the first usable phone number.

    A later tier is looked at only when an earlier one holds nothing. Within a tier an address beats a plain field,
    so that a forged ``number`` beside a real address cannot redirect an answer.

    Args:
        tiers: Values of the fields that may hold the number, best first.
        other_lids: Further addresses; the digits of those that are ``@lid`` are not a phone either.

    Returns:
        Digits with the country code, ninth digit as received, or None.
    """
    split = [[(value, split_jid(value)) for value in tier if value is not None] for tier in tiers]
    jids = chain(map(split_jid, other_lids), (jid for tier in split for _, jid in tier))
    lids = {user for user, server in jids if server == LID_SERVER}
    for tier in split:
        by_address = (_number_of_jid(*jid) for _, jid in tier)
        by_field = (_number_of_plain(value, lids) for value, _ in tier)
        for number in chain(by_address, by_field):
            if number is not None and number not in lids:
                return number
    return None


def split_jid(value: object) -> tuple[str, str]:
    """Split an address into user (without the device suffix) and server; two empty strings when it is none."""
    if not isinstance(value, str) or "@" not in value:
        return "", ""
    user, _, server = value.strip().rpartition("@")
    if not user.isdigit():
        user = user.partition(":")[0].partition("_")[0]
    return user, server.lower()


def identity_key(number: str) -> str:
    """Return what two numbers of the same person share: Brazilian mobiles exist with and without the ninth digit.

    Args:
        number: Digits as received, for instance ``5520900000101``.

    Returns:
        The digits, without the ninth digit where it is 55 + area code + 9 + eight digits.
    """
    mobile = _BRAZILIAN_MOBILE.fullmatch(number)
    return mobile[1] + mobile[2] if mobile else number


def person_mark(number: str) -> str:
    """Return what stands for a person in logs and in the audit: the same however their ninth digit comes.

    Args:
        number: Digits as received.
    """
    return pseudonym(identity_key(number))


def _number_of_jid(user: str, server: str) -> str | None:
    usable = server in PHONE_SERVERS and user.isascii() and user.isdigit() and _SHORTEST <= len(user) <= _LONGEST
    return user if usable else None


def _number_of_plain(value: object, lids: set[str]) -> str | None:
    written = _written(value)
    digits = _digits(written)
    if digits is None or digits in lids:
        return None
    if written.startswith("+") or len(digits) >= _SHORTEST_WITH_COUNTRY:
        return digits if _SHORTEST <= len(digits) <= _LONGEST else None
    return "55" + digits if _BRAZILIAN_NATIONAL.fullmatch(digits) else None


def _written(value: object) -> str:
    """Return a plain field as a person would write it: phone books wrap numbers in invisible direction marks."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if value > 0 else ""
    if not isinstance(value, str) or "@" in value or len(value) > _LONGEST_WRITTEN:
        return ""
    return "".join(character for character in value if unicodedata.category(character) != "Cf").strip()


def _digits(written: str) -> str | None:
    """Drop punctuation and read decimal digits of any script; a letter, or a sign such as ``²``, spoils the whole."""
    digits = []
    for character in written:
        if character.isdecimal():
            digits.append(str(unicodedata.decimal(character)))
        elif character.isalnum():
            return None
    return "".join(digits)
