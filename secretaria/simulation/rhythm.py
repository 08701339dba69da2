"""The labelled conversations of a sample business, and how fast their customers typed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

CONVERSATIONS_FILE = "conversations.jsonl"

Sentiment = Literal[-1, 0, 1]


@dataclass(frozen=True)
class Contact:
    """Who writes; some have no profile name."""

    name: str | None
    number: str


@dataclass(frozen=True)
class SampleMessage:
    """One message; ``offset_s`` counts seconds from the start of the conversation."""

    offset_s: float
    sender: Literal["customer", "agent"]
    type: Literal["text", "audio", "image", "sticker"]
    text: str
    turn: int | None


@dataclass(frozen=True)
class SampleTurn:
    """A group of messages that asks for one reply, with the labels of that reply.

    Attributes:
        n: Number of the turn, from 1.
        messages: Indices into the conversation's messages.
        intent: One of the 18 intentions of the sample's README.
        sentiment: What the customer expresses.
        handoff: Whether a person must take over; None where one already has.
        handoff_reason: Why, when ``handoff`` is true.
        answer: Where the reply comes from, in the words of the sample's README (``base``, ``ferramenta``, ...).
        sources: Sections of the base, ``file.md#anchor``.
        must_include: What a good reply says.
        reference_reply: One good reply, a text per bubble; empty where silence is good.
    """

    n: int
    messages: tuple[int, ...]
    intent: str
    sentiment: Sentiment
    handoff: bool | None
    handoff_reason: str | None
    answer: str
    sources: tuple[str, ...]
    must_include: tuple[str, ...]
    reference_reply: tuple[str, ...]


@dataclass(frozen=True)
class SampleConversation:
    """One recorded conversation."""

    id: str
    contact: Contact
    started_at: datetime
    tags: tuple[str, ...]
    messages: tuple[SampleMessage, ...]
    turns: tuple[SampleTurn, ...]

    def messages_of(self, turn: SampleTurn) -> list[SampleMessage]:
        """Return the messages of a turn, in order."""
        return [self.messages[index] for index in turn.messages]


@dataclass(frozen=True)
class Typed:
    """One message and the seconds to wait before sending it."""

    wait_seconds: float
    message: SampleMessage


def load_conversations(folder: Path) -> list[SampleConversation]:
    """Read the labelled conversations of a business.

    Args:
        folder: The business folder; one without ``conversations.jsonl`` has none.
    """
    path = folder / CONVERSATIONS_FILE
    if not path.is_file():
        return []
    with path.open(encoding="utf-8") as lines:
        return [_conversation(json.loads(line)) for line in lines if line.strip()]


def typing_schedule(
    conversation: SampleConversation, turn: SampleTurn, *, speed: float = 1.0, cap_seconds: float = 38.0
) -> list[Typed]:
    """Say when each message of a turn is sent, keeping the pauses the customer made inside it.

    Args:
        conversation: The conversation the turn belongs to.
        turn: Which turn; the wait before its first message is 0, since it follows the reply to the one before.
        speed: How many times faster than recorded; 2.0 halves each pause.
        cap_seconds: No pause is longer than this, after scaling; 38 s is the longest one recorded.

    Returns:
        The turn's messages in order, each with the seconds since the one before.
    """
    messages = conversation.messages_of(turn)
    before = [messages[0], *messages]
    return [
        Typed(min((message.offset_s - earlier.offset_s) / speed, cap_seconds), message)
        for earlier, message in zip(before, messages, strict=False)
    ]


def _conversation(row: dict[str, Any]) -> SampleConversation:
    return SampleConversation(
        id=row["id"],
        contact=Contact(row["contact"]["name"], row["contact"]["number"]),
        started_at=datetime.fromisoformat(row["started_at"]),
        tags=tuple(row["tags"]),
        messages=tuple(_message(item) for item in row["messages"]),
        turns=tuple(_turn(item) for item in row["turns"]),
    )


def _message(item: dict[str, Any]) -> SampleMessage:
    return SampleMessage(
        offset_s=item["offset_s"], sender=item["sender"], type=item["type"], text=item["text"], turn=item.get("turn")
    )


def _turn(item: dict[str, Any]) -> SampleTurn:
    return SampleTurn(
        n=item["n"],
        messages=tuple(item["messages"]),
        intent=item["intent"],
        sentiment=item["sentiment"],
        handoff=item["handoff"],
        handoff_reason=item["handoff_reason"],
        answer=item["answer"],
        sources=tuple(item["sources"]),
        must_include=tuple(item["must_include"]),
        reference_reply=tuple(item["reference_reply"]),
    )
