"""The writer that plays a scenario by its script: the customer's lines, under each what the secretary drafts, and the verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from secretaria.simulation.llm_protocol import Asked, RequestRefused
from secretaria.simulation.shape import flat_draft, is_draft
from secretaria.simulation.summaries import aside

CUSTOMER_SCHEMA = "fala_do_cliente"
JUDGE_SCHEMA = "veredito"
NOTHING_LEFT = 400


@dataclass(frozen=True)
class ScriptedLine:
    """What the customer writes at once, and what the secretary drafts upon it, one draft a call.

    Attributes:
        drafts: Fields that differ from a plain draft.
    """

    says: tuple[str, ...]
    drafts: tuple[Mapping[str, Any], ...]


class ScriptedDialogue:
    """Customer, secretary and judge of one scenario, each saying what stands in the script."""

    def __init__(self) -> None:
        self._complaints: list[str] = []
        self._lines: list[ScriptedLine] = []
        self._drafts: list[Mapping[str, Any]] = []
        self._verdicts: Mapping[str, str] = {}

    def begin(self, lines: Sequence[ScriptedLine], verdicts: Mapping[str, str]) -> None:
        """Take up a scenario.

        Args:
            lines: In their order.
            verdicts: The answer to each question of the judge.
        """
        self._complaints, self._lines, self._drafts, self._verdicts = [], list(lines), [], verdicts

    def told(self) -> list[str]:
        """Return what did not go by the script, also what of it was never asked for."""
        left = len(self._lines) + len(self._drafts)
        return [*self._complaints, *([f"{left} passos do roteiro não foram usados"] if left else [])]

    def write(self, asked: Asked) -> Mapping[str, Any] | str:
        """Say what comes next.

        Raises:
            RequestRefused: The script holds nothing more; the message shows the prompt.
        """
        if asked.schema_name == CUSTOMER_SCHEMA:
            return self._customer()
        if asked.schema_name == JUDGE_SCHEMA:
            answer = next((verdict for question, verdict in self._verdicts.items() if question in asked.prompt), "não")
            return {"because": "está no roteiro", "answer": answer}
        if not is_draft(asked):
            return aside(asked)
        if not self._drafts:
            self._complaints.append("a secretária perguntou ao modelo mais vezes do que o roteiro previa")
            raise RequestRefused(NOTHING_LEFT, f"the script holds no draft for this prompt:\n{asked.prompt}")
        return flat_draft(asked.burst, "outro", "conversation", ["Certo!"]) | dict(self._drafts.pop(0))

    def _customer(self) -> dict[str, Any]:
        if not self._lines:
            return {"messages": [], "done": True, "why": "o roteiro acabou"}
        line = self._lines.pop(0)
        if self._drafts:
            self._complaints.append("sobrou rascunho no roteiro: a secretária perguntou menos vezes do que o previsto")
        self._drafts = list(line.drafts)
        return {"messages": list(line.says), "done": not self._lines, "why": ""}
