"""What a shop of many years does all day, each with one call: a turn, the sweep, a scrape, the list of the panel, a search."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from sqlalchemy import Engine
from sqlmodel import Session

from secretaria.attending.board import BoardRow, Filters, list_conversations
from secretaria.attending.record import open_record
from secretaria.attending.timeline import Viewer, wanted
from secretaria.clock import HeldClock
from secretaria.conversations.feed import cursor_at, read_feed
from secretaria.inbox.filing import file_event
from secretaria.inbox.receive import receive_webhook
from secretaria.knowledge.folder import load_business_folder
from secretaria.knowledge.snapshot import Business
from secretaria.llm.chat import ChatAnswer, ChatRequest
from secretaria.outbox.delivery import deliver_item
from secretaria.queue.jobs import ANSWER_TURN, DELIVER_ITEM
from secretaria.replies.answer import answer_turn
from secretaria.replies.indicators import read_indicators
from secretaria.replies.pulse import read_pulse
from secretaria.replies.sweep import sweep
from secretaria.simulation import SAMPLE_BUSINESS
from secretaria.whaticket.gateway import Outcome, SendResult
from tests.answering import a_dispatch_room, a_draft, an_answering_room
from tests.builders import PublishedNudges, a_door, a_filing_room, a_text, with_token
from tests.grown import number_of

CHANNEL = "principal"
SILENCE_SECONDS, PAUSE_SECONDS = 30.0, 5.0
EPISODE_SECONDS = 7 * 3600.0
LONG = 1  # the conversation of many thousand messages
Found = TypeVar("Found")


class _Model:
    """Answers at once: what is measured is PostgreSQL."""

    def complete(self, request: ChatRequest) -> ChatAnswer:  # noqa: ARG002  # whatever it is asked
        return ChatAnswer(a_draft(), "modelo-principal", 1, 1)

    def list_models(self) -> list[str]:
        return []

    def close(self) -> None:
        pass


class _Whaticket:
    """Takes everything at once."""

    def send_text(self, number: str, body: str) -> SendResult:  # noqa: ARG002  # whatever it is given
        return SendResult(Outcome.ACCEPTED, 200)

    def ping(self) -> None:
        pass

    def close(self) -> None:
        pass


@dataclass
class Shop:
    """One process over a database that ``grow`` has filled."""

    engine: Engine
    clock: HeldClock = field(default_factory=lambda: HeldClock(datetime.now(UTC) + timedelta(seconds=1)))
    nudges: PublishedNudges = field(default_factory=PublishedNudges)
    business: Business = field(default_factory=lambda: load_business_folder(SAMPLE_BUSINESS))
    _written: itertools.count[int] = field(default_factory=itertools.count)

    def turn(self, person: int) -> None:
        """Let a customer write, and follow the message from the door to the last bubble."""
        self.nudges.published.clear()
        event = a_text("quanto custa a limpeza?", message_id=f"BUSY{next(self._written)}", number=number_of(person))
        event["messageTimestamp"] = int(self.clock.now().timestamp())
        receipt = receive_webhook(a_door(self.engine, self.nudges, self.clock), with_token(event))
        assert receipt.event is not None
        file_event(a_filing_room(self.engine, self.nudges, self.clock), receipt.event)
        self.clock.advance(SILENCE_SECONDS)
        room = an_answering_room(self.engine, self.nudges, self.clock, _Model(), self.business)
        answer_turn(room, int(self.nudges.of(ANSWER_TURN)[-1].identifier))
        dispatch = a_dispatch_room(self.engine, self.nudges, self.clock, _Whaticket())
        sends = self.nudges.of(DELIVER_ITEM)
        assert sends
        for nudge in sends:
            self.clock.advance(PAUSE_SECONDS)
            deliver_item(dispatch, int(nudge.identifier))

    def long_turn(self) -> None:
        """Let the customer of the long conversation write again, hours later, so that it is another episode."""
        self.clock.advance(EPISODE_SECONDS)
        self.turn(LONG)

    def parts(self) -> Mapping[str, Callable[[], object]]:
        """Return everything else that is done all day, by name."""
        now = self.clock.now()

        def listed(session: Session, *, search: str = "", before: str | None = None) -> Sequence[BoardRow]:
            return list_conversations(session, Filters(search=search), before=before)

        last = self._read(listed)[-1].position

        def tailed(session: Session) -> object:
            page = read_feed(session, cursor_at(session, now - timedelta(minutes=10)))
            return Viewer(wanted(None)).choose(session, page.entries)

        return {
            "sweep": lambda: sweep(self.engine, self.nudges, self.clock),
            "scrape": lambda: self._read(
                lambda s: (read_pulse(s, now, self.business.card, CHANNEL), read_indicators(s))
            ),
            "list": lambda: self._read(listed),
            "next page": lambda: self._read(partial(listed, before=last)),
            "search for a number": lambda: self._read(partial(listed, search=number_of(7))),
            "search for a word": lambda: self._read(partial(listed, search="numero 7771")),
            "search for nothing": lambda: self._read(partial(listed, search="xilofone")),
            "the long conversation": lambda: self._read(lambda s: open_record(s, LONG, now=now)),
            "tail": lambda: self._read(tailed),
        }

    def _read(self, read: Callable[[Session], Found]) -> Found:
        with Session(self.engine) as session:
            return read(session)
