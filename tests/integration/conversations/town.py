"""A small town for interleavings: two customers, a person at the desk, a model and a Whaticket that do as they are told.

Everything between them is ours and real, on a real PostgreSQL: the door, filing, answering, delivery and the sweep.
What the town knows by itself (who has the word, what left) is what the promises are held against.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count, product
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text

from secretaria.breaker import State
from secretaria.clock import HeldClock
from secretaria.inbox.filing import file_event
from secretaria.inbox.receive import receive_webhook
from secretaria.knowledge.snapshot import Business
from secretaria.llm.chat import ChatAnswer, ChatRequest, ChatUnavailable
from secretaria.outbox.delivery import DispatchRoom, deliver_item
from secretaria.outbox.reconcile import ReconcileRoom, reconcile_item
from secretaria.queue.jobs import ANSWER_TURN, DELIVER_ITEM, FILE_EVENT, RECONCILE_ITEM, Job
from secretaria.replies.answer import answer_turn
from secretaria.replies.recovery import recover_turns
from secretaria.replies.sweep import sweep
from secretaria.whaticket.gateway import Outcome, SendResult
from tests.answering import a_draft, an_answering_room
from tests.builders import Nudge, PublishedNudges, a_door, a_filing_room, a_text, file_received, rows, with_token

CUSTOMERS = ("5520900000101", "5520900000202")
RESUME_AFTER = timedelta(hours=12)
BUBBLES_OF_A_REPLY = 2
OPEN_ROWS = """
SELECT (SELECT count(*) FROM inbox_event WHERE state = 'received')
     + (SELECT count(*) FROM turn WHERE state IN ('waiting', 'answering'))
     + (SELECT count(*) FROM outbox_item WHERE state IN ('pending', 'sending', 'unconfirmed'))
