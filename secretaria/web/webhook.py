"""POST of Whaticket's events: raw bytes in, a receipt out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Request, Response, asgi, post
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.params import RawBody
from litestar.types import ASGIApp, Receive, Scope, Send
from loguru import logger

from secretaria import metrics
from secretaria.errors import Rejected, SecretariaError, Unavailable
from secretaria.inbox.group_commit import GroupCommit
from secretaria.inbox.receive import Door, Knock, Receipt, receive_together
from secretaria.logs import tell_plainly
from secretaria.traces import REQUEST, trace_stage
from secretaria.web.access import for_everyone
from secretaria.web.addresses import peer, site_of
from secretaria.web.knocks import RefusedKnocks
from secretaria.whaticket.signature import SignatureInvalid

PATH = "/webhook/whaticket"
MAX_BODY_BYTES = 1024 * 1024
ACCEPTED = 202
SLOW_SECONDS = 1.0
REFUSED = "refused"
UNANSWERABLE = "unresolved_lid"  # a customer whom nobody will answer: worth a look (contract S7)
IDENTITY = (b"", b"identity")
LEVELS = {
    "unauthorized": "DEBUG",
    "unreadable": "WARNING",
    "unavailable": "ERROR",
    "error": "ERROR",
}  # noise is no news
COUNTED = {status: metrics.WEBHOOK_RECEIVED.labels(status) for status in metrics.WEBHOOK_STATUSES}
JSON = (b"content-type", b"application/json")
Body = dict[str, Any]


class EncodingRefused(HTTPException):
    """The body is compressed; it is never inflated."""

    status_code = 415
    detail = "corpo comprimido não é aceito"


class BodyTooLarge(HTTPException):
    """The body is longer than an event may be; what came of it is forgotten."""

    status_code = 413
    detail = "corpo grande demais"


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes work with; it stands in the state of the application."""

    door: Door
    commits: GroupCommit
    knocks: RefusedKnocks


@post(PATH + "/{token:str}", status_code=ACCEPTED, request_max_body_size=MAX_BODY_BYTES, **for_everyone())
async def receive_with_token(request: Request[Any, Any, Any], body: RawBody) -> Response[Body]:
    """Receive an event of a Whaticket that can only be given a URL; the token counts as it was spelt, undecoded."""
    spelt = request.scope["raw_path"].rsplit(b"/", 1)[-1].decode("latin-1")
    return Response(await _receive(request.scope, body, path_token=spelt), status_code=ACCEPTED)


@asgi(PATH, opt=for_everyone()["opt"], copy_scope=False)
async def receive_signed(scope: Scope, receive: Receive, send: Send) -> None:
    """Receive an event that is signed, or that carries the token in a header or in the query; or tell why ``Porch`` did not."""
    refused: Exception | None = scope["state"].pop(REFUSED, None)
    if refused is not None:
        raise refused
    if scope["method"] != "POST":  # type: ignore[typeddict-item]  # HTTP only
        raise MethodNotAllowedException(headers={"Allow": "POST"})
    await _send(await _take(scope, receive), send)


class Porch:
    """Takes events in front of the framework: what it does to find and to guard a route is a tenth of the time of an event.

    Whatever is asked otherwise, and whatever is refused, is answered by the routes, as everything is.
    """

    def __init__(self, routes: ASGIApp) -> None:
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["path"] != PATH or scope.get("method") != "POST":
            await self._routes(scope, receive, send)
            return
        try:
            answer = await _take(scope, receive)
        except Exception as error:  # noqa: BLE001  # it is raised again where every error is answered
            scope["state"][REFUSED] = error
            await self._routes(scope, receive, send)
        else:
            await _send(answer, send)


async def _take(scope: Scope, receive: Receive) -> bytes | None:
    """Return the answer to an event, or nothing if the sender hung up."""
    body = await _body(scope, receive)
    return None if body is None else msgspec.json.encode(await _receive(scope, body, path_token=None))


async def _send(answer: bytes | None, send: Send) -> None:
    if answer is None:
        return
    headers = [JSON, (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": ACCEPTED, "headers": headers})
    await send({"type": "http.response.body", "body": answer, "more_body": False})


async def _body(scope: Scope, receive: Receive) -> bytes | None:
    """Return the whole body, or nothing if the sender hung up."""
    for name, value in scope["headers"]:
        if name == b"content-length" and int(value) > MAX_BODY_BYTES:
            raise BodyTooLarge
    body = b""
    while True:
        came = await receive()
        if came["type"] != "http.request":
            return None
        body = body + came["body"] if body else came["body"]
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLarge
        if not came.get("more_body", False):
            return body


async def _receive(scope: Scope, body: bytes, *, path_token: str | None) -> Body:
    begun = time.perf_counter()
    desk: Desk = scope["litestar_app"].state.desk
    headers = list(scope["headers"])
    for name, value in headers:
        if name == b"content-encoding" and value.lower() not in IDENTITY:
            COUNTED["unreadable"].inc()
            raise EncodingRefused
    knock = Knock(headers=headers, body=body, query=scope["query_string"], path_token=path_token)
    status, reason, event = "error", "", None
    steps: dict[str, float] = {}
    try:
        receipt = await receive_together(desk.door, desk.commits, knock, steps)
        event, reason = receipt.event, receipt.ignored
        status, answer = _answer(receipt)
    except SignatureInvalid as error:
        status, reason = "unauthorized", type(error).__name__
        desk.knocks.count(site_of(peer(ASGIConnection(scope))))
        raise
    except SecretariaError as error:
        status, reason = _status(error), type(error).__name__
        raise
    except Exception as error:
        reason = type(error).__name__
        raise
    finally:
        seconds = time.perf_counter() - begun
        COUNTED[status].inc()
        metrics.WEBHOOK_LATENCY.observe(seconds, event)
        if event is not None:
            trace_stage(REQUEST, event, seconds)
        told = {
            "correlation_id": str(event or "-"),
            "status": status,
            "reason": reason,
            "milliseconds": round(seconds * 1000, 1),
            "bytes": len(body),
        }
        _tell(told, steps)
    return answer


def _tell(told: dict[str, Any], steps: dict[str, float]) -> None:
    """Write the one line of a request; a slow or failed one says where its time went, for the others that costs too much."""
    level = LEVELS.get(told["status"], "INFO")
    if level == "INFO" and (told["reason"] == UNANSWERABLE or told["milliseconds"] >= SLOW_SECONDS * 1000):
        level = "WARNING"
    if level == "INFO":
        tell_plainly("webhook_received", told, where=__name__)
        return
    by_step = {name: round(spent * 1000, 1) for name, spent in steps.items()}
    logger.bind(**told, step_milliseconds=by_step).log(level, "webhook_received")


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
