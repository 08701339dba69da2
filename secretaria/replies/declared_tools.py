"""The toolbox of a business: the tools its card declares, over the agenda in PostgreSQL and its own look-ups."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session

from secretaria.knowledge.business import BusinessCard
from secretaria.replies.toolbox import Errand
from secretaria.tools.calls import ToolCall, ToolResult
from secretaria.tools.describing import agenda_lines, describe_tools, tool_names
from secretaria.tools.running import keep_result, run_tool


class DeclaredTools:
    """What the card declares; a business that declares nothing has none."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def describe(self, card: BusinessCard) -> str:
        """Return the part of the prompt that explains the declared tools."""
        return describe_tools(card)

    def names(self, card: BusinessCard) -> Sequence[str]:
        """Return the names of the declared tools."""
        return tool_names(card)

    def lines(
        self, session: Session, card: BusinessCard, *, contact_id: int, conversation_id: int, now: datetime
    ) -> Sequence[str]:
        """Return this contact's bookings ahead and the offers that stand."""
        return agenda_lines(session, card, contact_id, conversation_id, now)

    def run(self, card: BusinessCard, call: ToolCall, errand: Errand) -> ToolResult:
        """Run a call for the contact of the turn; nothing is written here.

        Raises:
            DatabaseUnavailable: PostgreSQL went away.
        """
        return run_tool(
            self._engine,
            card,
            call,
            contact_id=errand.contact_id,
            conversation_id=errand.conversation_id,
            turn_id=errand.turn_id,
            burst_texts=errand.texts,
            now=errand.now,
            may_write=errand.may_write,
        )

    def settle(
        self, session: Session, card: BusinessCard, result: ToolResult, errand: Errand, bubbles: Sequence[str]
    ) -> None:
        """Execute what was agreed and keep what the bubbles offer, with the reply or not at all.

        Raises:
            SlotTaken: Somebody else was quicker.
        """
        keep_result(
            session,
            card,
            result,
            contact_id=errand.contact_id,
            conversation_id=errand.conversation_id,
            turn_id=errand.turn_id,
            bubbles=bubbles,
            now=errand.now,
        )
