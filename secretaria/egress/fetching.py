"""Use case: ask one address once, and take its answer only as it was agreed.

An address may come from a payload or from a business file, so nothing of it is believed. A host stands on the caller's
list; its name is resolved once, every address it gives is checked, and the connection goes to the checked address, so
that a name which changes its mind in between (DNS rebinding) changes nothing. Redirects are refused, not followed.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal
from urllib.parse import SplitResult, urlsplit

import httpcore

from secretaria.egress.connection import CheckedBackend, Resolver, resolve_host
from secretaria.egress.refusals import AnswerRefused, DestinationRefused, DestinationUnavailable
from secretaria.outside import outside

PORTS = {"https": 443, "http": 80}
PRINTABLE = re.compile(r"[!-\[\]-~]+")  # ASCII without blanks and without the backslash, which parsers read differently
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:]*:[0-9a-f:.]*")
FIRST_REDIRECT = 300
FIRST_REFUSAL = 400
FIRST_FAILURE = 500
TOO_MANY_REQUESTS = 429
OURS = frozenset({"host", "accept-encoding", "content-length", "transfer-encoding", "connection"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may cost.

    Attributes:
        connect_seconds: To connect, TLS included, apart from what the look-up of the name took.
        read_seconds: Of silence.
        total_seconds: For everything, from the look-up to the last byte.
        max_bytes: Of the body.
        content_types: What the body may be, ``application/json`` or a whole family as ``audio/``; empty for anything.
    """

    connect_seconds: float = 3.0
    read_seconds: float = 5.0
    total_seconds: float = 10.0
    max_bytes: int = 10 * 1024 * 1024
    content_types: tuple[str, ...] = ()


DEFAULT_LIMITS = Limits()


def fetch(
    url: str,
    *,
    hosts: Collection[str] = (),
    trusted_origins: Collection[str] = (),
    method: Literal["GET", "POST"] = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    limits: Limits = DEFAULT_LIMITS,
    resolve: Resolver = resolve_host,
) -> bytes:
    """Ask one address once and return the body of its 2xx answer; a worker lets others work meanwhile.

    Args:
        url: Where to ask; it may come from anybody.
        hosts: Names that may be asked over https at public addresses: ``api.exemplo.com.br``, with ``:8443`` for a port
            other than 443.
        trusted_origins: Exact origins the operator configured, ``http://whaticket:8080``: those may be http and private.
        method: The method.
        headers: More headers; ``Host``, length and encoding are ours.
        body: What a POST carries.
        limits: What the call may cost.
        resolve: Looks names up.

    Raises:
        DestinationRefused: The address is not one we call.
        AnswerRefused: The answer is not one we take.
        DestinationUnavailable: There was no answer in time.
    """
    parts = _split(url)
    trusted = _origin(parts) in {origin_of(origin) for origin in trusted_origins}
    if not trusted:
        _check_public(parts, hosts)
    deadline = time.monotonic() + limits.total_seconds
    backend = CheckedBackend(deadline, resolve, trusted=trusted)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        with (
            outside(),
            httpcore.ConnectionPool(ssl_context=_tls(), network_backend=backend) as pool,
            pool.stream(
                method,
                httpcore.URL(scheme=parts.scheme, host=_host(parts), port=_port(parts), target=target),
                headers=_headers(headers or {}, parts),
                content=body,
                extensions={
                    "timeout": {
                        "connect": limits.connect_seconds,
                        "read": limits.read_seconds,
                        "write": limits.read_seconds,
                    }
                },
            ) as response,
        ):
            _check_answer(response, limits)
            return _read(response, limits.max_bytes)
    except httpcore.TimeoutException as error:
        raise DestinationUnavailable("timeout") from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise DestinationUnavailable("unreachable") from error


def origin_of(url: str) -> str:
    """Return protocol, host and port of an address, in the one form in which origins are compared.

    Raises:
        DestinationRefused: It is no usable address.
    """
    return _origin(_split(url))


def _split(url: str) -> SplitResult:
    """Take an address apart, or refuse one that another program might take apart differently."""
    try:
        parts = urlsplit(url if PRINTABLE.fullmatch(url) else "")
        usable = bool(HOST.fullmatch(_host(parts))) and _port(parts) > 0
    except ValueError:  # a port that is no number, brackets around what is no address
        raise DestinationRefused("malformed") from None
    if parts.scheme and parts.scheme not in PORTS:
        raise DestinationRefused("scheme")
    if not usable or "@" in parts.netloc:
        raise DestinationRefused("malformed")
    return parts


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").lower().rstrip(".")


def _port(parts: SplitResult) -> int:
    return PORTS.get(parts.scheme, 0) if parts.port is None else parts.port


def _netloc(parts: SplitResult) -> str:
    host = f"[{_host(parts)}]" if ":" in _host(parts) else _host(parts)
    return host if _port(parts) == PORTS.get(parts.scheme) else f"{host}:{_port(parts)}"


def _origin(parts: SplitResult) -> str:
    return f"{parts.scheme}://{_netloc(parts)}"


def _headers(given: Mapping[str, str], parts: SplitResult) -> list[tuple[str, str]]:
    """Add the name that was asked for, and ask for no compression: a small answer must not become a large one."""
    theirs = [(name, value) for name, value in given.items() if name.lower() not in OURS]
    return [*theirs, ("Host", _netloc(parts)), ("Accept-Encoding", "identity")]


def _check_public(parts: SplitResult, hosts: Collection[str]) -> None:
    if parts.scheme != "https":
        raise DestinationRefused("scheme")
    if _netloc(parts) not in {host.lower().rstrip(".").removesuffix(":443") for host in hosts}:
        raise DestinationRefused("host")


def _check_answer(response: httpcore.Response, limits: Limits) -> None:
    status, headers = response.status, {name.lower(): value for name, value in response.headers}
    if status >= FIRST_FAILURE or status == TOO_MANY_REQUESTS:
        raise DestinationUnavailable("status")
    if status >= FIRST_REFUSAL:
        raise AnswerRefused("status", status)
    if status >= FIRST_REDIRECT:
        raise AnswerRefused("redirect", status)
    if headers.get(b"content-encoding", b"identity").strip().lower() not in {b"identity", b""}:
        raise AnswerRefused("encoded", status)
    sort = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
    wanted = limits.content_types
    if wanted and not any(sort == one or (one.endswith("/") and sort.startswith(one)) for one in wanted):
        raise AnswerRefused("content_type", status)
    told = headers.get(b"content-length", b"")
    if told.isdigit() and int(told) > limits.max_bytes:
        raise AnswerRefused("too_large", status)


def _read(response: httpcore.Response, limit: int) -> bytes:
    read = bytearray()
    for chunk in response.iter_stream():
        read += chunk
        if len(read) > limit:
            raise AnswerRefused("too_large", response.status)
    return bytes(read)


@cache
def _tls() -> ssl.SSLContext:
    """Make the context once; it verifies name and certificate."""
    return httpcore.default_ssl_context()
