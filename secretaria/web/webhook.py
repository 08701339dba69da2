"""POST of Whaticket's events: raw bytes in, a receipt out."""

from __future__ import annotations

import time
from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import RawBody
from loguru import logger

from secretaria import metrics
from secretaria.errors import Rejected, SecretariaError, Unavailable
from secretaria.inbox.group_commit import GroupCommit
from secretaria.inbox.receive import Door, Knock, Receipt, receive_together
from secretaria.web.access import for_everyone
from secretaria.web.addresses import peer, site_of
from secretaria.web.knocks import RefusedKnocks
from secretaria.whaticket.signature import SignatureInvalid

MAX_BODY_BYTES = 1024 * 1024
ACCEPTED = 202
SLOW_SECONDS = 1.0
UNANSWERABLE = "unresolved_lid"  # a customer whom nobody will answer: worth a look (contract S7)
IDENTITY = (b"", b"identity")
Body = dict[str, Any]


class EncodingRefused(HTTPException):
    """The body is compressed; it is never inflated."""

    status_code = 415
    detail = "corpo comprimido não é aceito"


@post(
    "/webhook/whaticket",
    status_code=ACCEPTED,
    request_max_body_size=MAX_BODY_BYTES,
    **for_everyone(),
)
async def receive_signed(
    request: Request[Any, Any, Any],
    body: RawBody,
    door: NamedDependency[Door],
    commits: NamedDependency[GroupCommit],
    knocks: NamedDependency[RefusedKnocks],
) -> Response[Body]:
    """Receive an event that is signed, or that carries the token in a header or in the query."""
    return await _receive(door, commits, knocks, request, body, path_token=None)


@post(
    "/webhook/whaticket/{token:str}",
    status_code=ACCEPTED,
    request_max_body_size=MAX_BODY_BYTES,
    **for_everyone(),
)
async def receive_with_token(
    request: Request[Any, Any, Any],
    body: RawBody,
    door: NamedDependency[Door],
    commits: NamedDependency[GroupCommit],
    knocks: NamedDependency[RefusedKnocks],
) -> Response[Body]:
    """Receive an event of a Whaticket that can only be given a URL; the token counts as it was spelt, undecoded."""
    spelt = request.scope["raw_path"].rsplit(b"/", 1)[-1].decode("latin-1")
    return await _receive(door, commits, knocks, request, body, path_token=spelt)


async def _receive(
    door: Door,
    commits: GroupCommit,
    knocks: RefusedKnocks,
    request: Request[Any, Any, Any],
    body: bytes,
    path_token: str | None,
) -> Response[Body]:
    begun = time.perf_counter()
    headers = list(request.scope["headers"])
    if any(name == b"content-encoding" and value.lower() not in IDENTITY for name, value in headers):
        metrics.WEBHOOK_RECEIVED.labels(status="unreadable").inc()
        raise EncodingRefused
    knock = Knock(headers=headers, body=body, query=request.scope["query_string"], path_token=path_token)
    status, event = "error", None
    try:
        receipt = await receive_together(door, commits, knock)
        event = receipt.event
        status, answer = _answer(receipt)
    except SignatureInvalid:
        status = "unauthorized"
        knocks.count(site_of(peer(request)))
        raise
    except SecretariaError as error:
        status = _status(error)
        raise
    finally:
        seconds = time.perf_counter() - begun
        metrics.WEBHOOK_RECEIVED.labels(status=status).inc()
        metrics.WEBHOOK_LATENCY.observe(seconds, event)
        milliseconds = round(seconds * 1000, 1)
        logger.bind(status=status, milliseconds=milliseconds).debug("webhook_answered")
    level = "WARNING" if receipt.ignored == UNANSWERABLE or seconds >= SLOW_SECONDS else "INFO"
    told = {"correlation_id": str(receipt.event or "-"), "status": status, "reason": receipt.ignored}
    logger.bind(**told, milliseconds=milliseconds, bytes=len(body)).log(level, "webhook_received")
    return Response(answer, status_code=ACCEPTED)


def _answer(receipt: Receipt) -> tuple[str, Body]:
    if receipt.event is not None:
        return "accepted", {"queued": True, "event": str(receipt.event)}
    if receipt.ignored:
        return "ignored", {"queued": False, "ignored": receipt.ignored}
    return "duplicate", {"queued": False, "duplicate": True}


def _status(error: SecretariaError) -> str:
    if isinstance(error, Rejected):
        return "unreadable"
    return "unavailable" if isinstance(error, Unavailable) else "error"
