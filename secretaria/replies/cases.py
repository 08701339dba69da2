"""A recorded turn becomes a case: somebody says what should come of it, and evaluations answer it again and again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from secretaria.audit.trail import Actor, note
from secretaria.conversations.models import Contact, Conversation
from secretaria.errors import NotFound, Rejected
from secretaria.privacy import keyed_hash
from secretaria.replies.models import Recording

LONGEST_NOTE = 500
MOST_PHRASES, LONGEST_PHRASE = 20, 200


class TurnNotRecorded(NotFound):
    """Nothing is kept of a turn: no model was asked, or its days are over."""

    def __init__(self, turn_id: int) -> None:
        super().__init__(
            f"não há gravação do turno {turn_id}",
            "só turnos que perguntaram ao modelo são gravados, por [retention] recordings_days dias",
        )


class ExpectationInvalid(Rejected):
    """What was expected says nothing, or too much."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What should come of a turn; what is None or empty is not compared.

    Attributes:
        note: Why it was kept, in a person's words; where nothing else is said, the turn is good as it was recorded.
        handoff: Whether a person must be called.
        silent: Whether nothing must be said.
        must_say: Phrases that a good reply holds; times and money are compared however they are written.
        must_not_say: Phrases that no reply may hold.
    """

    note: str
    handoff: bool | None = None
    silent: bool | None = None
    must_say: tuple[str, ...] = ()
    must_not_say: tuple[str, ...] = ()

    @property
    def says_nothing_but_the_note(self) -> bool:
        """Whether the recorded decision itself is what is expected."""
        return self.handoff is None and self.silent is None and not (self.must_say or self.must_not_say)


@dataclass(frozen=True, slots=True)
class Case:
    """A turn that somebody kept.

    Attributes:
        said: What the customer wrote.
        bubbles: What was answered.
    """

    turn_id: int
    conversation_id: int
    expected: Expected
    kept_at: datetime
    kept_by: str
    said: tuple[str, ...]
    bubbles: tuple[str, ...]


def keep_as_case(session: Session, turn_id: int, expected: Expected, *, by: Actor, now: datetime) -> None:
    """Keep a turn as a case for evaluations, or say anew what is expected of one; it lives as long as its messages.

    Args:
        session: The caller's transaction.
        turn_id: A turn that asked the model.
        expected: What should come of it.
        by: Who keeps it.
        now: The present moment.

    Raises:
        TurnNotRecorded: Nothing is kept of this turn.
        ExpectationInvalid: The note is missing, or something is too long.
    """
    _check(expected)
    recording = _recording_of(session, turn_id)
    recording.kept_at, recording.kept_by, recording.expected = now, by.name, asdict(expected)
    _note(session, recording, "case.kept", by, now, {"note": expected.note})


def drop_case(session: Session, turn_id: int, *, by: Actor, now: datetime) -> None:
    """Let a turn be a recording like others again.

    Raises:
        TurnNotRecorded: Nothing is kept of this turn.
    """
    recording = _recording_of(session, turn_id)
    if recording.kept_at is not None:
        recording.kept_at = recording.kept_by = recording.expected = None
        _note(session, recording, "case.dropped", by, now, {})


def list_cases(session: Session, limit: int = 200) -> list[Case]:
    """Return what was kept, the newest first."""
    chosen = select(Recording).where(col(Recording.kept_at).is_not(None)).order_by(col(Recording.kept_at).desc())
    return [_case(recording) for recording in session.exec(chosen.limit(limit))]


def expected_of(recording: Recording) -> Expected | None:
    """Return what should come of a recorded turn; None where nobody kept it."""
    if recording.kept_at is None:
        return None
    told = recording.expected or {}
    return Expected(
        note=told.get("note", ""),
        handoff=told.get("handoff"),
        silent=told.get("silent"),
        must_say=tuple(told.get("must_say", ())),
        must_not_say=tuple(told.get("must_not_say", ())),
    )


def _check(expected: Expected) -> None:
    if not expected.note.strip():
        raise ExpectationInvalid(
            "falta dizer o que se esperava", "escreva em uma frase o que a resposta devia ter feito"
        )
    if len(expected.note) > LONGEST_NOTE:
        raise ExpectationInvalid("a observação é longa demais", f"use até {LONGEST_NOTE} caracteres")
    for phrases in (expected.must_say, expected.must_not_say):
        if len(phrases) > MOST_PHRASES or any(not 0 < len(phrase.strip()) <= LONGEST_PHRASE for phrase in phrases):
            limits = f"até {MOST_PHRASES} trechos, de 1 a {LONGEST_PHRASE} caracteres cada"
            raise ExpectationInvalid("os trechos não servem", f"use {limits}")


def _recording_of(session: Session, turn_id: int) -> Recording:
    chosen = select(Recording).where(col(Recording.turn_id) == turn_id).with_for_update()
    recording = session.exec(chosen).first()
    if recording is None:
        raise TurnNotRecorded(turn_id)
    return recording


def _note(
    session: Session, recording: Recording, action: str, by: Actor, now: datetime, after: Mapping[str, Any]
) -> None:
    session.add(recording)
    contact = select(Contact).join(Conversation, col(Conversation.contact_id) == col(Contact.id))
    whose = session.exec(contact.where(col(Conversation.id) == recording.conversation_id)).one()
    subject = keyed_hash(whose.identity_key)
    note(session, by, action, f"turno {recording.turn_id}", at=now, subject=subject, after=after)


def _case(recording: Recording) -> Case:
    if recording.kept_at is None:
        raise ValueError("nobody kept this one")
    burst: Sequence[Mapping[str, Any]] = recording.told.get("burst", ())
    return Case(
        turn_id=recording.turn_id,
        conversation_id=recording.conversation_id,
        expected=expected_of(recording) or Expected(""),
        kept_at=recording.kept_at,
        kept_by=recording.kept_by or "",
        said=tuple(message["text"] or f"({message['kind']})" for message in burst),
        bubbles=tuple(recording.decision.get("bubbles", ())),
    )
