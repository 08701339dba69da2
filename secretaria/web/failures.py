"""Error family to HTTP status and body; the domain does not know HTTP."""

from __future__ import annotations

import secrets
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from loguru import logger

from secretaria import metrics
from secretaria.attendants.entering import CredentialsWrong, EntranceClosed, TooManyLogins
from secretaria.attendants.tokens import TokenInvalid
from secretaria.errors import Conflict, NotFound, Rejected, SecretariaError, Unavailable, UsageInvalid
from secretaria.web.knocks import TooManyKnocks
from secretaria.web.request_lines import name_failure
from secretaria.whaticket.signature import SignatureInvalid

RETRY_AFTER_SECONDS = 5
BAD_REQUEST, UNAUTHORIZED, MISSING, CONFLICTING, TOO_LARGE = 400, 401, 404, 409, 413
TOO_MANY, INTERNAL, UNAVAILABLE = 429, 500, 503
STATUSES: dict[type[SecretariaError], int] = {
    TooManyKnocks: TOO_MANY,
    TooManyLogins: TOO_MANY,
    SignatureInvalid: UNAUTHORIZED,
    TokenInvalid: UNAUTHORIZED,
    CredentialsWrong: UNAUTHORIZED,
    EntranceClosed: UNAVAILABLE,
    Rejected: BAD_REQUEST,
    UsageInvalid: BAD_REQUEST,
    NotFound: MISSING,
    Conflict: CONFLICTING,
    Unavailable: UNAVAILABLE,
}
Body = dict[str, Any]


def answer_error(request: Request[Any, Any, Any], error: SecretariaError) -> Response[Body]:
    """Translate an error of ours; the sentence is safe to show, it never repeats what was sent."""
    name_failure(request, error)
    return Response(
        {"error": error.message},
        status_code=status_of(error),
        headers=headers_of(error),
    )


def answer_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Body]:
    """Tell what the framework refused (no such path, wrong method, too large), in the shape of our own errors."""
    name_failure(request, error)
    if error.status_code == TOO_LARGE and request.scope["path"].startswith("/webhook/"):
        metrics.WEBHOOK_RECEIVED.labels(status="too_large").inc()
    return Response({"error": error.detail}, status_code=error.status_code, headers=error.headers)


def answer_fault(request: Request[Any, Any, Any], error: Exception) -> Response[Body]:
    """Hide a fault of ours from the caller, who is given only what finds it in the log."""
    name_failure(request, error)
    request_id = secrets.token_hex(6)
    logger.opt(exception=error).bind(request_id=request_id).error("request_failed")
    return Response({"error": "erro interno", "request_id": request_id}, status_code=INTERNAL)


def status_of(error: SecretariaError) -> int:
    """Return the HTTP status of an error of ours: of the first kind in the table that it is."""
    return next((status for kind, status in STATUSES.items() if isinstance(error, kind)), INTERNAL)


def headers_of(error: SecretariaError) -> dict[str, str]:
    """Say when it is worth trying again, where that is known."""
    if isinstance(error, TooManyLogins):
        return {"Retry-After": str(error.wait_seconds)}
    return {"Retry-After": str(RETRY_AFTER_SECONDS)} if isinstance(error, Unavailable | TooManyKnocks) else {}
