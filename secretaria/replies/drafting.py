"""From a turn's context to what will be said and done, or to the reason why there is nothing; no transaction is open here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from loguru import logger

from secretaria import metrics
from secretaria.context.engine import TurnContext
from secretaria.context.prompt import ChatMessage, Prompt, build_prompt
from secretaria.context.schema import Draft
from secretaria.knowledge.chunks import Chunk
from secretaria.llm.chat import Chat
from secretaria.replies.asking import Asking, NoDraft
from secretaria.replies.guarding import check_draft, reasons_to_stop
from secretaria.replies.guardrails import Guarded
from secretaria.replies.handoff_rules import Handoff, decide_handoff
from secretaria.replies.instructions import correction_instruction, found_instruction, tool_instruction
from secretaria.replies.manners import manners_broken
from secretaria.replies.silence import silence_fits
from secretaria.replies.tool_step import take_tool_step
from secretaria.replies.toolbox import Errand, NoTools, Toolbox
from secretaria.tools.calls import ToolCall, ToolResult

EMPTY = "empty"

Seek = Callable[[Sequence[str]], Sequence[Chunk]]


@dataclass(frozen=True, slots=True)
class Desk:
    """What drafting works with.

    Attributes:
        toolbox: What may be done for a customer.
        seek: Searches the base once more by what was asked; None where the whole base stands in the prompt.
    """

    chat: Chat
    toolbox: Toolbox = field(default_factory=NoTools)
    seek: Seek | None = None


@dataclass(frozen=True, slots=True)
class Drafted:
    """What came of a turn's calls.

    Attributes:
        draft: The analysis, None when no usable draft came.
        guarded: What of it may be said, None likewise.
        handoff: Why a person takes over, None where nobody must.
        silent: Whether nothing needs to be said.
        abstained: Whether the second try was stopped too, so that a fixed sentence stands for it.
        failure: Code of why there is no draft; empty when all is well.
        call: The tool the model asked for.
        result: What it was told.
        found: What a second search brought.
        economy: The rung of the budget's ladder it was drafted on; empty for the usual effort.
    """

    prompt_version: str
    asking: Asking
    draft: Draft | None = None
    guarded: Guarded | None = None
    handoff: Handoff | None = None
    silent: bool = False
    abstained: bool = False
    failure: str = ""
    regenerations: int = 0
    call: ToolCall | None = None
    result: ToolResult | None = None
    found: tuple[Chunk, ...] = ()
    economy: str = ""

    @property
    def done(self) -> ToolResult | None:
        """What a tool does with this reply; what cannot be told to the customer is not done either."""
        return None if self.abstained else self.result


def draft_reply(desk: Desk, context: TurnContext, errand: Errand, number: str = "") -> Drafted:
    """Ask the model, use a tool or search once more if it wants to, and check what it would say.

    A failure is a value, because the turn goes on with it. What the guards stop is written anew once, with their
    reasons; what they stop twice is not said at all.

    Args:
        desk: The ways to the model and to the tools.
        context: What the model is told.
        errand: For whom a tool would be used.
        number: The contact's own number, which a reply may repeat; the model is not told.

    Raises:
        DatabaseUnavailable: PostgreSQL went away while a tool or a search needed it.
    """
    prompt = build_prompt(context)
    asking = Asking(desk.chat, errand.turn_id, errand.conversation_id)
    try:
        return _Turn(desk, context, errand, number, prompt, asking).drafted()
    except NoDraft as error:
        metrics.LLM_ERRORS.labels(cause=error.cause).inc()
        logger.bind(cause=error.cause, calls=asking.calls).warning("no_usable_draft")
        return Drafted(prompt_version=prompt.version, asking=asking, failure=error.cause)


class _Turn:
    """The calls of one turn, in their order."""

    def __init__(
        self, desk: Desk, context: TurnContext, errand: Errand, number: str, prompt: Prompt, asking: Asking
    ) -> None:
        self._desk, self._context, self._errand, self._number = desk, context, errand, number
        self._prompt, self._asking = prompt, asking
        *self._told, self._burst = prompt.messages
        self._call: ToolCall | None = None
        self._result: ToolResult | None = None
        self._found: tuple[Chunk, ...] = ()

    def drafted(self) -> Drafted:
        """Return what will be said and done."""
        first = self._look_further(self._ask("draft"))
        checked = self._checked(first)
        if not checked.reasons:
            return self._done(first, checked)
        self._told.append({"role": "assistant", "content": "\n".join(first.bubbles)})
        self._told.append(correction_instruction(checked.reasons))
        logger.bind(checks=checked.guarded.checks).info("draft_stopped")
        try:
            second = self._ask("regeneration")
        except NoDraft as error:  # the first analysis still stands, and with it what the customer wanted
            logger.bind(cause=error.cause).warning("no_second_draft")
            return self._done(first, checked, regenerations=1)
        second = second.model_copy(
            update={"handoff_needed": first.handoff_needed or second.handoff_needed, "tool": None}
        )
        again = self._checked(second)
        if not (again.guarded.bubbles or checked.guarded.bubbles):
            raise NoDraft(EMPTY)
        if again.stopped and not checked.stopped:  # only the manners of the first were wrong
            return self._done(first, checked, regenerations=1)
        return self._done(second, again, regenerations=1)

    def _ask(self, step: str) -> Draft:
        return self._asking.draft([*self._told, self._burst], step)

    def _look_further(self, draft: Draft) -> Draft:
        """One more call, after a tool or after a second search; never both, never twice."""
        if draft.tool is not None:
            with self._asking.timed("tool"):
                self._call, self._result = take_tool_step(self._desk.toolbox, self._context, draft, self._errand)
            return self._ask_again(tool_instruction(self._result), draft)
        if draft.answerable == "not_known" and self._desk.seek is not None:
            with self._asking.timed("search"):
                known = {chunk.source for chunk in self._context.found}
                found = self._desk.seek([draft.asked, *self._context.texts])
                self._found = tuple(chunk for chunk in found if chunk.source not in known)
            if self._found:
                return self._ask_again(found_instruction(self._found), draft)
        return draft

    def _ask_again(self, told: ChatMessage, first: Draft) -> Draft:
        """Ask with what was learnt; what the first reading saw in the customer's words is not lost on the way."""
        self._told.append(told)
        draft = self._ask("again")
        kept = {
            "handoff_needed": first.handoff_needed or draft.handoff_needed,
            "handoff_reason": draft.handoff_reason or first.handoff_reason,
            "handoff_brief": draft.handoff_brief or first.handoff_brief,
            "urgent": first.urgent or draft.urgent,
            "memory": draft.memory or first.memory,
            "tool": None,
        }
        return draft.model_copy(update=kept)

    def _checked(self, draft: Draft) -> _Checked:
        with self._asking.timed("guards"):
            handoff = decide_handoff(draft, self._context.texts, self._context.standing)
            guarded = check_draft(
                draft,
                self._context,
                canary=self._prompt.canary,
                result=self._result,
                found=self._found,
                handed_off=handoff is not None,
                number=self._number,
            )
            metrics.count_verdicts(guarded.checks)
            if silence_fits(draft, self._context, handed_off=handoff is not None):
                return _Checked(guarded)
            stopped = reasons_to_stop(guarded)
            return _Checked(guarded, stopped, manners_broken(guarded.bubbles, draft, self._context))

    def _done(self, draft: Draft, checked: _Checked, *, regenerations: int = 0) -> Drafted:
        if checked.stopped:
            draft = draft.model_copy(update={"answerable": "not_known"})
        handoff = decide_handoff(draft, self._context.texts, self._context.standing)
        checks = dict(checked.guarded.checks)
        if checked.ill_mannered:
            checks["manners"] = "let_through"
        return Drafted(
            prompt_version=self._prompt.version,
            asking=self._asking,
            draft=draft,
            guarded=replace(checked.guarded, checks=checks),
            handoff=handoff,
            silent=not checked.stopped and silence_fits(draft, self._context, handed_off=handoff is not None),
            abstained=bool(checked.stopped),
            regenerations=regenerations,
            call=self._call,
            result=self._result,
            found=self._found,
        )


@dataclass(frozen=True, slots=True)
class _Checked:
    """A draft that was looked at: why it may not be sent, and what should only sound otherwise."""

    guarded: Guarded
    stopped: tuple[str, ...] = ()
    ill_mannered: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """What the model is told."""
        return (*self.stopped, *self.ill_mannered)
