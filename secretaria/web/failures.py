"""Error family to HTTP status and body; the domain does not know HTTP."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from loguru import logger

from secretaria import metrics
from secretaria.errors import Rejected, SecretariaError, Unavailable
from secretaria.whaticket.signature import SignatureInvalid

RETRY_AFTER_SECONDS = 5
UNAUTHORIZED, BAD_REQUEST, TOO_LARGE, UNAVAILABLE, INTERNAL = 401, 400, 413, 503, 500
Body = dict[str, Any]


def answer_error(_: Request[Any, Any, Any], error: SecretariaError) -> Response[Body]:
    """Translate an error of ours; the sentence is safe to show, it never repeats what was sent."""
    return Response(
        {"error": error.message},
        status_code=status_of(error),
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)} if isinstance(error, Unavailable) else {},
    )


def answer_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Body]:
    """Tell what the framework refused (no such path, wrong method, too large), in the shape of our own errors."""
    if error.status_code == TOO_LARGE and request.scope["path"].startswith("/webhook/"):
        metrics.WEBHOOK_RECEIVED.labels(status="too_large").inc()
    return Response({"error": error.detail}, status_code=error.status_code, headers=error.headers)


def answer_fault(_: Request[Any, Any, Any], error: Exception) -> Response[Body]:
    """Hide a fault of ours from the caller and write it to the log."""
    logger.opt(exception=error).error("request_failed")
    return Response({"error": "erro interno"}, status_code=INTERNAL)


def status_of(error: SecretariaError) -> int:
    """Return the HTTP status of an error of ours."""
    if isinstance(error, SignatureInvalid):
        return UNAUTHORIZED
    if isinstance(error, Rejected):
        return BAD_REQUEST
    return UNAVAILABLE if isinstance(error, Unavailable) else INTERNAL
