"""Is this request authentic? Signed requests prove it with an HMAC, unsigned Whaticket forks with a secret token."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote_to_bytes

from secretaria.errors import Rejected

WINDOW_SECONDS = 300
TIMESTAMP = re.compile(rb"[1-9][0-9]{0,10}")
SIGNATURE = re.compile(rb"[0-9a-fA-F]{64}")

Cause = Literal["missing", "timestamp", "window", "signature", "token"]
Headers = Sequence[tuple[bytes, bytes]]


class SignatureInvalid(Rejected):
    """The request does not prove who sent it; every cause reads the same from outside.

    Attributes:
        cause: Which proof failed, for the label of a counter, never for the answer.
    """

    def __init__(self, cause: Cause) -> None:
        super().__init__("requisição não autenticada")
        self.cause: Cause = cause


def verify_signed(headers: Headers, body: bytes, secrets: Sequence[str], now: datetime) -> str:
    """Check the timestamp and the HMAC of a signed request.

    Args:
        headers: Raw ASGI pairs, names in lower case.
        body: The bytes exactly as received.
        secrets: Every secret in force; none means that nothing is authentic.
        now: The present moment, aware.

    Returns:
        The signature in lower-case hex, the same for every spelling of it, to recognise a replay by.

    Raises:
        SignatureInvalid: The request is not authentic.
    """
    timestamp = _only(headers, b"x-timestamp", "timestamp")
    presented = _only(headers, b"x-signature", "signature")
    if not TIMESTAMP.fullmatch(timestamp):
        raise SignatureInvalid("timestamp")
    if abs(math.floor(now.timestamp()) - int(timestamp)) > WINDOW_SECONDS:
        raise SignatureInvalid("window")
    if not SIGNATURE.fullmatch(presented):
        raise SignatureInvalid("signature")
    signature = presented.lower()
    signed = timestamp + b"." + body
    expected = [_digest(secret, signed) for secret in secrets if secret]
    matches = [hmac.compare_digest(candidate, signature) for candidate in expected]
    if not any(matches):
        raise SignatureInvalid("signature")
    return signature.decode()


def verify_token(presented: Sequence[bytes], tokens: Sequence[str]) -> None:
    """Check that one of the presented values is a token in force.

    Args:
        presented: Candidates found in the request, see `presented_tokens`.
        tokens: Every token in force; none means that nothing is authentic.

    Raises:
        SignatureInvalid: No candidate is a token in force.
    """
    # Digests have one length, so the time tells nothing of a token, nor which of the candidates came closer.
    known = [hashlib.sha256(token.encode()).digest() for token in tokens if token]
    candidates = [hashlib.sha256(value).digest() for value in presented]
    matches = [hmac.compare_digest(candidate, token) for candidate in candidates for token in known]
    if not any(matches):
        raise SignatureInvalid("token" if presented else "missing")


def presented_tokens(path_token: str | None, headers: Headers, query: bytes) -> list[bytes]:
    """Collect what may be the secret token from every place an unsigned fork can put it.

    Args:
        path_token: The path segment after ``/webhook/whaticket/``, already percent-decoded, or None.
        headers: Raw ASGI pairs, names in lower case.
        query: The raw query string, without the question mark.

    Returns:
        The candidates, none of them empty.
    """
    found = [path_token.encode(errors="replace")] if path_token else []
    for name, value in headers:
        if name in {b"x-webhook-token", b"x-n8n-api-key"}:
            found.append(value)
        elif name == b"authorization":
            found += _credentials(value)
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        if name == b"token":
            found.append(unquote_to_bytes(value))
    return [value for value in found if value]


def _digest(secret: str, signed: bytes) -> bytes:
    digest = _keyed(secret).copy()
    digest.update(signed)
    return digest.hexdigest().encode()


@lru_cache(maxsize=8)
def _keyed(secret: str) -> hmac.HMAC:
    """Return what begins the digest of every body, which is a third of the work of a short one."""
    return hmac.new(secret.encode(), None, "sha256")


def _only(headers: Headers, wanted: bytes, cause: Cause) -> bytes:
    """Return the one value of a header; a second one would let a sender choose which of them is checked."""
    values = [value for name, value in headers if name == wanted]
    if len(values) != 1:
        raise SignatureInvalid(cause if values else "missing")
    return values[0]


def _credentials(authorization: bytes) -> Iterator[bytes]:
    """Yield the header as it is (izing sends no scheme) and what its scheme wraps."""
    yield authorization
    scheme, _, wrapped = authorization.partition(b" ")
    if scheme.lower() == b"bearer":
        yield wrapped.strip()
    if scheme.lower() == b"basic":
        try:
            pair = base64.b64decode(wrapped.strip(), validate=True)
        except binascii.Error:
            return
        user, _, password = pair.partition(b":")
        yield from (pair, user, password)
