"""One line for each answered request: which route, how it ended and how long it took; never the path as it was written."""

from __future__ import annotations

import time
from typing import Any

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send
from loguru import logger

from secretaria.database.spent import Spent, counting_statements

SLOW_SECONDS = 1.0
FAULT = 500
FAILURE = "failure"
QUIET = ("/livez", "/readyz", "/healthz", "/metrics", "/painel/static")  # asked every few seconds
OWN_LINE = "/webhook/"  # says more: webhook_received


class RequestLine(ASGIMiddleware):
    """Writes the line when the answer is complete, with what of its time was PostgreSQL's and the kind of what failed."""

    scopes = (ScopeType.HTTP,)
    should_bypass_for_scope = staticmethod(lambda scope: _route(scope).startswith(OWN_LINE))

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Let the request through and tell of it."""
        begun, status = time.perf_counter(), FAULT

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                started: HTTPResponseStartEvent = message
                status = started["status"]
            await send(message)

        with counting_statements() as spent:
            try:
                await next_app(scope, receive, note)
            finally:
                _tell(scope, status, time.perf_counter() - begun, spent)


def name_failure(connection: ASGIConnection[Any, Any, Any, Any], error: Exception) -> None:
    """Let the line of a request say the kind of what failed; never what it says, which may hold what was sent."""
    connection.state[FAILURE] = type(error).__name__


def _tell(scope: Scope, status: int, seconds: float, spent: Spent) -> None:
    route = _route(scope)
    slow = seconds >= SLOW_SECONDS
    level = "ERROR" if status >= FAULT else "WARNING" if slow else "DEBUG" if route.startswith(QUIET) else "INFO"
    in_database = {"sql_milliseconds": round(spent.seconds * 1000, 1), "statements": spent.statements}
    told = {"method": str(scope.get("method")), "route": route, "status": status, **in_database}
    reason = scope.get("state", {}).get(FAILURE)
    log = logger.bind(**told, milliseconds=round(seconds * 1000, 1), reason=reason)
    log.log(level, "request_answered")


def _route(scope: Scope) -> str:
    return str(scope.get("path_template") or "-")
