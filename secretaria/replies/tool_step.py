"""The step between two calls: the tool the model asked for is used if it may be, and refused with a sentence if not."""

from __future__ import annotations

from loguru import logger

from secretaria.context.engine import TurnContext
from secretaria.context.schema import Draft
from secretaria.errors import Unavailable
from secretaria.replies.toolbox import Errand, Toolbox
from secretaria.tools.calls import ToolCall, ToolResult

UNDECLARED = "Essa ferramenta não existe neste negócio. Responda sem ela; se preciso, passe para a equipe."
WRITING_OFF = "Nesta rodada nada pode ser gravado. Responda sem confirmar nada e, se preciso, passe para a equipe."
OUT_OF_ORDER = "A ferramenta não respondeu agora. Diga que não conseguiu consultar e passe para a equipe."


def take_tool_step(toolbox: Toolbox, context: TurnContext, draft: Draft, errand: Errand) -> tuple[ToolCall, ToolResult]:
    """Use the tool of a draft.

    A tool that fails costs the customer a person, never the turn; PostgreSQL going away does cost it, as everywhere.

    Args:
        toolbox: The tools there are.
        context: The turn, for the card and the declared names.
        draft: Asks for a tool.
        errand: For whom.

    Raises:
        DatabaseUnavailable: PostgreSQL went away.
    """
    call = _call(draft)
    if call.name not in context.tool_names:
        logger.warning("tool_undeclared")  # the name is the model's own text, so it is not logged
        return call, ToolResult(call.name, ok=False, told=UNDECLARED)
    try:
        result = toolbox.run(context.business.card, call, errand)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001  # whatever is wrong with a tool, the customer is still answered
        logger.opt(exception=error).error("tool_failed")
        return call, ToolResult(call.name, ok=False, told=OUT_OF_ORDER)
    if result.plan is not None and not errand.may_write:
        return call, ToolResult(call.name, ok=False, told=WRITING_OFF)
    return call, result


def _call(draft: Draft) -> ToolCall:
    return ToolCall(
        name=draft.tool or "",
        kind=draft.tool_kind,
        unit=draft.tool_unit,
        date=draft.tool_date,
        time=draft.tool_time,
        period=draft.tool_period,
        person=draft.tool_person,
        booking=draft.tool_booking,
        query=draft.tool_query,
    )
