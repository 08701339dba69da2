"""Entries of the feed with what they are about, read at once; and which of them somebody wants to see."""

from __future__ import annotations

import re
import unicodedata
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlmodel import Session, SQLModel, col, select

from secretaria.attending.models import InternalNote
from secretaria.attending.record import Analysis, Bubble, analyses_of, bubbles_of
from secretaria.conversations.feed import FeedEntry
from secretaria.conversations.models import Contact, Conversation, Direction, Message, Mode
from secretaria.errors import UsageInvalid
from secretaria.knowledge.words import fold
from secretaria.memory.models import CustomerFact

REMEMBERED = 10_000
ANY_HANDOFF = "any"


@dataclass(frozen=True, slots=True)
class Told:
    """One entry and what is known of it now.

    Attributes:
        number: Whole; whoever shows it masks it, or notes that it was seen.
        mode: Of the conversation, now; None for what concerns all conversations.
        bubble: For messages, transcripts and deliveries.
        analysis: How the turn was read, where it was answered by now.
    """

    entry: FeedEntry
    name: str | None = None
    number: str = ""
    mode: str | None = None
    holder: str | None = None
    bubble: Bubble | None = None
    analysis: Analysis | None = None
    note: InternalNote | None = None
    fact: CustomerFact | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to see; what is not named is not asked about.

    Attributes:
        conversations: Only these.
        mode: Only conversations that are in this mode now.
        intention: Only turns that were read so, like ``sentiment``.
        handoff: Only turns that called a person, for this reason or for ``any``.
        grep: Only what was said, or noted, that matches; accents and case do not count.
    """

    conversations: frozenset[int] | None = None
    mode: str | None = None
    intention: str | None = None
    sentiment: int | None = None
    handoff: str | None = None
    grep: re.Pattern[str] | None = None

    @property
    def of_turns(self) -> bool:
        """Whether only a turn's analysis can tell what is wanted."""
        return not (self.intention is None and self.sentiment is None and self.handoff is None)


def wanted(
    conversations: Iterable[int] | None = None,
    *,
    mode: str | None = None,
    intention: str | None = None,
    sentiment: int | None = None,
    handoff: str | None = None,
    grep: str | None = None,
) -> Wanted:
    """Check what somebody asks for.

    Raises:
        UsageInvalid: There is no such mode, or the pattern cannot be read.
    """
    if mode is not None and mode not in list(Mode):
        raise UsageInvalid(f"modo desconhecido: {mode}", f"há {', '.join(Mode)}")
    try:
        pattern = None if grep is None else re.compile(_without_accents(grep), re.IGNORECASE)
    except re.error as error:
        raise UsageInvalid(f"não entendi o padrão {grep!r}", "use um texto, ou uma expressão regular") from error
    chosen = None if conversations is None else frozenset(conversations)
    return Wanted(chosen, mode, intention, sentiment, handoff, pattern)


@dataclass
class Viewer:
    """Chooses what to show, entry by entry.

    Only the answer tells how a turn was read. So where that decides, what the customer wrote is shown together with
    the answer, and remembered, so that it is not shown twice.
    """

    wanted: Wanted = field(default_factory=Wanted)
    _shown: OrderedDict[int, None] = field(default_factory=OrderedDict)

    def choose(self, session: Session, entries: Sequence[FeedEntry]) -> list[Told]:
        """Return what to show of some entries, in their order."""
        chosen: list[Told] = []
        for told in tell(session, entries):
            if not self._fits(told):
                continue
            if self.wanted.of_turns and told.entry.kind == "reply":
                chosen += [one for one in self._said_before(session, told) if self._matches(one)]
            if not self._matches(told):
                continue
            if told.entry.kind == "message" and not self._first_time(told.entry.message_id):
                continue
            chosen.append(told)
        return chosen

    def _fits(self, told: Told) -> bool:
        asked, entry = self.wanted, told.entry
        if entry.conversation_id is None:
            return not asked.of_turns
        if asked.conversations is not None and entry.conversation_id not in asked.conversations:
            return False
        if asked.mode is not None and told.mode != asked.mode:
            return False
        return not asked.of_turns or (told.analysis is not None and _is_read_so(asked, told.analysis))

    def _matches(self, told: Told) -> bool:
        pattern = self.wanted.grep
        return pattern is None or pattern.search(fold(_words(told))) is not None

    def _first_time(self, message_id: int | None) -> bool:
        if not self.wanted.of_turns or message_id is None:
            return True
        if message_id in self._shown:
            return False
        self._shown[message_id] = None
        while len(self._shown) > REMEMBERED:
            self._shown.popitem(last=False)
        return True

    def _said_before(self, session: Session, told: Told) -> list[Told]:
        turn_id = told.entry.turn_id
        arrived = select(Message.id).where(Message.turn_id == turn_id, Message.direction == Direction.INBOUND)
        found = bubbles_of(session, [one for one in session.exec(arrived.order_by(col(Message.seq))).all() if one])
        return [
            replace(
                told,
                bubble=bubble,
                entry=replace(told.entry, kind="message", at=bubble.at, message_id=identifier, state=bubble.author),
            )
            for identifier, bubble in sorted(found.items(), key=lambda pair: pair[1].seq)
            if self._first_time(identifier)
        ]


