"""Customers who type: they send the sample's bursts in its rhythm and wait for what comes back to their phone."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from secretaria.clock import SystemClock
from secretaria.simulation.ledger import Ledger, SendNotSeen
from secretaria.simulation.phone import Phone, audio_event, text_event
from secretaria.simulation.rhythm import SampleConversation, SampleMessage, SampleTurn, typing_schedule

ACCEPTED = 202
MORE_BUBBLES_SECONDS = 0.8


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an exchange, as a phone shows it."""

    conversation: str
    name: str
    number: str
    sender: Literal["customer", "secretary"]
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Played:
    """How a turn ended: how many messages were typed, how many were kept, how many bubbles came back."""

    conversation: str
    turn: int
    typed: int
    accepted: int
    bubbles: int
    seconds: float

    @property
    def answered(self) -> bool:
        """Whether every message was accepted and something came back."""
        return self.accepted == self.typed and self.bubbles > 0


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the customers live.

    Attributes:
        speed: Times faster than recorded.
        longest_pause: Seconds between two messages of a burst, at most.
        patience: Seconds a customer waits for a reply.
    """

    speed: float
    longest_pause: float
    patience: float


def play_all(
    conversations: Sequence[SampleConversation],
    phone: Phone,
    ledger: Ledger,
    pace: Pace,
    on_line: Callable[[Line], None],
) -> list[Played]:
    """Play conversations side by side, each waiting for its replies.

    Args:
        conversations: What the customers type.
        phone: Posts their events to the service.
        ledger: What the simulated Whaticket sent.
        pace: How fast they live.
        on_line: Receives every line of both sides as it appears, one at a time.

    Returns:
        How each turn ended.
    """
    names = {conversation.contact.number: conversation for conversation in conversations}
    speaking = threading.Lock()

    def tell(line: Line) -> None:
        with speaking:
            on_line(line)

    def hear(number: str, text: str) -> None:
        if number in names:
            tell(_line(names[number], "secretary", "text", text))

    unsubscribe = ledger.subscribe(lambda sent: hear(sent.number, sent.body))
    leaving = threading.Event()
    try:
        with ThreadPoolExecutor(max_workers=len(conversations)) as customers:
            parts = customers.map(
                lambda conversation: _play(conversation, phone, ledger, pace, tell, leaving), conversations
            )
            try:
                return [played for part in parts for played in part]
            except BaseException:  # whoever stops the play does not wait for its end
                leaving.set()
                raise
    finally:
        unsubscribe()


def _play(
    conversation: SampleConversation,
    phone: Phone,
    ledger: Ledger,
    pace: Pace,
    tell: Callable[[Line], None],
    leaving: threading.Event,
) -> list[Played]:
    return [
        _play_turn(conversation, turn, phone, ledger, pace, tell, leaving)
        for turn in conversation.turns
        if not leaving.is_set()
    ]


def _play_turn(
    conversation: SampleConversation,
    turn: SampleTurn,
    phone: Phone,
    ledger: Ledger,
    pace: Pace,
    tell: Callable[[Line], None],
    leaving: threading.Event,
) -> Played:
    number = conversation.contact.number
    heard = len(ledger.sent(number))
    accepted = 0
    typed = typing_schedule(conversation, turn, speed=pace.speed, cap_seconds=pace.longest_pause)
    for step in typed:
        if leaving.wait(step.wait_seconds):
            break
        tell(_line(conversation, "customer", step.message.type, step.message.text))
        status, _ = phone.post(_event(conversation, step.message))
        accepted += status == ACCEPTED
    begun = time.monotonic()
    bubbles = _wait_for_reply(ledger, number, heard, pace.patience)
    return Played(conversation.id, turn.n, len(typed), accepted, bubbles, round(time.monotonic() - begun, 2))


def _wait_for_reply(ledger: Ledger, number: str, heard: int, patience: float) -> int:
    """Wait for the first bubble, then for as long as more keep coming."""
    wait, count = patience, heard
    while True:
        try:
            ledger.wait_for(lambda sent, known=count: sum(one.number == number for one in sent) > known, timeout=wait)  # type: ignore[misc]
        except SendNotSeen:
            return len(ledger.sent(number)) - heard
        wait, count = MORE_BUBBLES_SECONDS, len(ledger.sent(number))


def _event(conversation: SampleConversation, message: SampleMessage) -> dict[str, object]:
    number, name = conversation.contact.number, conversation.contact.name or ""
    message_id, now = f"3EB0{uuid.uuid4().hex[:16].upper()}", SystemClock().now()
    if message.type == "audio":
        return audio_event(number, message_id, now, name)
    return text_event(number, message.text, message_id, now, name)


def _line(conversation: SampleConversation, sender: Literal["customer", "secretary"], kind: str, text: str) -> Line:
    name = conversation.contact.name or conversation.contact.number
    return Line(conversation.id, name, conversation.contact.number, sender, kind, text)
