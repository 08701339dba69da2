"""Everything the model may see of one turn, gathered in one frozen object before any prompt is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from secretaria.knowledge.folder import Business


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
class TurnContext:
    """What one turn is answered from.

    Attributes:
        now: The moment of the answer, aware.
        contact_name: As WhatsApp gave it, or None; it is data and never trusted.
        history: Earlier messages, oldest first, without those of the burst.
        burst: The messages answered together, oldest first, at least one.
        first_reply: Whether the secretary has not spoken in this conversation yet.
    """

    business: Business
    now: datetime
    contact_name: str | None
    history: tuple[HistoryLine, ...]
    burst: tuple[BurstMessage, ...]
    first_reply: bool
