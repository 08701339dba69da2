"""Everything the model may see of one turn, gathered in one frozen object before any prompt is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from secretaria.knowledge.chunks import Chunk
from secretaria.knowledge.snapshot import Business


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One message that was exchanged before this turn.

    Attributes:
        kind: What it was, as conversations name it: ``text``, ``audio``, ``image`` and so on.
        at: When it was sent, aware.
    """

    author: Literal["contact", "secretary", "attendant"]
    text: str
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class BurstMessage:
    """One message of the turn that is being answered; the text is empty for an audio nobody transcribed."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How the episode has gone so far; code decides by it, the model sees only what follows from it.

    Attributes:
        replies: How often the secretary has answered.
        not_known: How many of her replies had no answer.
        negatives: How many turns in a row, up to the last one, were negative.
        asked_before: How often the very words of this turn were written before, since a person last spoke.
        hurried: Whether this turn came faster after the secretary's last words than anybody types.
    """

    replies: int = 0
    not_known: int = 0
    negatives: int = 0
    asked_before: int = 0
    hurried: bool = False


@dataclass(frozen=True, slots=True)
class TurnContext:
    """What one turn is answered from.

    Attributes:
        now: The moment of the answer, aware.
        contact_name: As the customer or the team gave it, or None; it is data and never trusted.
        history: Earlier messages of this episode, oldest first, without those of the burst.
        burst: The messages answered together, oldest first, at least one.
        first_reply: Whether the secretary has not spoken in this episode yet.
        facts: What is remembered of the customer, one line each.
        summaries: What the last episodes were about, oldest first.
        agenda_lines: This contact's bookings and standing offers.
        found: Units of the base that search chose, where the base does not fit whole; best first.
        tools: Explains the declared tools; the same for all contacts.
        tool_names: Their names.
        standing: How the episode has gone so far.
        injection_suspected: Whether the customer's text looks like an attempt to misuse the secretary.
    """

    business: Business
    now: datetime
    contact_name: str | None
    history: tuple[HistoryLine, ...]
    burst: tuple[BurstMessage, ...]
    first_reply: bool
    facts: tuple[str, ...] = ()
    summaries: tuple[str, ...] = ()
    agenda_lines: tuple[str, ...] = ()
    found: tuple[Chunk, ...] = ()
    tools: str = ""
    tool_names: tuple[str, ...] = ()
    standing: Standing = Standing()
    injection_suspected: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        """What the customer wrote in this turn; what has no text is left out."""
        return tuple(message.text for message in self.burst if message.text)
