"""Headers that every answer carries, whatever wrote it: nothing is framed, sniffed, kept or loaded from elsewhere."""

from __future__ import annotations

from typing import Any

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
ALWAYS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
OVER_TLS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}


async def harden(message: Message, scope: Scope) -> None:
    """Add the headers to an answer that begins; what a route set itself stands."""
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    wanted: dict[str, Any] = {**ALWAYS, **(OVER_TLS if scope.get("scheme") == "https" else {})}
    for name, value in wanted.items():
        headers.setdefault(name, value)