def tell(session: Session, entries: Sequence[FeedEntry]) -> list[Told]:
    """Read what some entries are about, as it is now; what was erased meanwhile is left out."""
    people = _people(session, {one.conversation_id for one in entries if one.conversation_id is not None})
    bubbles = bubbles_of(session, [one.message_id for one in entries if one.message_id is not None])
    analyses = analyses_of(session, [one.turn_id for one in entries if one.turn_id is not None])
    notes = _rows(session, InternalNote, entries, "note")
    facts = _rows(session, CustomerFact, entries, "fact")
    told = []
    for entry in entries:
        known = people.get(entry.conversation_id or 0)
        if entry.conversation_id is not None and known is None:
            continue
        bubble = bubbles.get(entry.message_id or 0)
        if entry.kind in {"message", "transcript"} and bubble is None:
            continue
        conversation, contact = known or (None, None)
        told.append(
            Told(
                entry,
                name=contact.name if contact else None,
                number=contact.number if contact else "",
                mode=conversation.mode if conversation else None,
                holder=conversation.holder if conversation else None,
                bubble=bubble,
                analysis=analyses.get(entry.turn_id or 0),
                note=notes.get(entry.row_id or 0) if entry.kind == "note" else None,
                fact=facts.get(entry.row_id or 0) if entry.kind == "fact" else None,
            )
        )
    return told


def _people(session: Session, conversations: set[int]) -> dict[int, tuple[Conversation, Contact]]:
    statement = select(Conversation, Contact).join(Contact, col(Contact.id) == Conversation.contact_id)
    found = session.exec(statement.where(col(Conversation.id).in_(conversations), Contact.number != "")).all()
    return {conversation.id or 0: (conversation, contact) for conversation, contact in found}


def _rows(session: Session, table: type[SQLModel], entries: Sequence[FeedEntry], kind: str) -> dict[int, Any]:
    key = table.__table__.c.id  # type: ignore[attr-defined]  # sqlmodel hides the table it makes
    identifiers = [one.row_id for one in entries if one.kind == kind]
    if not identifiers:
        return {}
    return {row.id: row for row in session.exec(select(table).where(key.in_(identifiers))).all()}  # type: ignore[attr-defined]  # both tables have an id


def _without_accents(pattern: str) -> str:
    """Drop accents and leave the case, which means something behind a backslash."""
    return "".join(one for one in unicodedata.normalize("NFKD", pattern) if not unicodedata.combining(one))


def _is_read_so(asked: Wanted, analysis: Analysis) -> bool:
    if asked.intention is not None and analysis.intention != asked.intention:
        return False
    if asked.sentiment is not None and analysis.sentiment != asked.sentiment:
        return False
    if asked.handoff is None:
        return True
    return analysis.handoff_reason is not None and asked.handoff in {ANY_HANDOFF, analysis.handoff_reason}


def _words(told: Told) -> str:
    """What was said in an entry; a delivery is found by its bubble."""
    if told.note is not None:
        return told.note.text
    return "\n".join(filter(None, (told.bubble.text, told.bubble.transcript))) if told.bubble else ""