"""
HEALING_SECONDS = (*[6.0] * 6, 46.0, 61.0, 61.0, 700.0, *[6.0] * 6)


class Killed(BaseException):
    """The process is gone in the middle of its work."""


@dataclass
class Town:
    """Whoever writes, and everything that answers.

    Attributes:
        meanwhile: What happens while the model writes its next draft; nothing where it is None.
        sends: What becomes of the next send.
        ledger: What physically left, in order: number and text.
        person_since: When a person took the word of a customer, for whom that is so.
        running: The leases of the drafts that are being written, by conversation.
        written: Messages of each customer.
    """

    engine: Engine
    clock: HeldClock
    business: Business
    nudges: PublishedNudges = field(default_factory=PublishedNudges)
    meanwhile: Callable[[], None] | None = None
    sends: str = "accepted"
    drafts: str = "answer"
    ledger: list[tuple[str, str]] = field(default_factory=list)
    person_since: dict[str, datetime] = field(default_factory=dict)
    running: dict[int, int] = field(default_factory=dict)
    written: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._ids = count(1)
        self._words = (f"Resposta {''.join(letters)}." for letters in product("abcdefghij", repeat=4))
        self.door = a_door(self.engine, self.nudges, self.clock)
        self.filing = a_filing_room(self.engine, self.nudges, self.clock)
        self.answering = an_answering_room(self.engine, self.nudges, self.clock, self, self.business)
        self.dispatch = DispatchRoom(self.engine, self.nudges, self.clock, self)
        self.looking = ReconcileRoom(self.engine, self.nudges, self.clock, "community", None)

    # The customers, the person and the ticket.

    def customer_writes(self, number: str) -> None:
        """Let a message in; it is filed when its nudge, or the sweep, says so."""
        self._receive(a_text("quanto custa a limpeza?", message_id=self._next_id(), number=number))
        self.written[number] += 1

    def person_writes(self, number: str) -> None:
        """Let a person answer from the phone: from now on the secretary is silent there."""
        self._receive(a_text("Oi, aqui é a Renata.", message_id=self._next_id(), number=number, fromMe=True))
        file_received(self.filing)
        self.person_since[number] = self.clock.now()

    def ticket_closes(self, number: str) -> None:
        """Let a person close the ticket, which gives the conversation back."""
        self._receive({"acao": "end", "mensagem": "SAIR", "sender": number, "fromMe": False})
        file_received(self.filing)
        self.person_since.pop(number, None)

    def echo(self) -> None:
        """Let Whaticket show us what we sent last, as if somebody had written it."""
        if self.ledger:
            number, body = self.ledger[-1]
            self._receive(a_text(body, message_id=self._next_id(), number=number, fromMe=True))
            file_received(self.filing)

    # The workers.

    def work(self, position: int, *, twice: bool) -> None:
        """Take any of the nudges that wait, in whatever order; a lost one is the same as one never taken."""
        if not self.nudges.published:
            return
        self._run(self.nudges.published.pop(position % len(self.nudges.published)), twice=twice)

    def do_all(self, job: Job) -> None:
        """Take every nudge of one kind that waits now, oldest first."""
        for nudge in self.nudges.of(job):
            if nudge in self.nudges.published:
                self.nudges.published.remove(nudge)
                self._run(nudge)

    def _run(self, nudge: Nudge, *, twice: bool = False) -> None:
        run: Mapping[object, Callable[[str], None]] = {
            FILE_EVENT: lambda identifier: file_event(self.filing, UUID(identifier)),
            ANSWER_TURN: lambda identifier: answer_turn(self.answering, int(identifier)),
            DELIVER_ITEM: lambda identifier: deliver_item(self.dispatch, int(identifier)),
            RECONCILE_ITEM: lambda identifier: reconcile_item(self.looking, int(identifier)),
        }
        for _ in range(1 + twice):
            try:
                run[nudge.job](nudge.identifier)
            except Killed:
                return

    def sweep(self) -> None:
        """Let the schedule of any worker come round."""
        sweep(self.engine, self.nudges, self.clock)
        recover_turns(self.engine, self.nudges, self.clock, lambda: State.CLOSED)

    def heal(self) -> None:
        """Restart everything with an empty Redis, let all be well again and time pass, until nothing is open."""
        self.nudges.published.clear()
        self.meanwhile, self.sends, self.drafts = None, "accepted", "answer"
        for seconds in HEALING_SECONDS:
            self.clock.advance(seconds)
            self.sweep()
            while self.nudges.published:
                self.work(0, twice=False)

    def open_rows(self) -> int:
        """Return how many rows have not come to their end."""
        with self.engine.connect() as connection:
            return int(connection.execute(text(OPEN_ROWS)).scalar_one())

    # The model, as answering knows it.

    def complete(self, request: ChatRequest) -> ChatAnswer:
        """Write a draft, unless something happens meanwhile."""
        conversation = self._conversation_of(int(request.unit.removeprefix("turn:")))
        holder = self.running.get(conversation["id"])
        alive = conversation["lease_until"] is not None and conversation["lease_until"] >= self.clock.now()
        assert not (holder == conversation["lease_token"] and alive), "two runs in one conversation"
        self.running[conversation["id"]] = conversation["lease_token"]
        try:
            happens, self.meanwhile = self.meanwhile, None
            if happens is not None:
                happens()
            return self._draft()
        finally:
            self.running.pop(conversation["id"], None)

    def list_models(self) -> list[str]:
        """Return nothing: nobody asks."""
        return []

    # Whaticket, as delivery knows it.

    def send_text(self, number: str, body: str) -> SendResult:
        """Send, or not, and say so, or not."""
        self._hold_promises(number)
        sends, self.sends = self.sends, "accepted"
        if sends == "killed before":
            raise Killed
        if sends == "refused":
            return SendResult(Outcome.NOT_SENT, error="ConnectError")
        if sends == "unknown, not sent":
            return SendResult(Outcome.UNKNOWN, error="ReadTimeout")
        self.ledger.append((number, body))
        if sends == "killed after":
            raise Killed
        if sends == "a person speaks":
            self.person_writes(number)
        if sends == "unknown, sent":
            return SendResult(Outcome.UNKNOWN, error="ReadTimeout")
        return SendResult(Outcome.ACCEPTED, status=200)

    def ping(self) -> None:
        """Answer: nobody asks."""

    def close(self) -> None:
        """Close nothing."""

    # The promises.

    def check_ledger(self) -> None:
        """Nothing left more often than it was decided, or in another order."""
        decided: dict[str, list[str]] = defaultdict(list)
        for item in rows(self.engine, "outbox_item"):
            decided[item["number"]].append(item["body"])
        left: dict[str, list[str]] = defaultdict(list)
        for number, body in self.ledger:
            left[number].append(body)
        for number, bodies in left.items():
            following = iter(decided[number])
            assert all(body in following for body in bodies), "out of order, or twice"

    def check_everybody_is_looked_after(self) -> None:
        """Every message stands in a closed turn: with a reply that left or says why not, or with a person."""
        items: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for item in rows(self.engine, "outbox_item"):
            items[item["turn_id"]].append(item)
        turns = {turn["id"]: turn for turn in rows(self.engine, "turn")}
        asked = [message for message in rows(self.engine, "message") if message["direction"] == "inbound"]
        assert len(asked) == sum(event["state"] == "filed" for event in rows(self.engine, "inbox_event"))
        for message in asked:
            turn = turns[message["turn_id"]]
            spoken = any(item["state"] == "sent" for item in items[turn["id"]])
            told_why = any(item["reason"] for item in items[turn["id"]])
            assert turn["closed_at"] is not None
            assert (turn["state"] == "answered" and (spoken or told_why)) or turn["reason"], "nobody looks after it"

    def _hold_promises(self, number: str) -> None:
        since = self.person_since.get(number)
        if since is not None and self.clock.now() - since >= RESUME_AFTER:
            del self.person_since[number]
        assert number not in self.person_since, "a bubble after a person's word"
        said = sum(number == to for to, _ in self.ledger)
        assert said < BUBBLES_OF_A_REPLY * self.written[number], "she talks to herself"

    def _draft(self) -> ChatAnswer:
        kind, self.drafts = self.drafts, "answer"
        if kind == "fails":
            raise ChatUnavailable("timeout")
        bubbles = [next(self._words) for _ in range(2 if kind == "two bubbles" else 1)]
        changes: dict[str, object] = {}
        if kind == "hands off":
            changes = {"handoff_needed": True, "handoff_reason": "cliente_pediu", "handoff_brief": "quer uma pessoa"}
        return ChatAnswer(a_draft(bubbles=bubbles, **changes), "modelo", 1, 1)

    def _conversation_of(self, turn_id: int) -> dict[str, Any]:
        turn = next(turn for turn in rows(self.engine, "turn") if turn["id"] == turn_id)
        return next(one for one in rows(self.engine, "conversation") if one["id"] == turn["conversation_id"])

    def _receive(self, event: Mapping[str, object]) -> None:
        receive_webhook(self.door, with_token(event))

    def _next_id(self) -> str:
        return f"3EB0{next(self._ids):012d}"
