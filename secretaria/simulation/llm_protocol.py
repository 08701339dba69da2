"""The OpenAI protocol as the simulated model speaks it: what is refused, how a request is read, what an answer looks like."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Protocol

from secretaria.clock import SystemClock

MODEL = "secretaria-simulada"
RESPONSE_FORMATS = frozenset({"json_schema", "json_object"})
BURST = re.compile(r"^<mensagens>\s*$(.*?)^</mensagens>\s*$", re.MULTILINE | re.DOTALL)
CHARACTERS_PER_TOKEN = 4


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
class CustomerMessage:
    """One message of the burst; ``kind`` is ``texto``, ``audio``, ``imagem`` and so on."""

    kind: str
    text: str


@dataclass(frozen=True)
class Asked:
    """One request, read.

    Attributes:
        model: The name it was asked by.
        messages: Role and text of each message, in order.
        schema_name: What the structured answer is called; empty where the request carries no schema.
        schema: The JSON schema of the answer, empty likewise.
    """

    model: str
    messages: tuple[tuple[str, str], ...]
    schema_name: str = ""
    schema: Mapping[str, Any] | None = None

    @property
    def prompt(self) -> str:
        """All that was said, as one text."""
        return "\n".join(text for _, text in self.messages)

    @property
    def burst(self) -> list[CustomerMessage]:
        """What the customer wrote: the marked part of the last message that has one, else all of the last one."""
        said = [text for role, text in self.messages if role == "user"]
        marked = next((found for text in reversed(said) if (found := BURST.findall(text))), None)
        if marked is None:
            return [CustomerMessage("texto", said[-1] if said else "")]
        lines = [json.loads(line) for line in marked[-1].splitlines() if line.strip()]
        return [CustomerMessage(line["tipo"], line["texto"] or "") for line in lines]

    @property
    def earlier(self) -> tuple[str, ...]:
        """What was said before the burst by either side, oldest first."""
        last = max((index for index, (_, text) in enumerate(self.messages) if BURST.search(text)), default=None)
        before = self.messages[:last] if last is not None else self.messages[:-1]
        return tuple(text for role, text in before if role in {"user", "assistant"})

    def told_after(self, beginning: str) -> str:
        """Return the newest instruction that begins so: a tool's result, or why a draft was refused; else nothing."""
        told = [text for role, text in self.messages if role == "system" and text.startswith(beginning)]
        return told[-1] if told else ""


class Writer(Protocol):
    """What stands in for the mind of the model; each mode is one."""

    def write(self, asked: Asked) -> Mapping[str, Any] | str:
        """Return the object to answer with, or the raw text.

        Raises:
            RequestRefused: There is no answer; the status says so.
        """
        ...


def read_request(raw: bytes, supports: AbstractSet[str]) -> Asked:
    """Read a request, refusing what OpenAI refuses.

    Raises:
        RequestRefused: It is no request, or asks for what the model does not know.
    """
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise RequestRefused(400, "We could not parse the JSON body of your request.") from error
    if not isinstance(body, dict) or not body.get("messages") or not body.get("model"):
        raise RequestRefused(400, "you must provide a model and messages parameter", "messages")
    if body.get("stream"):
        raise RequestRefused(400, "Streaming is not supported by this model.", "stream")
    _check_format(body, supports)
    shape = (body.get("response_format") or {}).get("json_schema") or {}
    return Asked(
        model=body["model"],
        messages=tuple((message.get("role", ""), _text(message)) for message in body["messages"]),
        schema_name=shape.get("name", ""),
        schema=shape.get("schema"),
    )


def completion(
    asked: Asked, content: str, *, finish_reason: str = "stop", refusal: str | None = None
) -> dict[str, Any]:
    """Write the envelope of the protocol around a content."""
    prompt_tokens = len(asked.prompt) // CHARACTERS_PER_TOKEN
    completion_tokens = len(content) // CHARACTERS_PER_TOKEN
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex[:24]}",
        "object": "chat.completion",
        "created": int(SystemClock().now().timestamp()),
        "model": asked.model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": None if refusal else content, "refusal": refusal},
                "logprobs": None,
                "finish_reason": finish_reason,
            }
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }


def plainest(asked: Asked) -> dict[str, Any]:
    """Return the plainest object the request's schema allows: what a writer answers to a shape it does not know."""
    properties: Mapping[str, Any] = (asked.schema or {}).get("properties", {})
    return {name: _plain(schema) for name, schema in properties.items()}


def _plain(schema: Mapping[str, Any]) -> Any:  # noqa: ANN401  # anything that JSON can say
    if schema.get("enum"):
        return None if None in schema["enum"] else schema["enum"][0]
    kinds = schema.get("type", "object")
    kind = kinds if isinstance(kinds, str) else "null"
    if kind == "object":
        return {name: _plain(inner) for name, inner in schema.get("properties", {}).items()}
    return {"array": [], "string": "", "integer": 0, "number": 0, "boolean": False}.get(kind)


def _check_format(body: Mapping[str, Any], supports: AbstractSet[str]) -> None:
    """Refuse what OpenAI refuses: an unknown kind, a schema without a name, a JSON mode nobody told the model of."""
    wanted = body.get("response_format") or {"type": "text"}
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
    if kind == "json_object" and not any("json" in _text(message).lower() for message in body["messages"]):
        raise RequestRefused(
            400,
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
            "messages",
        )


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content)
