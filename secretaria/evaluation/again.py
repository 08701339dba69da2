"""Answers a recorded turn again: with the recorded answers or by asking a model, from the same business or from another."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Engine

from secretaria.context.engine import TurnContext
from secretaria.context.injection import flag_injection
from secretaria.context.prompt import is_base_whole
from secretaria.evaluation.recorded import RecordedTurn, reading
from secretaria.knowledge.business import BusinessCard, Persona
from secretaria.knowledge.chunks import Chunk
from secretaria.knowledge.search import search
from secretaria.knowledge.snapshot import Business
from secretaria.llm.budget import Step
from secretaria.llm.chat import Chat, ChatAnswer, ChatRequest, ChatUnavailable
from secretaria.replies.declared_tools import DeclaredTools
from secretaria.replies.drafting import Desk, Seek, draft_reply
from secretaria.replies.economy import shortened
from secretaria.replies.gathering import search_base
from secretaria.replies.keeping import context_of, decision_of
from secretaria.replies.models import Recording
from secretaria.replies.recording import reply_of, written_call
from secretaria.replies.toolbox import Errand, NoTools
from secretaria.tools.calls import ToolCall, ToolResult

NOT_RECORDED = "not_recorded"
TOOL_NOT_RECORDED = "Nesta repetição a ferramenta não foi consultada com estes dados. Diga que não conseguiu consultar."


class BusinessUnknown(Exception):
    """The turn was not answered from a version of the database, and no other business was named."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is other than when it was recorded; nothing is, by default.

    Attributes:
        name: How reports call it.
        chat: A model that is asked; None reads the recorded answers.
        business: Answers come from this one.
        base: Where that one is published, for a base that is too large to be told whole.
        persona: How the secretary speaks.
    """

    name: str = "gravado"
    chat: Chat | None = None
    business: Business | None = None
    base: Engine | None = None
    persona: Persona | None = None


class RecordedChat:
    """A model that says what it said."""

    def __init__(self, answers: Sequence[Mapping[str, Any]]) -> None:
        self._answers = list(answers)

    def complete(self, request: ChatRequest) -> ChatAnswer:
        """Return the next recorded answer.

        Raises:
            ChatUnavailable: There was none, or this call was not made then.
        """
        del request
        if not self._answers:
            raise ChatUnavailable(NOT_RECORDED)
        answer = self._answers.pop(0)
        if answer["cause"]:
            raise ChatUnavailable(answer["cause"])
        return ChatAnswer(answer["text"], answer["model"], answer["prompt_tokens"], answer["completion_tokens"])

    def list_models(self) -> list[str]:
        """Return nothing."""
        return []

    def close(self) -> None:
        """Do nothing."""


class RecordedTools(NoTools):
    """Tools that tell what they told, and do nothing; what was not asked then cannot be told."""

    def __init__(self, recorded: Mapping[str, Any] | None) -> None:
        self._recorded = recorded

    def run(self, card: BusinessCard, call: ToolCall, errand: Errand) -> ToolResult:
        """Return the recorded result of this very call."""
        del card, errand
        recorded = self._recorded
        if recorded is None or recorded["result"] is None or recorded["call"] != written_call(call):
            return ToolResult(call.name, ok=False, told=TOOL_NOT_RECORDED)
        result = recorded["result"]
        return ToolResult(call.name, ok=result["ok"], told=result["told"], actions=tuple(result["actions"]))


def answer_again(live: Engine, turn: RecordedTurn, change: Change) -> dict[str, Any]:
    """Return what would be decided now; nothing is written and nobody hears of it.

    Args:
        live: The database of the recordings, in which only bases are searched.
        turn: What was recorded.
        change: What is other than then.

    Raises:
        BusinessUnknown: Nobody knows what it was answered from.
        ValueError: It was written by a version that knew another context.
        DatabaseUnavailable: PostgreSQL went away while a base was searched.
    """
    recording = turn.recording
    context, searched = _context(live, turn, change)
    chat = change.chat or RecordedChat(recording.answers)
    desk = Desk(chat, RecordedTools(recording.tool), _seek(context, recording, change, searched))
    errand = Errand(
        contact_id=0,  # whose tools would be used; none are
        conversation_id=recording.conversation_id,
        turn_id=recording.turn_id,
        texts=context.texts,
        now=context.now,
        may_write=not context.injection_suspected,
    )
    told = shortened(context) if recording.economy == Step.SHORT_MEMORY else context
    drafted = replace(draft_reply(desk, told, errand, turn.number), economy=recording.economy)
    decided: dict[str, Any] = json.loads(
        json.dumps(decision_of(reply_of(drafted, errand, context, context.now), drafted))
    )
    return decided


def _context(live: Engine, turn: RecordedTurn, change: Change) -> tuple[TurnContext, Engine]:
    """Return what the turn is answered from now, and where its base can be searched."""
    business = change.business or turn.business
    if business is None:
        raise BusinessUnknown
    searched = live
    if change.persona is not None:
        card = business.card.model_copy(update={"persona": change.persona})
        business = replace(business, card=card)
    context = replace(context_of(turn.recording, business), injection_suspected=False)
    if change.business is not None:
        searched = change.base or live
        tools = DeclaredTools(searched)
        context = replace(
            context, tools=tools.describe(business.card), tool_names=tuple(tools.names(business.card)), found=()
        )
        if change.base is not None and not is_base_whole(business):
            with reading(searched) as session:
                context = replace(context, found=search_base(session, business, context.texts, context.history))
    return flag_injection(context), searched


def _seek(context: TurnContext, recording: Recording, change: Change, searched: Engine) -> Seek | None:
    """Search anew for a model that is asked; what it said then rested on what was found then."""
    version_id = context.business.version_id
    if version_id is None or is_base_whole(context.business):
        return None
    if change.chat is None:
        units = {chunk.source: chunk for chunk in context.business.chunks}
        return lambda _: [units[source] for source in recording.sought if source in units]

    def seek(texts: Sequence[str]) -> Sequence[Chunk]:
        with reading(searched) as session:
            return search(session, version_id, texts)

    return seek
