"""What the tests of answering and delivery are made of: a model and a Whaticket to script, rooms, rows and log lines."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from loguru import logger
from sqlalchemy import Engine, update
from sqlmodel import Session, SQLModel

from secretaria.clock import Clock, HeldClock
from secretaria.knowledge.folder import Business
from secretaria.llm.chat import Chat
from secretaria.llm.openai_chat import OpenAIChat
from secretaria.outbox.delivery import DispatchRoom
from secretaria.replies.answer import AnsweringRoom
from secretaria.settings import Flavour
from secretaria.simulation.faults import LlmFaults, SendFaults
from secretaria.simulation.ledger import Ledger
from secretaria.whaticket.gateway import Gateway
from secretaria.whaticket.http_gateway import HttpGateway
from tests.builders import NUMBER, PublishedNudges, a_door, a_filing_room, a_text, receive_and_file, rows

COMPLETIONS = "/v1/chat/completions"
LLM_KEY = "chave-inventada-do-modelo"
WHATICKET_TOKEN = "ficha-inventada-do-whaticket"
QUIET_SECONDS = 8.0

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


@dataclass
class WhaticketSite:
    """One simulated Whaticket and what a test turns or reads of it."""

    url: str
    flavour: Flavour
    ledger: Ledger
    faults: SendFaults
    clock: Clock

    def gateway(self, *, read_timeout: float = 0.4, token: str = WHATICKET_TOKEN, url: str = "") -> HttpGateway:
        """Build our way to it."""
        return HttpGateway(
            url or self.url,
            token,
            self.flavour,
            connect_timeout=1.0,
            read_timeout=read_timeout,
            clock=self.clock,
        )

    def bodies(self) -> list[str]:
        """Return what physically reached the customers, oldest first."""
        return [sent.body for sent in self.ledger.sent()]


@dataclass
class Scene:
    """A conversation under test, with everything that acts in it."""

    engine: Engine
    nudges: PublishedNudges
    clock: HeldClock
    room: AnsweringRoom
    written: int = 0

    def customer_writes(self, *texts: str, number: str = NUMBER) -> None:
        """Let texts of a customer in and file them, one after another."""
        for text in texts:
            self._arrives(a_text(text, message_id=self._next_id(), number=number))

    def person_writes(self, text: str = "Oi, aqui é a Renata da recepção") -> None:
        """Let an own message in that we did not send."""
        self._arrives(a_text(text, message_id=self._next_id(), fromMe=True))

    def quiet(self, seconds: float = QUIET_SECONDS) -> None:
        """Let the customer be silent until the turn is due."""
        self.clock.advance(seconds)

    def turns(self) -> list[dict[str, Any]]:
        """Return the turns, oldest first."""
        return rows(self.engine, "turn")

    def conversation(self) -> dict[str, Any]:
        """Return the only conversation."""
        (conversation,) = rows(self.engine, "conversation")
        return conversation

    def change(self, table: str, identifier: int, **values: object) -> None:
        """Write values over a row, as an operator or another process would."""
        change_row(self.engine, table, identifier, **values)

    def _next_id(self) -> str:
        self.written += 1
        return f"3EB0{self.written:012d}"

    def _arrives(self, event: Mapping[str, object]) -> None:
        door = a_door(self.engine, self.nudges, self.clock)
        receive_and_file(door, a_filing_room(self.engine, self.nudges, self.clock), event)


def a_chat(
    base_url: str,
    *,
    api_key: str = LLM_KEY,
    model: str = "modelo-principal",
    fallback_model: str = "",
    timeout_seconds: float = 5.0,
) -> OpenAIChat:
    """Build the client under test."""
    return OpenAIChat(
        api_key=api_key,
        base_url=base_url,
        model=model,
        fallback_model=fallback_model,
        timeout_seconds=timeout_seconds,
        max_output_tokens=900,
        temperature=0.3,
    )


def an_answering_room(
    engine: Engine, nudges: PublishedNudges, clock: Clock, chat: Chat, business: Business
) -> AnsweringRoom:
    """Build an answering room with the default limits."""
    return AnsweringRoom(engine, nudges, clock, chat, business, llm_budget_seconds=20.0, resume_after_hours=12.0)


def a_dispatch_room(engine: Engine, nudges: PublishedNudges, clock: Clock, gateway: Gateway) -> DispatchRoom:
    """Build a room that delivers through a gateway."""
    return DispatchRoom(engine, nudges, clock, gateway)


def a_draft(**changes: object) -> str:
    """Write the JSON of a good draft, with some fields changed."""
    draft: dict[str, object] = {
        "intention": "preco",
        "sentiment": 0,
        "satisfaction": None,
        "asked": "quanto custa a limpeza",
        "answerable": "base",
        "sources": ["servicos-e-precos.md#limpeza"],
        "handoff_needed": False,
        "handoff_reason": None,
        "handoff_brief": None,
        "bubbles": ["A limpeza custa R$ 180."],
    }
    return json.dumps({**draft, **changes}, ensure_ascii=False)


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
    """Answer with one blank byte after another, as proxies do to keep a connection, for five seconds or until it ends."""

    async def end(receive: Asgi, send: Asgi) -> None:
        await _start(send, status, "application/json")
        for _ in range(round(5 / every_seconds)):
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            with suppress(TimeoutError):
                await asyncio.wait_for(receive(), every_seconds)
                return
        await send({"type": "http.response.body", "body": then})

    return end


def change_row(engine: Engine, table: str, identifier: int, **values: object) -> None:
    """Write values over one row of a table."""
    target = SQLModel.metadata.tables[table]
    with Session(engine) as session:
        session.execute(update(target).where(target.c.id == identifier).values(**values))
        session.commit()


@contextmanager
def captured_lines() -> Iterator[list[dict[str, Any]]]:
    """Collect every log line written meanwhile, as loguru's records; ``text`` holds the line with its traceback."""
    lines: list[dict[str, Any]] = []
    sink = logger.add(
        lambda line: lines.append({**line.record, "text": str(line)}),
        level=0,
        format="{message} {extra}",
        backtrace=False,
        diagnose=False,
    )
    try:
        yield lines
    finally:
        logger.remove(sink)


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
