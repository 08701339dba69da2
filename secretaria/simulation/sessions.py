"""The panel sessions of a simulated Whaticket: JWT of 15 minutes, and a refresh cookie of 7 days."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from datetime import datetime, timedelta

from secretaria.clock import Clock

TOKEN_LIFE = timedelta(minutes=15)
REFRESH_LIFE = timedelta(days=7)


class Sessions:
    """Who may use the panel's routes; with an empty e-mail or password nobody can log in."""

    def __init__(self, email: str, password: str, clock: Clock) -> None:
        self._email = email
        self._password = password
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._tokens: dict[str, datetime] = {}
        self._refreshes: dict[str, datetime] = {}

    def knows(self, email: str, password: str) -> bool:
        """Say whether these are the credentials of the panel."""
        return bool(self._email and self._password) and (email, password) == (self._email, self._password)

    def issue(self) -> tuple[str, str]:
        """Return a new token (a JWT) and a new refresh value for the cookie ``jrt``."""
        now = self._clock.now()
        token, refresh = self._jwt(now + TOKEN_LIFE), secrets.token_urlsafe(24)
        self._tokens[token] = now + TOKEN_LIFE
        self._refreshes[refresh] = now + REFRESH_LIFE
        return token, refresh

    def accepts_token(self, token: str) -> bool:
        """Say whether a token was issued here and still lives."""
        return token in self._tokens and self._clock.now() < self._tokens[token]

    def accepts_refresh(self, refresh: str) -> bool:
        """Say whether a refresh cookie was issued here and still lives."""
        return refresh in self._refreshes and self._clock.now() < self._refreshes[refresh]

    def _jwt(self, expires: datetime) -> str:
        claims = {
            "id": 1,
            "profile": "admin",
            "iat": int(self._clock.now().timestamp()),
            "exp": int(expires.timestamp()),
            "jti": secrets.token_hex(8),
        }
        signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
        return f"{signed}.{_base64(hmac.digest(self._key, signed.encode(), hashlib.sha256))}"


def _part(fields: dict[str, object]) -> str:
    return _base64(json.dumps(fields, separators=(",", ":")).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
