"""A language model behind the OpenAI protocol that is no model: it answers from a business folder, the same every time."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.datastructures import State, UploadFile
from litestar.di import NamedDependency, Provide

from secretaria.clock import SystemClock
from secretaria.simulation.drafts import CustomerMessage, Drafter
from secretaria.simulation.faults import LlmFaults, LlmMode
from secretaria.simulation.recordings import heard_in
from secretaria.simulation.serving import linger
from secretaria.simulation.summaries import sum_up, wants_summary

MODEL = "secretaria-simulada"
RESPONSE_FORMATS = frozenset({"json_schema", "json_object"})
BURST = re.compile(r"^<mensagens>\s*$(.*?)^</mensagens>\s*$", re.MULTILINE | re.DOTALL)
HTML_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
CHARACTERS_PER_TOKEN = 4

Http = Request[Any, Any, State]


class RequestRefused(Exception):
    """The protocol answers with an error.

    Attributes:
        status: The HTTP status.
        message: A sentence, English as the protocol's are.
        param: The field of the request it is about, or None.
    """

    def __init__(self, status: int, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param


@dataclass(frozen=True)
class Model:
    """The parts of one simulated model, as its routes see them."""

    drafter: Drafter
    faults: LlmFaults
    delay_seconds: float
    supports: AbstractSet[str]


def create_llm(
    business_folder: Path,
    delay_seconds: float = 0.3,
    *,
    supports: AbstractSet[str] = RESPONSE_FORMATS,
    faults: LlmFaults | None = None,
) -> Litestar:
    """Build the application of one model.

    Args:
        business_folder: Holds ``negocio.toml``, ``base/*.md`` and, for a sample, ``conversations.jsonl``.
        delay_seconds: How long it thinks about each answer.
        supports: The kinds of ``response_format`` it knows; others are refused with 400.
        faults: The switches for failures; a healthy model when left out.

    Returns:
        An application to run with ``LocalServer``.
    """
    model = Model(Drafter(business_folder), faults or LlmFaults(), delay_seconds, supports)
    return Litestar(
        [complete, transcribe, list_models],
        dependencies={"model": Provide(lambda: model, sync_to_thread=False)},
        exception_handlers={RequestRefused: _answer_refused},
        openapi_config=None,
        logging_config=None,
    )


@post("/v1/chat/completions")
async def complete(request: Http, model: NamedDependency[Model]) -> Response[Any]:
    """Answer a chat."""
    _check_key(request)
    asked = _read(await request.body())
    _check_format(asked, model.supports)
    mode = model.faults.take()
    await linger(request.receive, None if mode == "timeout" else model.delay_seconds)
    if mode == "html":
        return Response(HTML_PAGE, status_code=502, media_type=MediaType.HTML)
    if mode == "error_500":
        raise RequestRefused(500, "The server had an error while processing your request. Sorry about that!")
    prompt = "\n".join(_text(message) for message in asked["messages"])
    said = sum_up(asked) if wants_summary(asked) else model.drafter.draft(_burst(asked["messages"]), prompt)
    content = json.dumps(said, ensure_ascii=False)
    return Response(_completion(asked, prompt, _spoil(content, mode)), status_code=200)


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
    if mode == "html":
        return Response(HTML_PAGE, status_code=502, media_type=MediaType.HTML)
    if mode == "error_500":
        raise RequestRefused(500, "The server had an error while processing your request. Sorry about that!")
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


def _read(raw: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(raw)
    except ValueError as error:
        raise RequestRefused(400, "We could not parse the JSON body of your request.") from error
    if not isinstance(asked, dict) or not asked.get("messages") or not asked.get("model"):
        raise RequestRefused(400, "you must provide a model and messages parameter", "messages")
    if asked.get("stream"):
        raise RequestRefused(400, "Streaming is not supported by this model.", "stream")
    return asked


def _check_format(asked: Mapping[str, Any], supports: AbstractSet[str]) -> None:
    """Refuse what OpenAI refuses: an unknown kind, a schema without a name, a JSON mode nobody told the model of."""
    wanted = asked.get("response_format") or {"type": "text"}
    kind = wanted.get("type")
    if kind == "text":
        return
    if kind not in supports:
        raise RequestRefused(
            400, f"Invalid parameter: 'response_format' of type '{kind}' is not supported.", "response_format"
        )
    schema = wanted.get("json_schema", {})
    if kind == "json_schema" and not (schema.get("name") and isinstance(schema.get("schema"), dict)):
        raise RequestRefused(
            400, "Missing required parameter: 'response_format.json_schema'.", "response_format.json_schema"
        )
    if kind == "json_object" and not any("json" in _text(message).lower() for message in asked["messages"]):
        raise RequestRefused(
            400,
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
            "messages",
        )


def _burst(messages: list[dict[str, Any]]) -> list[CustomerMessage]:
    """Read what the customer wrote out of the last user message; without the marks, all of it is one text."""
    last = next((_text(message) for message in reversed(messages) if message.get("role") == "user"), "")
    marked = BURST.findall(last)
    if not marked:
        return [CustomerMessage("texto", last)]
    lines = [json.loads(line) for line in marked[-1].splitlines() if line.strip()]
    return [CustomerMessage(line["tipo"], line["texto"] or "") for line in lines]


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content)


def _spoil(content: str, mode: LlmMode) -> str:
    if mode == "empty":
        return ""
    return content[: len(content) // 2] if mode == "broken_json" else content


def _completion(asked: Mapping[str, Any], prompt: str, content: str) -> dict[str, Any]:
    prompt_tokens, completion_tokens = len(prompt) // CHARACTERS_PER_TOKEN, len(content) // CHARACTERS_PER_TOKEN
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex[:24]}",
        "object": "chat.completion",
        "created": int(SystemClock().now().timestamp()),
        "model": asked["model"],
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }


def _answer_refused(_: Http, refused: RequestRefused) -> Response[Any]:
    kind = "server_error" if refused.status >= 500 else "invalid_request_error"  # noqa: PLR2004 - the HTTP classes
    error = {"message": refused.message, "type": kind, "param": refused.param, "code": None}
    return Response({"error": error}, status_code=refused.status)
