"""The call a model asks for and the result it is told; a write is only planned here and done with the reply."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time

from secretaria.agenda.booking import SlotTaken
from secretaria.agenda.offers import Change

__all__ = ["Plan", "SlotTaken", "ToolCall", "ToolResult"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What the model asked for; every argument is its own word and is checked by the tool.

    Attributes:
        name: One of those the business declared.
        kind: What is to be booked, as the business calls it.
        booking: The code of a booking, as the prompt showed it.
        query: What a look-up is asked for.
    """

    name: str
    kind: str | None = None
    unit: str | None = None
    date: date | None = None
    time: time | None = None
    period: str | None = None
    person: str | None = None
    booking: str | None = None
    query: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A write that was checked and waits for the reply; each tool has its own kind of it."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of a call.

    Attributes:
        told: What the model is told, in Portuguese and short; replies may rest on it.
        actions: What is done for the customer if the plan is executed, for instance ``booked``.
        offers: What is offered to the customer now and holds for the next turn.
        plan: The write that happens with the reply or not at all; None where nothing is written.
    """

    name: str
    ok: bool
    told: str
    actions: tuple[str, ...] = ()
    offers: tuple[Change, ...] = ()
    plan: Plan | None = None
