"""How much effort the budget still pays for: a smaller model, a shorter memory, a fixed sentence, only a person."""

from __future__ import annotations

from dataclasses import dataclass, replace

from loguru import logger

from secretaria.context.engine import TurnContext
from secretaria.llm.budget import Budget, Step
from secretaria.llm.chat import BUDGET_USED_UP, Chat, ChatAnswer, ChatRequest
from secretaria.replies.asking import Asking
from secretaria.replies.drafting import Desk, Drafted, draft_reply
from secretaria.replies.toolbox import Errand

SHORT_HISTORY = 6
LAST_RUNG = Step.SHORT_MEMORY  # the last on which a model is asked at all


@dataclass(frozen=True, slots=True)
class OtherModel:
    """The same way to the model, on which another one is asked; the usual one where none is named."""

    chat: Chat
    model: str

    def complete(self, request: ChatRequest) -> ChatAnswer:
        """Ask once; raises as the way it stands on."""
        return self.chat.complete(replace(request, model=self.model))

    def list_models(self) -> list[str]:
        """Return the names of the models the service offers."""
        return self.chat.list_models()

    def close(self) -> None:
        """Release the connections."""
        self.chat.close()


def draft_within_budget(
    budget: Budget | None, desk: Desk, context: TurnContext, errand: Errand, number: str, step: Step | None = None
) -> Drafted:
    """Draft a turn with what the budget pays for, one rung further down where a pot is shorter than it looked.

    Args:
        budget: What the model may cost; None where nobody counts.
        desk: The ways to the model and to the tools.
        context: What the model is told.
        errand: For whom a tool would be used.
        number: The contact's own number.
        step: What the budget pays for, where somebody has just looked.

    Raises:
        DatabaseUnavailable: PostgreSQL went away.
    """
    if budget is None:
        return draft_reply(desk, context, errand, number)
    step = step or budget.step(errand.conversation_id)
    if step is Step.TEMPLATE:
        logger.bind(step=str(step)).warning("budget_is_short")
        asking = Asking(desk.chat, errand.turn_id, errand.conversation_id)
        return Drafted(prompt_version="", asking=asking, failure=BUDGET_USED_UP, economy=str(step))
    drafted = _draft_at(step, budget, desk, context, errand, number)
    if drafted.failure == BUDGET_USED_UP and step is not LAST_RUNG:
        drafted = _draft_at(LAST_RUNG, budget, desk, context, errand, number)
    return replace(drafted, economy=str(Step.TEMPLATE)) if drafted.failure == BUDGET_USED_UP else drafted


def _draft_at(step: Step, budget: Budget, desk: Desk, context: TurnContext, errand: Errand, number: str) -> Drafted:
    if step is Step.FULL:
        return draft_reply(desk, context, errand, number)
    logger.bind(step=str(step)).info("budget_is_short")
    if step is Step.SHORT_MEMORY:
        context = shortened(context)
    smaller = replace(desk, chat=OtherModel(desk.chat, budget.model_at(step)))
    return replace(draft_reply(smaller, context, errand, number), economy=str(step))


def shortened(context: TurnContext) -> TurnContext:
    """Leave out what a reply can do without: older messages, and what earlier episodes were about."""
    return replace(context, history=context.history[-SHORT_HISTORY:], summaries=())
