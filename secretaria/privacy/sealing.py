"""Seals what must rest where others may look: only who has the key of the installation can read it again."""

from __future__ import annotations

import base64
from functools import cache
from typing import TYPE_CHECKING

from secretaria.privacy.pseudonyms import derived_key

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


class SealBroken(ValueError):
    """It was not sealed by this installation for this purpose, or it was changed."""


def seal(purpose: str, text: str) -> bytes:
    """Return a text so that only ``unseal`` with the same purpose and the key of the installation reads it."""
    return _box(derived_key(purpose)).encrypt(text.encode("utf-8", errors="surrogatepass"))


def unseal(purpose: str, sealed: bytes) -> str:
    """Return what was sealed.

    Raises:
        SealBroken: It cannot be read, or not be believed.
    """
    from cryptography.fernet import InvalidToken  # noqa: PLC0415  # see _box

    try:
        return _box(derived_key(purpose)).decrypt(sealed).decode("utf-8", errors="surrogatepass")
    except (InvalidToken, ValueError, TypeError) as error:
        raise SealBroken from error


@cache
def _box(key: bytes) -> Fernet:
    from cryptography.fernet import Fernet  # noqa: PLC0415  # only who seals something pays for the library

    return Fernet(base64.urlsafe_b64encode(key))
