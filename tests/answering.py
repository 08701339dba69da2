"""What the tests of answering and delivery are made of: a conversation, rooms, a Whaticket, rows and log lines."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from loguru import logger
from sqlalchemy import Engine, text, update
from sqlmodel import Session, SQLModel

from secretaria.breaker import Breaker
from secretaria.clock import Clock, HeldClock
from secretaria.conversations.leases import LeaseKeeper
from secretaria.inbox.receive import Door, receive_webhook
from secretaria.knowledge.library import HeldLibrary
from secretaria.knowledge.snapshot import Business
from secretaria.llm.budget import Budget
from secretaria.llm.chat import Chat
from secretaria.llm.openai_chat import OpenAIChat
from secretaria.outbox.delivery import DispatchRoom
from secretaria.replies.answer import AnsweringRoom, answer_turn
from secretaria.replies.sweep import sweep
from secretaria.settings import Flavour
from secretaria.simulation.faults import SendFaults
from secretaria.simulation.ledger import Ledger
from secretaria.simulation.shape import TOOL_FIELDS
from secretaria.simulation.tickets import TicketBook
from secretaria.whaticket.gateway import Gateway
from secretaria.whaticket.http_gateway import HttpGateway
from secretaria.whaticket.http_panel import HttpPanel
from tests.builders import NUMBER, PublishedNudges, a_door, a_filing_room, a_text, receive_and_file, rows, with_token

LLM_KEY = "chave-inventada-do-modelo"
WHATICKET_TOKEN = "ficha-inventada-do-whaticket"
PANEL_EMAIL, PANEL_PASSWORD = "painel@clinica.example", "senha-inventada"
QUESTION = "tem estacionamento?"
BUBBLES = ["A limpeza custa R$ 180.", "Quer que eu peça um horário?"]
FIRST, SECOND = 1, 2  # the items of these two bubbles
PAUSE_SECONDS = 1.0  # the second one is short enough for the shortest pause
DOUBTS = ("hang", "hang_after_send", "reset", "reset_after_send", "400_after_send", "html_502")
PATIENCE_SECONDS = 30.0


@dataclass
class WhaticketSite:
    """One simulated Whaticket and what a test turns or reads of it."""

    url: str
    flavour: Flavour
    ledger: Ledger
    faults: SendFaults
    clock: HeldClock
    book: TicketBook

    def gateway(self, *, read_timeout: float = 2.0, token: str = WHATICKET_TOKEN, url: str = "") -> HttpGateway:
        """Build our way to it."""
        return HttpGateway(
            url or self.url,
            token,
            self.flavour,
            connect_timeout=1.0,
            read_timeout=read_timeout,
            clock=self.clock,
        )

    def panel(self, *, password: str = PANEL_PASSWORD) -> HttpPanel:
        """Build our way to its panel."""
        return HttpPanel(self.url, PANEL_EMAIL, password, connect_timeout=1.0, read_timeout=2.0, clock=self.clock)

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

    @property
    def business(self) -> Business:
        """What is published for this conversation now."""
        with Session(self.engine) as session:
            return self.room.library.current(session)

    def customer_writes(self, *texts: str, number: str = NUMBER) -> None:
        """Let texts of a customer in and file them, one after another."""
        for written in texts:
            self._arrives(a_text(written, message_id=self._next_id(), number=number))

    def person_writes(self, text: str = "Oi, aqui é a Renata da recepção") -> None:
        """Let an own message in that we did not send."""
        self._arrives(a_text(text, message_id=self._next_id(), fromMe=True))

    def due_in(self) -> float:
        """Return how many seconds of silence the open turn still wants."""
        due: datetime = next(turn["due_at"] for turn in self.turns() if turn["closed_at"] is None)
        return max((due - self.clock.now()).total_seconds(), 0.0)

    def quiet(self) -> None:
        """Let the customer be silent until the turn is due."""
        self.clock.advance(self.due_in())

    def answer(self, turn_id: int = 1) -> None:
        """Let a worker take up a turn."""
        answer_turn(self.room, turn_id)

    def bubbles(self) -> list[str]:
        """Return what is, or was, to be sent."""
        return [item["body"] for item in rows(self.engine, "outbox_item")]

    def turns(self) -> list[dict[str, Any]]:
        """Return the turns, oldest first."""
        return rows(self.engine, "turn")

    def item(self, identifier: int = FIRST) -> dict[str, Any]:
        """Return one item of the outbox."""
        return next(item for item in rows(self.engine, "outbox_item") if item["id"] == identifier)

    def item_states(self) -> list[str]:
        """Return the states of the items, which must be those that the messages show."""
        states = [item["state"] for item in rows(self.engine, "outbox_item")]
        messages = [message for message in rows(self.engine, "message") if message["author"] == "secretary"]
        assert [message["delivery"] for message in messages] == states
        return states

    def item_wait(self, identifier: int = FIRST) -> float:
        """Return how many seconds an item still has to wait."""
        wait: timedelta = self.item(identifier)["not_before"] - self.clock.now()
        return wait.total_seconds()

    def sweep(self, seconds: float = 0.0) -> int:
        """Let time pass, then sweep."""
        self.clock.advance(seconds)
        return sweep(self.engine, self.nudges, self.clock)

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


OpenWhaticket = Callable[..., WhaticketSite]
OpenDispatch = Callable[..., DispatchRoom]
RunWorker = Callable[[], AbstractContextManager[threading.Event]]


def a_chat(
    base_url: str,
    *,
    api_key: str = LLM_KEY,
    model: str = "modelo-principal",
    fallback_model: str = "",
    timeout_seconds: float = 5.0,
    breaker: Breaker | None = None,
    budget: Budget | None = None,
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
        breaker=breaker,
        budget=budget,
    )


def an_answering_room(
    engine: Engine, nudges: PublishedNudges, clock: Clock, chat: Chat, business: Business
) -> AnsweringRoom:
    """Build an answering room with the default limits."""
    return AnsweringRoom(
        engine, nudges, clock, chat, HeldLibrary(business), LeaseKeeper(engine, clock), resume_after_hours=12.0
    )


def a_dispatch_room(engine: Engine, nudges: PublishedNudges, clock: Clock, gateway: Gateway) -> DispatchRoom:
    """Build a room that delivers through a gateway."""
    return DispatchRoom(engine, nudges, clock, gateway)


def a_draft(**changes: object) -> str:
    """Write the JSON of a good draft, with some fields changed."""
    draft: dict[str, object] = {
        "intention": "preco",
        "extra_intentions": [],
        "sentiment": 0,
        "urgent": False,
        "language": "pt",
        "satisfaction": None,
        "asked": "quanto custa a limpeza",
        **dict.fromkeys(TOOL_FIELDS),
        "answerable": "base",
        "sources": ["servicos-e-precos.md#limpeza"],
        "handoff_needed": False,
        "handoff_reason": None,
        "handoff_brief": None,
        "memory": [],
        "bubbles": ["A limpeza custa R$ 180."],
    }
    return json.dumps({**draft, **changes}, ensure_ascii=False)


def customer_writes(door: Door, message: str = QUESTION, *, number: str = NUMBER, message_id: str = "M1") -> None:
    """Let one text of a customer in by the door, and no further."""
    receive_webhook(door, with_token(a_text(message, number=number, message_id=message_id)))


def change_row(engine: Engine, table: str, identifier: int, **values: object) -> None:
    """Write values over one row of a table."""
    target = SQLModel.metadata.tables[table]
    with Session(engine) as session:
        session.execute(update(target).where(target.c.id == identifier).values(**values))
        session.commit()


def drop_connections(engine: Engine) -> None:
    """Cut every connection of this role to PostgreSQL but the one that does it."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        )


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until something is so, a few seconds at most."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


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
        with patch("secretaria.logs._PLAIN.takes", ()):  # so that all of them go through loguru
            yield lines
    finally:
        logger.remove(sink)
