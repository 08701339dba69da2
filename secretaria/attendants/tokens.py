"""Access tokens: short-lived JWTs whose every claim is checked (RFC 8725); pure but for randomness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import jwt

from secretaria.errors import Rejected

ALGORITHM = "HS256"
TYPE = "at+jwt"
ISSUER, AUDIENCE = "secretaria", "painel"
LIFE = timedelta(minutes=10)
LEEWAY_SECONDS = 10
LONGEST = 4096
REQUIRED = ("exp", "nbf", "iat", "iss", "aud", "sub", "sid", "jti", "ver")
MOMENTS = ("exp", "nbf", "iat")


class TokenInvalid(Rejected):
    """An access token is not ours, is over, or is not one at all."""

    def __init__(self) -> None:
        super().__init__("sessão inválida ou terminada", "entre de novo")


@dataclass(frozen=True, slots=True)
class Access:
    """What an access token vouches for.

    Attributes:
        session_id: The session in Redis that must still be there.
        version: Of the account when the session began.
    """

    attendant_id: int
    session_id: str
    version: int


def sign_access(access: Access, key: str, now: datetime) -> str:
    """Return a token that is good for ten minutes.

    Args:
        access: What it vouches for.
        key: The first value of ``JWT_SECRET``.
        now: An aware moment.
    """
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(access.attendant_id),
        "sid": access.session_id,
        "ver": access.version,
        "jti": uuid4().hex,
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()),
        "exp": int((now + LIFE).timestamp()),
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"typ": TYPE})


def read_access(token: str, keys: Sequence[str], now: datetime) -> Access:
    """Check a token and return what it vouches for.

    Args:
        token: As it was sent.
        keys: The values of ``JWT_SECRET`` in force; none refuses everything.
        now: An aware moment.

    Raises:
        TokenInvalid: Anything about it is not as we sign it.
    """
    if not token.isascii() or len(token) > LONGEST:
        raise TokenInvalid
    for key in keys:
        try:
            return _read(token, key, now)
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            continue
    raise TokenInvalid


def _read(token: str, key: str, now: datetime) -> Access:
    """Let the library prove the signature; the times are compared here, because it knows no clock but the machine's."""
    decoded = jwt.decode_complete(
        token,
        key,
        algorithms=[ALGORITHM],
        audience=AUDIENCE,
        issuer=ISSUER,
        options={"require": list(REQUIRED), "verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )
    claims = decoded["payload"]
    if decoded["header"].get("typ") != TYPE or any(type(claims[name]) is not int for name in (*MOMENTS, "ver")):
        raise TokenInvalid
    at = now.timestamp()
    if not claims["nbf"] - LEEWAY_SECONDS <= at < claims["exp"] + LEEWAY_SECONDS:
        raise TokenInvalid
    if claims["exp"] - claims["iat"] > LIFE.total_seconds() or not isinstance(claims["sid"], str):
        raise TokenInvalid
    return Access(attendant_id=int(claims["sub"]), session_id=claims["sid"], version=claims["ver"])
