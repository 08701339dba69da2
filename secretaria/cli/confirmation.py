"""Asks before something that cannot be undone; without a terminal nobody is asked and --yes is needed."""

from __future__ import annotations

import sys

from secretaria.errors import SecretariaError

AGREED = ("s", "sim")


class ConfirmationNeeded(SecretariaError):
    """Somebody has to agree, and nobody did."""

    exit_code = 6

    def __init__(self) -> None:
        super().__init__("faltou confirmar; nada foi feito", "para confirmar sem terminal: --yes")


def confirm(question: str, *, yes: bool) -> None:
    """Go on only if a person agrees, or agreed beforehand.

    Args:
        question: In Portuguese, what will be done.
        yes: Whether ``--yes`` was given.

    Raises:
        ConfirmationNeeded: Nobody agreed; nothing may be done.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfirmationNeeded
    sys.stderr.write(f"{question} [s/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in AGREED:
        raise ConfirmationNeeded


def confirm_typed(question: str, expected: str, *, yes: bool) -> None:
    """Go on only if a person types again what is at stake, or agreed beforehand.

    Args:
        question: In Portuguese, what will be done and what to type.
        expected: What must be typed; only its digits count.
        yes: Whether ``--yes`` was given.

    Raises:
        ConfirmationNeeded: Nobody agreed; nothing may be done.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfirmationNeeded
    sys.stderr.write(f"{question}: ")
    sys.stderr.flush()
    if _digits(sys.stdin.readline()) != _digits(expected) or not _digits(expected):
        raise ConfirmationNeeded


def _digits(written: str) -> str:
    return "".join(filter(str.isdigit, written))
