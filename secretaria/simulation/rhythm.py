"""The labelled conversations of a sample business, and how fast their customers typed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from secretaria.errors import ConfigurationError

CONVERSATIONS_FILE = "conversations.jsonl"

Sentiment = Literal[-1, 0, 1]
Answer = Literal[
    "base", "ferramenta", "esclarecer", "social", "opcional", "recusar", "transferir", "abster", "espera", "silencio"
]  # fmt: skip


class SampleInvalid(ConfigurationError):
    """The labelled conversations cannot be read; the message names the line."""


@dataclass(frozen=True)
class Contact:
    """Who writes; some have no profile name."""

    name: str | None
    number: str


@dataclass(frozen=True)
class SampleMessage:
    """One message; ``offset_s`` counts seconds from the start of the conversation.

    Attributes:
        sender: ``agent`` is a person of the team.
        type: ``text``, ``audio``, ``image`` or ``sticker``.
        duration_s: Of an audio.
        transcript: What an audio says; None where nobody wrote it down.
    """

    offset_s: float
    sender: Literal["customer", "agent"]
    type: str
    text: str
    turn: int | None
    duration_s: float = 7.0
    transcript: str | None = None


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
        must_not_include: What no reply may say.
        slots: What a tool is asked with: ``data``, ``hora``, ``unidade``, ``procedimento``, ``codigo`` and others.
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
    must_not_include: tuple[str, ...] = ()
    slots: Mapping[str, str] = field(default_factory=dict)


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

    Raises:
        SampleInvalid: A line is not a conversation of the format.
    """
    path = folder / CONVERSATIONS_FILE
    if not path.is_file():
        return []
    return list(_read(path))


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


def _read(path: Path) -> Iterator[SampleConversation]:
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                yield _conversation(json.loads(line))
            except KeyError as error:
                raise SampleInvalid(f"{path}, linha {number}: falta {error}", _FORMAT_HINT) from error
            except (TypeError, ValueError, IndexError, AttributeError) as error:
                raise SampleInvalid(f"{path}, linha {number}: {error}", _FORMAT_HINT) from error


_FORMAT_HINT = "o formato está no README do negócio de exemplo"


def _conversation(row: dict[str, Any]) -> SampleConversation:
    started = datetime.fromisoformat(row["started_at"])
    if started.tzinfo is None:
        raise ValueError("started_at sem fuso")
    messages = tuple(_message(item) for item in row["messages"])
    turns = tuple(_turn(item, len(messages)) for item in row["turns"])
    contact = row["contact"]
    return SampleConversation(
        id=str(row["id"]),
        contact=Contact(contact.get("name"), str(contact["number"])),
        started_at=started,
        tags=tuple(row.get("tags") or ()),
        messages=messages,
        turns=turns,
    )


def _message(item: dict[str, Any]) -> SampleMessage:
    if item["sender"] not in {"customer", "agent"}:
        raise ValueError(f"sender desconhecido: {item['sender']!r}")
    return SampleMessage(
        offset_s=float(item["offset_s"]),
        sender=item["sender"],
        type=item.get("type") or "text",
        text=item.get("text") or "",
        turn=item.get("turn"),
        duration_s=float(item.get("duration_s") or 7.0),
        transcript=item.get("transcript"),
    )


def _turn(item: dict[str, Any], messages: int) -> SampleTurn:
    indices = tuple(item["messages"])
    if not indices or not all(isinstance(index, int) and 0 <= index < messages for index in indices):
        raise ValueError(f"turno {item['n']}: messages aponta para fora da conversa")
    if item["answer"] not in get_args(Answer):
        raise ValueError(f"turno {item['n']}: answer desconhecido: {item['answer']!r}")
    return SampleTurn(
        n=int(item["n"]),
        messages=indices,
        intent=item["intent"],
        sentiment=item["sentiment"],
        handoff=item.get("handoff"),
        handoff_reason=item.get("handoff_reason"),
        answer=item["answer"],
        sources=tuple(item.get("sources") or ()),
        must_include=tuple(item.get("must_include") or ()),
        reference_reply=_bubbles(item.get("reference_reply")),
        must_not_include=tuple(item.get("must_not_include") or ()),
        slots={name: str(value) for name, value in (item.get("slots") or {}).items() if value is not None},
    )


def _bubbles(reply: object) -> tuple[str, ...]:
    """Read a reply of one text as one bubble."""
    if isinstance(reply, str):
        return (reply,) if reply else ()
    return tuple(str(bubble) for bubble in reply) if isinstance(reply, list | tuple) else ()
