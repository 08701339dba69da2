"""What an access token must be to open anything."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretaria.attendants.tokens import ALGORITHM, TYPE, Access, TokenInvalid, read_access, sign_access

KEY = "chave-de-teste-longa-o-bastante-para-qualquer-algoritmo-da-familia-1"
OTHER = "chave-de-teste-longa-o-bastante-para-qualquer-algoritmo-da-familia-2"
NOW = datetime(2026, 8, 11, 13, 0, tzinfo=UTC)
ACCESS = Access(attendant_id=7, session_id="sessao-inventada", version=3)


def forged(*, key: str = KEY, header: dict[str, Any] | None = None, algorithm: str = ALGORITHM, **changes: Any) -> str:  # noqa: ANN401  # any claim may be wrong in any way
    """Sign a token with our key whose claims or header are not as we write them; None leaves a claim out."""
    at = int(NOW.timestamp())
    claims = {
        "iss": "secretaria",
        "aud": "painel",
        "sub": "7",
        "sid": "s",
        "ver": 3,
        "jti": "j",
        "iat": at,
        "nbf": at,
        "exp": at + 600,
    }
    kept = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return jwt.encode(kept, key, algorithm=algorithm, headers={"typ": TYPE} if header is None else header)


def unsigned(header: dict[str, Any]) -> str:
    """Write a token whose signature is empty."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, {"sub": 7})]
    return ".".join([*parts, ""])


def test_a_token_of_ours_vouches_for_what_was_signed() -> None:
    """What goes in comes out."""
    assert read_access(sign_access(ACCESS, KEY, NOW), [KEY], NOW) == ACCESS


def test_the_old_key_still_opens_while_it_rotates() -> None:
    """Two values are in force at once."""
    assert read_access(sign_access(ACCESS, OTHER, NOW), [KEY, OTHER], NOW) == ACCESS


@pytest.mark.parametrize("after", [timedelta(minutes=10, seconds=10), timedelta(minutes=-1), timedelta(days=400)])
def test_a_token_opens_within_its_ten_minutes_only(after: timedelta) -> None:
    """Ten seconds of leeway are for clocks that differ."""
    with pytest.raises(TokenInvalid):
        read_access(sign_access(ACCESS, KEY, NOW), [KEY], NOW + after)


@pytest.mark.parametrize(
    "token",
    [
        forged(key=OTHER),
        forged(algorithm="HS384"),
        forged(algorithm="HS512"),
        forged(header={"typ": "JWT"}),
        forged(header={"typ": TYPE, "kid": "../../etc/passwd", "jku": "https://exemplo.test/k"}, key=OTHER),
        unsigned({"alg": "none", "typ": TYPE}),
        unsigned({"alg": "HS256", "typ": TYPE}),
        forged(iss="outro"),
        forged(aud="webhook"),
        forged(aud=None),
        forged(exp=None),
        forged(nbf=None),
        forged(jti=None),
        forged(sub=None),
        forged(sid=None),
        forged(sid=4),
        forged(ver=None),
        forged(ver="3"),
        forged(exp=True),
        forged(exp=str(int(NOW.timestamp()) + 600)),
        forged(exp=int(NOW.timestamp()) * 1000),
        forged(exp=NOW.timestamp() + 600.5),
        forged(sub="sete"),
        "",
        ".",
        "..",
        "....",
        "a.b",
        "é.é.é",
        "x" * 8192,
    ],
)
def test_anything_else_is_refused(token: str) -> None:
    """None of these opens, and none is an error of ours."""
    with pytest.raises(TokenInvalid):
        read_access(token, [KEY], NOW)


def test_without_a_key_nothing_opens() -> None:
    """Empty means closed."""
    with pytest.raises(TokenInvalid):
        read_access(sign_access(ACCESS, KEY, NOW), [], NOW)


@given(st.text())
def test_no_text_is_an_error_of_ours(token: str) -> None:
    """Whatever is sent is either a token of ours or refused."""
    with pytest.raises(TokenInvalid):
        read_access(token, [KEY], NOW)
