"""A language model behind the OpenAI protocol that is no model: a writer decides what it says, switches how it fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.datastructures import State, UploadFile
from litestar.di import NamedDependency, Provide
from litestar.response import Stream

from secretaria.simulation.drafts import Drafter
from secretaria.simulation.faults import LlmFaults, LlmMode
from secretaria.simulation.llm_protocol import MODEL, RESPONSE_FORMATS, RequestRefused, Writer, read_request
from secretaria.simulation.llm_spoiling import HTML_PAGE, spoiled
from secretaria.simulation.recordings import heard_in
from secretaria.simulation.serving import linger, reset_connection

DRIP_BYTES = 16
DRIP_SECONDS = 0.05
SERVER_ERROR = 500
RATE_LIMITED = 429

Http = Request[Any, Any, State]


@dataclass(frozen=True)
class Model:
    """The parts of one simulated model, as its routes see them."""

    writer: Writer
    faults: LlmFaults
    delay_seconds: float
    supports: AbstractSet[str]


def create_llm(
    business_folder: Path,
    delay_seconds: float = 0.3,
    *,
    supports: AbstractSet[str] = RESPONSE_FORMATS,
    faults: LlmFaults | None = None,
    writer: Writer | None = None,
) -> Litestar:
    """Build the application of one model.

    Args:
        business_folder: Holds ``negocio.toml``, ``base/*.md`` and, for a sample, ``conversations.jsonl``.
        delay_seconds: How long it thinks about each answer.
        supports: The kinds of ``response_format`` it knows; others are refused with 400.
        faults: The switches for failures; a healthy model when left out.
        writer: What it says: a script, the labels, an adversary; when left out, what the folder's base knows.

    Returns:
        An application to run with ``LocalServer``.
    """
    model = Model(writer or Drafter(business_folder), faults or LlmFaults(), delay_seconds, supports)
    return Litestar(
        [complete, transcribe, list_models],
        dependencies={"model": Provide(lambda: model, sync_to_thread=False)},
        exception_handlers={RequestRefused: _answer_refused},
        openapi_config=None,
        logging_config=None,
    )


@post("/v1/chat/completions", status_code=200)
async def complete(request: Http, model: NamedDependency[Model]) -> Response[Any]:
    """Answer a chat."""
    _check_key(request)
    asked = read_request(await request.body(), model.supports)
    mode = model.faults.take()
    thinking = model.delay_seconds + (model.faults.slow_seconds if mode == "slow" else 0.0)
    await linger(request.receive, None if mode == "timeout" else thinking)
    failed = _failed(request, model.faults, mode)
    if failed is not None:
        return failed
    body = spoiled(asked, model.writer.write(asked), mode)
    if mode in {"cut", "drip"}:
        told = json.dumps(body, ensure_ascii=False).encode()
        return Stream(_cut(request, told) if mode == "cut" else _dripped(told), media_type=MediaType.JSON)
    return Response(body, status_code=200)


@post("/v1/audio/transcriptions")
async def transcribe(request: Http, model: NamedDependency[Model]) -> Response[Any]:
    """Hear what a recording carries in its comment; any other audio is silence."""
    _check_key(request)
    form = await request.form()
    file = form.get("file")
    if not isinstance(file, UploadFile) or not form.get("model"):
        raise RequestRefused(400, "you must provide a model and a file", "file")
    mode = model.faults.take()
    await linger(request.receive, None if mode == "timeout" else model.delay_seconds)
    failed = _failed(request, model.faults, mode)
    if failed is not None:
        return failed
    return Response({"text": heard_in(await file.read())}, status_code=200)


@get("/v1/models")
async def list_models(request: Http) -> Response[Any]:
    """List the only model."""
    _check_key(request)
    model = {"id": MODEL, "object": "model", "created": 1767225600, "owned_by": "simulation"}
    return Response({"object": "list", "data": [model]})


def _check_key(request: Http) -> None:
    if not request.headers.get("authorization", "").removeprefix("Bearer ").strip():
        raise RequestRefused(401, "You didn't provide an API key.")


def _failed(request: Http, faults: LlmFaults, mode: LlmMode) -> Response[Any] | None:
    """Fail before anything is said, if the mode says so."""
    match mode:
        case "reset":
            reset_connection(request.scope)
            return Response(b"")
        case "html":
            return Response(HTML_PAGE, status_code=502, media_type=MediaType.HTML)
        case "error_500":
            raise RequestRefused(500, "The server had an error while processing your request. Sorry about that!")
        case "rate_limited":
            return _rate_limited(faults.retry_after_seconds)
        case _:
            return None


async def _cut(request: Http, told: bytes) -> AsyncIterator[bytes]:
    """Break the connection in the middle of the answer."""
    yield told[: len(told) // 2]
    await asyncio.sleep(DRIP_SECONDS)
    reset_connection(request.scope)


async def _dripped(told: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(told), DRIP_BYTES):
        yield told[start : start + DRIP_BYTES]
        await asyncio.sleep(DRIP_SECONDS)


def _rate_limited(seconds: int) -> Response[Any]:
    error = {
        "message": "Rate limit reached for requests",
        "type": "requests",
        "param": None,
        "code": "rate_limit_exceeded",
    }
    return Response({"error": error}, status_code=RATE_LIMITED, headers={"Retry-After": str(seconds)})


def _answer_refused(_: Http, refused: RequestRefused) -> Response[Any]:
    kind = "server_error" if refused.status >= SERVER_ERROR else "invalid_request_error"
    error = {"message": refused.message, "type": kind, "param": refused.param, "code": None}
    return Response({"error": error}, status_code=refused.status)
