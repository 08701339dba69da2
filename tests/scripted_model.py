"""A model behind real HTTP of which a test decides what it answers and what happens while it thinks."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from secretaria.simulation.faults import LlmFaults
from secretaria.simulation.serving import linger

COMPLETIONS = "/v1/chat/completions"

Asgi = Callable[..., Awaitable[Any]]
Ending = Callable[[Asgi, Asgi], Awaitable[None]]


@dataclass
class Stage:
    """One address on loopback for a whole test run; each test puts its own application behind it."""

    app: Asgi | None = None
    url: str = ""

    async def __call__(self, scope: Any, receive: Asgi, send: Asgi) -> None:  # noqa: ANN401 - an ASGI scope
        """Hand the request to the application of the moment."""
        if scope["type"] == "http" and self.app is not None:
            await self.app(scope, receive, send)


@dataclass
class ScriptedModel:
    """The simulated model, which keeps what it was asked, lets a test act while it thinks and answer in its place.

    Attributes:
        simulated: The application that answers when nothing is scripted.
        faults: Its switches.
        asked: The JSON of every call, oldest first.
        meanwhile: Actions taken during the next calls, one each, before anything is answered.
        endings: Answers given in place of the simulated ones, one a call.
    """

    simulated: Asgi
    faults: LlmFaults
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    meanwhile: deque[Callable[[], object]] = field(default_factory=deque)
    endings: deque[Ending] = field(default_factory=deque)

    async def __call__(self, scope: Any, receive: Asgi, send: Asgi) -> None:  # noqa: ANN401 - an ASGI scope
        """Answer one request."""
        if scope["path"] == COMPLETIONS:
            body = await _whole(receive)
            self.asked.append(json.loads(body))
            if self.meanwhile:
                await asyncio.to_thread(self.meanwhile.popleft())
            receive = _again(body, receive)
        if self.endings:
            await self.endings.popleft()(receive, send)
        else:
            await self.simulated(scope, receive, send)

    def prompts(self) -> list[str]:
        """Return what each call said in all its messages."""
        return ["\n".join(message["content"] for message in call["messages"]) for call in self.asked]


def a_completion(content: object, **changes: object) -> bytes:
    """Write the envelope of the protocol around a content."""
    envelope: dict[str, object] = {
        "id": "chatcmpl-inventado",
        "object": "chat.completion",
        "created": 1786453200,
        "model": "modelo-principal",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 900, "completion_tokens": 90, "total_tokens": 990},
    }
    return json.dumps({**envelope, **changes}, ensure_ascii=False).encode()


def says(content: object) -> Ending:
    """Answer with a content."""
    return answers(200, a_completion(content))


def answers(status: int, body: bytes, content_type: str = "application/json") -> Ending:
    """Answer with any status, body and type."""

    async def end(_: Asgi, send: Asgi) -> None:
        await _start(send, status, content_type)
        await send({"type": "http.response.body", "body": body})

    return end


def drips(every_seconds: float, then: bytes = b"", status: int = 200) -> Ending:
    """Answer with one blank byte after another, as proxies do to keep a connection, for five seconds at most."""

    async def end(receive: Asgi, send: Asgi) -> None:
        await _start(send, status, "application/json")
        for _ in range(round(5 / every_seconds)):
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await linger(receive, every_seconds)
        await send({"type": "http.response.body", "body": then})

    return end


async def _whole(receive: Asgi) -> bytes:
    body, more = b"", True
    while more:
        part = await receive()
        body, more = body + part.get("body", b""), part.get("more_body", False)
    return body


def _again(body: bytes, receive: Asgi) -> Asgi:
    """Give a body that was already read once more, and then whatever follows it."""
    unread = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Any:  # noqa: ANN401 - an ASGI message
        return unread.pop() if unread else await receive()

    return receive_again


async def _start(send: Asgi, status: int, content_type: str) -> None:
    headers = [(b"content-type", content_type.encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
