"""The second step at the entrance: codes of an application (RFC 6238) and recovery codes; pure but for randomness.

Which codes were used already is kept in PostgreSQL (see ``store``); here is only what a code proves.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

import pyotp
from loguru import logger

from secretaria.privacy.pseudonyms import derived_key, keyed_hash
from secretaria.privacy.sealing import SealBroken, seal, unseal

STEP_SECONDS = 30
DRIFT_STEPS = 1  # clocks of phones go half a minute wrong, and people type slowly
CODE_DIGITS = 6
RECOVERY_CODES = 10
RECOVERY_DIGITS = 20  # 66 bits; digits alone, because the form brings up a keyboard of numbers
GROUP = 5
ISSUER = "Secretaria Virtual"
SEALED_FOR, HASHED_FOR = "second step", "recovery codes"


def new_key() -> str:
    """Return a key for an application, in base 32 as it is typed there."""
    return pyotp.random_base32()


def application_address(key: str, login: str) -> str:
    """Return the ``otpauth`` address of a key, which an application takes as a picture or a link."""
    return pyotp.TOTP(key).provisioning_uri(name=login, issuer_name=ISSUER)


def seal_key(key: str) -> str:
    """Return what is kept of a key."""
    return seal(SEALED_FOR, key).decode("ascii")


def proved_step(sealed: str, code: str, now: datetime) -> int | None:
    """Return the step of thirty seconds that a code proves, None where it proves nothing.

    Args:
        sealed: What is kept of the key.
        code: As it was typed.
        now: An aware moment.
    """
    bare = bare_code(code)
    if not is_of_application(bare):
        return None
    try:
        totp = pyotp.TOTP(unseal(SEALED_FOR, sealed.encode("ascii")))
    except SealBroken:
        logger.error("second_step_unreadable")  # PRIVACY_KEY is another one; --off and a new beginning mend it
        return None
    current = int(now.timestamp()) // STEP_SECONDS
    steps = range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1)
    proved = [step for step in steps if hmac.compare_digest(totp.generate_otp(step), bare)]
    return proved[-1] if proved else None


def new_recovery_codes() -> Sequence[str]:
    """Return codes for the day the telephone is lost, as they are shown."""
    drawn = [f"{secrets.randbelow(10**RECOVERY_DIGITS):0{RECOVERY_DIGITS}}" for _ in range(RECOVERY_CODES)]
    return ["-".join(one[at : at + GROUP] for at in range(0, RECOVERY_DIGITS, GROUP)) for one in drawn]


def recovery_hash(code: str) -> str | None:
    """Return what is kept of a recovery code, None where it does not look like one.

    A keyed SHA-256 is enough: nobody counts through 66 bits, and the key is not in the database. Argon2id for each of ten
    codes would take a second of the few places where passwords are hashed.
    """
    bare = bare_code(code)
    if len(bare) != RECOVERY_DIGITS or not _is_digits(bare):
        return None
    return keyed_hash(bare, derived_key(HASHED_FOR))


def is_of_application(bare: str) -> bool:
    """Say whether a code has the shape of those that an application shows."""
    return len(bare) == CODE_DIGITS and _is_digits(bare)


def bare_code(code: str) -> str:
    """Return a code without what only parts its groups."""
    return "".join(code.split()).replace("-", "")


def _is_digits(bare: str) -> bool:
    return bare.isascii() and bare.isdigit()
