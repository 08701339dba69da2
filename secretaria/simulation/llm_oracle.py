"""The writer that answers each labelled turn with its labels: what a perfect model would say, to test all but the model."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secretaria.simulation.labelled_tools import Action, ToolsOfSample, Wanted, read_tools, wanted_of
from secretaria.simulation.llm_protocol import Asked, CustomerMessage, RequestRefused
from secretaria.simulation.rhythm import SampleConversation, SampleMessage, SampleTurn, load_conversations
from secretaria.simulation.shape import flat_draft, is_draft
from secretaria.simulation.summaries import aside

TOOL_RESULT = "Resultado da ferramenta"
NOT_LABELLED = 422
KINDS = {"image": "imagem", "sticker": "figurinha", "document": "documento"}
ANSWERABLE = {"base": "base", "ferramenta": "tool", "recusar": "refuse", "abster": "not_known"}
COURTESY = "Certo! A equipe já foi avisada e fala com você por aqui."
TOOLS: Mapping[Action, str] = {
    "look": "horarios",
    "book": "agendar",
    "move": "remarcar",
    "cancel": "cancelar",
    "confirm": "confirmar",
}

NOTES = re.compile(r"\b(?:vou|já vou) (?:avisar|anotar|informar|repassar|deixar (?:anotado|avisado))\b", re.IGNORECASE)

Labelled = tuple[SampleConversation, SampleTurn]


@dataclass
class Pin:
    """The turn a runner is about to play; without one, the burst and what was said before tell which turn it is."""

    conversation: SampleConversation
    turn: SampleTurn


class Oracle:
    """Every labelled turn of one business.

    Attributes:
        pin: What the next requests are about, where a runner knows.
        lookup: The name of the tool that is asked about what is not the agenda's; empty for none.
        complaints: What the prompt of a pinned turn lacked, newest last.
    """

    def __init__(self, folder: Path) -> None:
        self.pin: Pin | None = None
        self.lookup = ""
        self.complaints: list[str] = []
        agenda = _agenda(folder)
        self._tools = read_tools(folder, agenda.get("tipos", ()), weekly="grade" in agenda)
        self._labelled: dict[tuple[str, ...], list[Labelled]] = {}
        for conversation in load_conversations(folder):
            for turn in conversation.turns:
                self._labelled.setdefault(_key(_heard(conversation, turn)), []).append((conversation, turn))

    @property
    def tools(self) -> ToolsOfSample:
        """What the sample tells of its agenda."""
        return self._tools

    def write(self, asked: Asked) -> dict[str, Any]:
        """Answer the labelled turn a request is about.

        Raises:
            RequestRefused: No label knows this burst.
        """
        if not is_draft(asked):
            return aside(asked)
        conversation, turn = self._find(asked)
        wanted = wanted_of(self._tools, conversation, turn)
        if wanted is not None and not asked.told_after(TOOL_RESULT):
            name = self.lookup if wanted.action == "other" else _tool(wanted, turn)
            if name:
                return _answered(asked, turn, bubbles=()) | _arguments(name, wanted)
        replies = turn.reference_reply or (() if turn.answer == "opcional" else (COURTESY,))
        return _answered(asked, turn, bubbles=replies, from_tool=wanted is not None)

    def _find(self, asked: Asked) -> Labelled:
        if self.pin is not None:
            self._check_prompt(asked, self.pin)
            return self.pin.conversation, self.pin.turn
        known = self._labelled.get(_key(asked.burst))
        if not known:
            raise RequestRefused(NOT_LABELLED, f"no labelled turn has this burst; the prompt was:\n{asked.prompt}")
        said = "\n".join(asked.earlier)
        return max(known, key=lambda labelled: _remembered(labelled, said))

    def _check_prompt(self, asked: Asked, pin: Pin) -> None:
        """A prompt that lost a message of the turn would be answered by a real model as if it had not been written."""
        heard = "\n".join(message.text for message in asked.burst)
        for message in _heard(pin.conversation, pin.turn):
            if message.text and message.text.strip() not in heard:
                self.complaints.append(f"a mensagem {message.text!r} não está entre as mensagens do prompt")


def _answered(asked: Asked, turn: SampleTurn, *, bubbles: Sequence[str], from_tool: bool = False) -> dict[str, Any]:
    resting = "base" if turn.sources else "conversation"
    draft = flat_draft(
        asked.burst,
        turn.intent,
        "tool" if from_tool else ANSWERABLE.get(turn.answer, resting),
        bubbles,
        sources=turn.sources,
        sentiment=turn.sentiment,
        handoff_reason=(turn.handoff_reason or "outro") if turn.handoff else None,
    )
    if NOTES.search(" ".join(bubbles)):  # who says so leaves the note, without calling anybody
        draft["handoff_brief"] = draft["handoff_brief"] or draft["asked"]
    return draft


def _tool(wanted: Wanted, turn: SampleTurn) -> str:
    """Another time for a booking is looked for with the tool that moves it, so that what is offered is the move."""
    moves = wanted.action == "look" and turn.intent == "remarcar" and wanted.code is not None
    return TOOLS["move" if moves else wanted.action]


def _arguments(name: str, wanted: Wanted) -> dict[str, Any]:
    return {
        "tool": name,
        "tool_kind": wanted.kind,
        "tool_unit": wanted.unit,
        "tool_date": wanted.day.isoformat() if wanted.day else None,
        "tool_time": f"{wanted.at:%H:%M}" if wanted.at else None,
        "tool_period": wanted.period,
        "tool_person": wanted.person,
        "tool_booking": wanted.code,
        "tool_query": wanted.query,
    }


def _remembered(labelled: Labelled, said: str) -> int:
    """Count how much of what came before a turn was said in the conversation at hand, and how much was not."""
    conversation, turn = labelled
    before = [message.text for message in conversation.messages[: turn.messages[0]] if message.text]
    return sum(1 if text.strip() in said else -1 for text in before)


def _heard(conversation: SampleConversation, turn: SampleTurn) -> list[CustomerMessage]:
    return [
        CustomerMessage(KINDS.get(message.type, message.type), _words(message))
        for message in conversation.messages_of(turn)
        if message.sender == "customer"
    ]


def _words(message: SampleMessage) -> str:
    return message.text or message.transcript or ""


def _key(burst: Sequence[CustomerMessage]) -> tuple[str, ...]:
    """Identify a burst by its texts, or by its kinds when nothing was written."""
    texts = tuple(unicodedata.normalize("NFKC", message.text).casefold().strip() for message in burst)
    return tuple(text for text in texts if text) or tuple(f"({message.kind})" for message in burst)


def _agenda(folder: Path) -> dict[str, Any]:
    path = folder / "negocio.toml"
    card = tomllib.loads(path.read_text(encoding="utf-8-sig")) if path.is_file() else {}
    agenda: dict[str, Any] = card.get("agenda", {})
    return agenda
