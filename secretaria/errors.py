"""Families of errors, named by what the caller should do; sentences are Portuguese because people read them."""

from __future__ import annotations


class SecretariaError(Exception):
    """Root of every error we raise on purpose.

    Attributes:
        message: What happened, one Portuguese sentence.
        hint: What to type or look at next, Portuguese; empty when there is nothing useful to say.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigurationError(SecretariaError):
    """A setting is missing or wrong; nothing can start until a person mends it."""


class UsageInvalid(SecretariaError):
    """What was typed is not understood; nothing was done."""


class PreflightRefused(SecretariaError):
    """The machine is not ready (a busy port, a closed folder, a wrong engine); nothing was touched."""


class NotFound(SecretariaError):
    """The thing asked for does not exist."""


class Conflict(SecretariaError):
    """The thing is in a state that does not allow what was asked."""


class Rejected(SecretariaError):
    """A request is not authentic or not usable; nothing of it is kept."""


class Unavailable(SecretariaError):
    """A service we depend on is down or slow; the same call may work later."""


class LockHeld(SecretariaError):
    """Somebody else is changing the installation; nothing was touched."""


class GateFailed(SecretariaError):
    """A new version did not pass what it must pass, and what was before it is back in place."""
