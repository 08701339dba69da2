"""Headers that every answer carries, whatever wrote it: nothing is framed, sniffed, kept or loaded from elsewhere."""

from __future__ import annotations

from litestar.types import Message, Scope

POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
ALWAYS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
OVER_TLS = (*ALWAYS, (b"strict-transport-security", b"max-age=31536000; includeSubDomains"))


async def harden(message: Message, scope: Scope) -> None:
    """Add the headers to an answer that begins; what a route set itself stands."""
    if message["type"] != "http.response.start":
        return
    own = {name.lower() for name, _ in message["headers"]}
    wanted = OVER_TLS if scope.get("scheme") == "https" else ALWAYS
    message["headers"] = [*message["headers"], *(pair for pair in wanted if pair[0] not in own)]
