"""What a labelled turn wants of the agenda: a look at it, or a change; read from its slots, its words and its reference reply.

The format names the arguments (``slots``) and leaves the rest to the words: a reply that says that something was done
needs the change, one that offers times needs a look. Nothing here knows a value of any business.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal

from secretaria.simulation.answers import fold
from secretaria.simulation.rhythm import SampleConversation, SampleTurn
from secretaria.simulation.spoken_times import clock_times, days

AGENDA_FILE = "agenda.json"
Action = Literal["look", "book", "move", "cancel", "confirm", "other"]
CHANGES: Mapping[str, Action] = {"agendar": "book", "remarcar": "move", "cancelar": "cancel", "confirmar": "confirm"}
DONE = re.compile(
    r"\b(?:(?:re)?marcad[oa]s?|(?:re)?agendad[oa]s?|confirmad[oa]s?|(?:des|re)marquei|marquei|agendei|confirmei|cancelei"
    r"|cancelad[oa]s?|desmarcad[oa]s?|reservad[oa]s?|reservei|prontinho|feito|combinado)\b"
)
I_DID = re.compile(r"\b(?:(?:re|des)?marquei|(?:re)?agendei|confirmei|cancelei|reservei|prontinho)\b")
OFFER = re.compile(
    r"\b(?:qual|quais|prefere|serve|pode ser|fica (?:bom|melhor)|confirmo|posso (?:marcar|agendar|confirmar|reservar)|algum desses)\b"
)
SENTENCE = re.compile(r"[^.!?]+[.!?]*")
NAME = re.compile(r"\b[A-ZÀ-Ú][a-zà-ú]+(?: (?:d[aeo]s?|e|[A-ZÀ-Ú][a-zà-ú]+))* [A-ZÀ-Ú][a-zà-ú]+\b")
KIND_SLOTS = ("procedimento", "tipo", "servico")
NOON, EVENING = time(12), time(18)


@dataclass(frozen=True)
class Booked:
    """A booking that stands before the conversations begin."""

    code: str
    number: str
    start: datetime


@dataclass(frozen=True)
class ToolsOfSample:
    """What can be known of the agenda without asking it: the sample's own file and the kinds of the business.

    Attributes:
        served: Whether the business has an agenda of ours with anything in it; without one, what the labels call a tool
            is a system of theirs.
    """

    units: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    booked: tuple[Booked, ...] = ()
    served: bool = True

    def has_booked(self, conversation: SampleConversation) -> bool:
        """Say whether who writes has a booking before the conversation begins."""
        return any(one.number == conversation.contact.number for one in self.booked)


@dataclass(frozen=True)
class Wanted:
    """What a turn needs done before it can be answered as labelled.

    Attributes:
        action: ``look`` at the agenda, change it, or ``other`` for what is not the agenda's.
        code: Of the booking that is changed.
        query: What a look-up of another kind is asked for.
    """

    action: Action
    day: date | None = None
    at: time | None = None
    unit: str | None = None
    kind: str | None = None
    period: str | None = None
    person: str | None = None
    code: str | None = None
    query: str | None = None


def read_tools(folder: Path, kinds: Sequence[str] = (), *, weekly: bool = False) -> ToolsOfSample:
    """Read what a business folder tells of its agenda; one without ``agenda.json`` tells nothing.

    Args:
        folder: The business.
        kinds: What can be booked; none where the business has no agenda.
        weekly: Whether its hours for booking stand in the business card.
    """
    path = folder / AGENDA_FILE
    told = _told(path)
    booked = [
        Booked(row["codigo"], str(row["telefone"]), datetime.fromisoformat(row["inicio"]))
        for row in told.get("marcados", [])
        if row.get("codigo") and row.get("inicio")
    ]
    served = bool(kinds) and bool(told.get("livres") or booked or weekly)
    return ToolsOfSample(tuple(told.get("livres", {})), tuple(kinds), tuple(booked), served)


def _told(path: Path) -> dict[str, Any]:
    """Read the file; whoever imports it says what is wrong with one that is none."""
    try:
        told = json.loads(path.read_text(encoding="utf-8-sig")) if path.is_file() else {}
    except ValueError:
        told = {}
    return told if isinstance(told, dict) else {}


def wanted_of(tools: ToolsOfSample, conversation: SampleConversation, turn: SampleTurn) -> Wanted | None:
    """Return what a turn needs of a tool; None where it can be answered without one."""
    reply = " ".join(turn.reference_reply)
    times = clock_times(reply)
    if turn.answer == "ferramenta" and (turn.intent not in CHANGES or not tools.served):
        return Wanted("other", query=next(iter(turn.slots.values()), None))
    offers = turn.answer == "esclarecer" and turn.intent in CHANGES and bool(times) and tools.served
    if turn.answer != "ferramenta" and not offers:
        return None
    so_far = _slots_so_far(conversation, turn)
    action = _action(tools, conversation, turn)
    return Wanted(
        action=action,
        day=_day(conversation, turn, reply),
        at=_time(turn, times, action),
        unit=_unit(tools, so_far, reply, action),
        kind=_kind(tools, conversation, turn, so_far),
        period=_period(times) if action == "look" and len(times) > 1 else None,
        person=_person(conversation, turn) if action == "book" else None,
        code=turn.slots.get("codigo") or so_far.get("codigo") or _own_code(tools, conversation),
    )


def says_done(turn: SampleTurn) -> bool:
    """Say whether the reference reply tells of something done; a question never does, nor a reply that ends in an offer."""
    sentences = [part for bubble in turn.reference_reply for part in SENTENCE.findall(bubble) if part.strip()]
    told = [fold(part) for part in sentences if not part.rstrip().endswith("?")]
    if any(I_DID.search(part) for part in told):
        return True
    asks = bool(sentences) and sentences[-1].rstrip().endswith("?") and bool(OFFER.search(fold(sentences[-1])))
    return not asks and any(DONE.search(part) for part in told)


def _action(tools: ToolsOfSample, conversation: SampleConversation, turn: SampleTurn) -> Action:
    if turn.answer != "ferramenta" or not says_done(turn):
        return "look"
    change = CHANGES.get(turn.intent, "book")
    if change == "confirm" and not turn.slots.get("codigo") and _own_code(tools, conversation) is None:
        return "book"  # a yes to what was offered
    return change


def _day(conversation: SampleConversation, turn: SampleTurn, reply: str) -> date | None:
    labelled = turn.slots.get("data", "")
    try:
        return date.fromisoformat(labelled)
    except ValueError:  # none, or written as people do
        reply = f"{labelled} {reply}" if labelled else reply
    written = set(days(reply, conversation.started_at.date()))
    return written.pop() if len(written) == 1 else None


def _time(turn: SampleTurn, times: Sequence[time], action: Action) -> time | None:
    """A look that found several times was not for one."""
    if action == "look" and len(times) > 1:
        return None
    if "hora" in turn.slots:
        return next(iter(clock_times(turn.slots["hora"])), None)
    return times[0] if action in {"book", "move"} and len(times) == 1 else None


def _unit(tools: ToolsOfSample, slots: Mapping[str, str], reply: str, action: Action) -> str | None:
    """A look that offers times in two units was for both."""
    offering = " ".join(part for part in SENTENCE.findall(reply) if clock_times(part)) or reply
    told = [unit for unit in tools.units if fold(unit.replace("_", " ")) in fold(offering)]
    if action == "look" and len(told) > 1:
        return None
    return slots.get("unidade") or (told[0] if len(told) == 1 else None)


def _kind(
    tools: ToolsOfSample, conversation: SampleConversation, turn: SampleTurn, slots: Mapping[str, str]
) -> str | None:
    """The kind that was named, if the business has it; otherwise the last one that was spoken of."""
    named = [slots[name] for name in KIND_SLOTS if slots.get(name) in tools.kinds]
    if named:
        return named[0]
    for text in reversed(_texts_until(conversation, turn)):
        spoken = [kind for kind in tools.kinds if fold(kind.replace("_", " ")) in fold(text)]
        if spoken:
            return spoken[0]
    return None


def _period(times: Sequence[time]) -> str | None:
    if all(at < NOON for at in times):
        return "manha"
    if all(at >= EVENING for at in times):
        return "noite"
    return "tarde" if all(NOON <= at < EVENING for at in times) else None


def _person(conversation: SampleConversation, turn: SampleTurn) -> str | None:
    written = [
        message.text for message in conversation.messages[: turn.messages[-1] + 1] if message.sender == "customer"
    ]
    names = [found for text in written for found in NAME.findall(text)]
    first = (conversation.contact.name or "").split(" ")[0]
    own = [name for name in names if first and name.startswith(f"{first} ")]
    alone = [name for name in names if name in written]  # a message that is nothing but a name
    return next(iter([*reversed(alone), *reversed(own), *reversed(names)]), conversation.contact.name)


def _own_code(tools: ToolsOfSample, conversation: SampleConversation) -> str | None:
    own = [
        booked
        for booked in tools.booked
        if booked.number == conversation.contact.number and booked.start > conversation.started_at - timedelta(hours=1)
    ]
    return min(own, key=lambda booked: booked.start).code if own else None


def _slots_so_far(conversation: SampleConversation, turn: SampleTurn) -> dict[str, str]:
    merged: dict[str, str] = {}
    for one in conversation.turns:
        if one.n <= turn.n:
            merged |= one.slots
    return merged


def _texts_until(conversation: SampleConversation, turn: SampleTurn) -> list[str]:
    """Return what was written and, as labelled, replied up to and with a turn, oldest first."""
    texts: list[str] = []
    for one in conversation.turns:
        if one.n <= turn.n:
            texts += [message.text for message in conversation.messages_of(one)] + list(one.reference_reply)
    return texts
