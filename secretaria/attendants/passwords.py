"""Passwords: argon2id, few at a time, and none that everybody guesses first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from secretaria.errors import Unavailable, UsageInvalid

# OWASP's minimum for argon2id is 19 MiB, two passes, one lane; this is a step above it (password storage cheat sheet).
MEMORY_KIB, PASSES, LANES = 32 * 1024, 3, 1
SHORTEST, LONGEST = 12, 256  # ASVS 6.2: at least 12, at least 64 allowed, no rules of composition
GUESSED_CHARACTERS = 72  # what zxcvbn looks at
WEAK_SCORE = 2  # of 4: below 10^8 guesses
AT_ONCE = 2  # a storm of logins must leave the webhook its processor and its memory
IN_LINE = 8  # and its threads

_HASHER = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID)
_LINE = threading.BoundedSemaphore(AT_ONCE + IN_LINE)
_ROOM = threading.BoundedSemaphore(AT_ONCE)


class PasswordWeak(UsageInvalid):
    """The password is too short, too long, or among those that are tried first."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"a senha {reason}", f"use pelo menos {SHORTEST} caracteres, por exemplo quatro palavras")


class EntranceCrowded(Unavailable):
    """More people try to enter at this moment than there is room for."""

    def __init__(self) -> None:
        super().__init__("muita gente entrando ao mesmo tempo", "tente de novo em alguns segundos")


def hash_password(password: str) -> str:
    """Return what is kept of a password.

    Raises:
        PasswordWeak: It would be guessed.
    """
    _refuse_weak(password)
    with _room():
        return _HASHER.hash(password)


def verify_password(kept: str | None, password: str) -> bool:
    """Say whether a password is the right one, in the same time whether there is an account or not.

    Args:
        kept: The hash of the account; None where there is no account, or a closed one.
        password: What was typed.
    """
    typed = password[:LONGEST]
    with _room():
        try:
            return _HASHER.verify(kept or _nobody(), typed) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(kept: str) -> bool:
    """Say whether a hash was made with smaller parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def rehash(password: str) -> str:
    """Hash a password that was just proved right again, whatever is thought of its strength."""
    with _room():
        return _HASHER.hash(password)


@contextmanager
def _room() -> Iterator[None]:
    """Wait for a place among the few that are hashed at once; who finds even the line full is sent away."""
    if not _LINE.acquire(blocking=False):
        raise EntranceCrowded
    try:
        with _ROOM:
            yield
    finally:
        _LINE.release()


def _refuse_weak(password: str) -> None:
    if len(password) < SHORTEST:
        raise PasswordWeak("é curta demais")
    if len(password) > LONGEST:
        raise PasswordWeak("é longa demais")
    from zxcvbn import zxcvbn  # noqa: PLC0415  # its word lists take a while to load, and only a new password needs them

    if zxcvbn(password[:GUESSED_CHARACTERS])["score"] <= WEAK_SCORE:
        raise PasswordWeak("é das que se adivinham primeiro")


@cache
def _nobody() -> str:
    return _HASHER.hash("ninguém entra com isto")
