"""The port to what the secretary may do for a customer, and the toolbox of a business that declares nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlmodel import Session

from secretaria.knowledge.business import BusinessCard
from secretaria.tools.calls import ToolCall, ToolResult


@dataclass(frozen=True, slots=True)
class Errand:
    """For whom and in which turn a tool is used; what the model says about itself counts for nothing here.

    Attributes:
        texts: The customer's messages of this turn; a yes must stand in them.
        may_write: False where the turn looks like an attempt to misuse the tools.
    """

    contact_id: int
    conversation_id: int
    turn_id: int
    texts: tuple[str, ...]
    now: datetime
    may_write: bool


class Toolbox(Protocol):
    """The tools of one installation."""

    def describe(self, card: BusinessCard) -> str:
        """Return the part of the prompt that explains the declared tools, the same for all contacts; may be empty."""
        ...

    def names(self, card: BusinessCard) -> Sequence[str]:
        """Return the names of the declared tools."""
        ...

    def lines(
        self, session: Session, card: BusinessCard, *, contact_id: int, conversation_id: int, now: datetime
    ) -> Sequence[str]:
        """Return what stands of this contact: bookings and offers, one a line."""
        ...

    def run(self, card: BusinessCard, call: ToolCall, errand: Errand) -> ToolResult:
        """Do the reading part of a call and check the writing part."""
        ...

    def settle(
        self, session: Session, card: BusinessCard, result: ToolResult, errand: Errand, bubbles: Sequence[str]
    ) -> None:
        """Keep the offers that the bubbles really make and execute the plan inside the transaction of the reply.

        Raises:
            SlotTaken: Somebody else was quicker.
        """
        ...


class NoTools:
    """Nothing is declared, so nothing can be done."""

    def describe(self, card: BusinessCard) -> str:
        """Return nothing."""
        del card
        return ""

    def names(self, card: BusinessCard) -> Sequence[str]:
        """Return nothing."""
        del card
        return ()

    def lines(
        self, session: Session, card: BusinessCard, *, contact_id: int, conversation_id: int, now: datetime
    ) -> Sequence[str]:
        """Return nothing."""
        del session, card, contact_id, conversation_id, now
        return ()

    def run(self, card: BusinessCard, call: ToolCall, errand: Errand) -> ToolResult:
        """Refuse; nobody gets here, because no name is declared."""
        del card, errand
        return ToolResult(call.name, ok=False, told="Essa ferramenta não existe.")

    def settle(
        self, session: Session, card: BusinessCard, result: ToolResult, errand: Errand, bubbles: Sequence[str]
    ) -> None:
        """Do nothing."""
        del session, card, result, errand, bubbles
