"""The counter of the agenda tests: customers say something, a call is run for them, its reply is settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine

import secretaria
from secretaria.agenda.importing import Imported, import_agenda, read_agenda_json
from secretaria.conversations.models import Author, Conversation, Direction, Turn, TurnState
from secretaria.conversations.store import add_message, lock_conversation, upsert_contact
from secretaria.database.transaction import transaction
from secretaria.knowledge.business import BusinessCard, parse_card
from secretaria.tools.calls import ToolCall, ToolResult
from secretaria.tools.describing import agenda_lines
from secretaria.tools.running import keep_result, run_tool
from secretaria.whaticket.numbers import identity_key
from tests.builders import NUMBER, rows

SAMPLE = Path(secretaria.__file__).parent / "simulation/clinica-sorriso"
CARD_TEXT = (SAMPLE / "negocio.toml").read_text(encoding="utf-8")
MONDAY = datetime.fromisoformat("2026-08-10T09:15:00-03:00")


@dataclass
class Counter:
    """One business at one moment, with everybody who writes to it."""

    engine: Engine
    card: BusinessCard = field(default_factory=lambda: parse_card(CARD_TEXT, "negocio.toml"))
    now: datetime = MONDAY
    may_write: bool = True
    turn_id: int = 0

    def import_sample(self) -> Imported:
        """Import the agenda of the sample clinic."""
        incoming = read_agenda_json((SAMPLE / "agenda.json").read_bytes(), self.card)
        with transaction(self.engine) as session:
            return import_agenda(session, self.card, incoming, self.now)

    def ask(self, name: str, *texts: str, number: str = NUMBER, **arguments: object) -> ToolResult:
        """Let a customer say something and run one call for it; what comes of it is not settled."""
        conversation = self._hear(texts, number)
        return run_tool(
            self.engine,
            self.card,
            a_call(name, **arguments),
            contact_id=conversation.contact_id,
            conversation_id=conversation.id or 0,
            turn_id=self.turn_id,
            burst_texts=texts,
            now=self.now,
            may_write=self.may_write,
        )

    def settle(self, result: ToolResult, *bubbles: str, number: str = NUMBER) -> None:
        """Write what a result leaves behind, as the transaction of the reply does."""
        with transaction(self.engine) as session:
            contact = upsert_contact(session, identity_key=identity_key(number), number=number, name=None, now=self.now)
            conversation = lock_conversation(session, contact_id=contact, channel="principal", now=self.now)
            keep_result(
                session,
                self.card,
                result,
                contact_id=contact,
                conversation_id=conversation.id or 0,
                turn_id=self.turn_id,
                bubbles=bubbles,
                now=self.now,
            )

    def serve(
        self, name: str, *texts: str, bubbles: Sequence[str] = (), number: str = NUMBER, **arguments: object
    ) -> ToolResult:
        """Ask and settle."""
        result = self.ask(name, *texts, number=number, **arguments)
        self.settle(result, *bubbles, number=number)
        return result

    def lines(self, number: str = NUMBER) -> str:
        """Return what the prompt says of a customer's agenda."""
        with transaction(self.engine) as session:
            contact = upsert_contact(session, identity_key=identity_key(number), number=number, name=None, now=self.now)
            conversation = lock_conversation(session, contact_id=contact, channel="principal", now=self.now)
            return "\n".join(agenda_lines(session, self.card, contact, conversation.id or 0, self.now))

    def bookings(self) -> list[dict[str, Any]]:
        """Return every booking."""
        return rows(self.engine, "booking")

    def booking(self, code: str) -> dict[str, Any]:
        """Return one booking."""
        return next(one for one in self.bookings() if one["code"] == code)

    def contact_id(self, number: str = NUMBER) -> int:
        """Return the contact behind a number."""
        key = identity_key(number)
        return next(int(one["id"]) for one in rows(self.engine, "contact") if one["identity_key"] == key)

    def newest(self) -> tuple[str, str, str, str]:
        """Return kind, unit, local start and state of the newest booking."""
        one = self.bookings()[-1]
        local = one["starts_at"].astimezone(self.card.identity.timezone)
        return one["kind"], one["unit"], f"{local:%Y-%m-%d %H:%M}", one["state"]

    def _hear(self, texts: Sequence[str], number: str) -> Conversation:
        with transaction(self.engine) as session:
            contact = upsert_contact(session, identity_key=identity_key(number), number=number, name=None, now=self.now)
            conversation = lock_conversation(session, contact_id=contact, channel="principal", now=self.now)
            turn = Turn(
                conversation_id=conversation.id or 0,
                correlation_id=uuid4(),
                state=TurnState.ANSWERED,
                opened_at=self.now,
                due_at=self.now,
                deadline_at=self.now,
            )
            session.add(turn)
            session.flush()
            for text in texts:
                add_message(
                    session,
                    conversation,
                    direction=Direction.INBOUND,
                    author=Author.CONTACT,
                    kind="text",
                    text=text,
                    sent_at=self.now,
                    now=self.now,
                    turn_id=turn.id,
                )
            self.turn_id = turn.id or 0
            return conversation


def a_call(name: str, **arguments: Any) -> ToolCall:  # noqa: ANN401  # whatever the model may fill in
    """Write a call as the model fills it in: days and times as ISO texts."""
    if isinstance(arguments.get("date"), str):
        arguments["date"] = date.fromisoformat(arguments["date"])
    if isinstance(arguments.get("time"), str):
        arguments["time"] = time.fromisoformat(arguments["time"])
    return ToolCall(name, **arguments)
