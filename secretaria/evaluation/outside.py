"""A double of the systems a business has beside us: where the labels call a tool that nobody declares, it tells what they tell."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from secretaria.knowledge.business import BusinessCard
from secretaria.replies.declared_tools import DeclaredTools
from secretaria.replies.toolbox import Errand
from secretaria.tools.calls import ToolCall, ToolResult

OUTSIDE = "sistema_do_negocio"
EXPLAINED = f"- {OUTSIDE} (tool_query): o sistema do negócio; consulta ou faz o que o cliente pediu.\n"


class OutsideSystem(DeclaredTools):
    """The declared tools, and one more while it has something to tell.

    Attributes:
        tells: What the system knows of the turn at hand; empty where it is not there.
        does: What it does in this turn, as receipts call it: ``booked`` and so on.
    """

    tells: str = ""
    does: tuple[str, ...] = ()

    def describe(self, card: BusinessCard) -> str:
        """Explain the declared tools, and the double while it is there, so that a real model can ask it too."""
        return super().describe(card) + (EXPLAINED if self.tells else "")

    def names(self, card: BusinessCard) -> Sequence[str]:
        """Return the names of the declared tools, and the double's where it is there."""
        return (*super().names(card), *((OUTSIDE,) if self.tells else ()))

    def run(self, card: BusinessCard, call: ToolCall, errand: Errand) -> ToolResult:
        """Tell what the system knows, or run a declared tool.

        Raises:
            DatabaseUnavailable: PostgreSQL went away.
        """
        if call.name == OUTSIDE:
            return ToolResult(OUTSIDE, ok=True, told=self.tells, actions=self.does)
        return super().run(card, call, errand)

    def settle(
        self, session: Session, card: BusinessCard, result: ToolResult, errand: Errand, bubbles: Sequence[str]
    ) -> None:
        """Write what a declared tool leaves behind; the double leaves nothing."""
        if result.name != OUTSIDE:
            super().settle(session, card, result, errand, bubbles)
