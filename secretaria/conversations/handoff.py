"""Who has the word: from the secretary to a person and back, always with the moment, and as a new episode on return."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from secretaria import metrics
from secretaria.conversations.episodes import Ending, end_episode
from secretaria.conversations.models import Conversation, Mode, TurnState
from secretaria.conversations.store import HeldWord, open_turn
from secretaria.database.transaction import after_commit

TALK_LASTS = timedelta(minutes=30)


def ask_for_person(session: Session, conversation: Conversation, now: datetime) -> None:
    """The secretary asks for a person: the conversation waits, and she is silent but for one notice."""
    conversation.mode, conversation.mode_changed_at = Mode.WAITING, now
    session.add(conversation)


def person_spoke(session: Session, conversation: Conversation, now: datetime) -> None:
    """A person wrote, from the panel, Whaticket or the phone: silence at once.

    A turn that waits for its silence is closed; one that is being answered finds the mode changed at its gate, and a
    bubble that is not sent yet finds it changed when it is claimed. A paused conversation stays paused.
    """
    conversation.person_spoke_at = now
    if conversation.mode != Mode.PAUSED:
        conversation.mode, conversation.mode_changed_at = Mode.ATTENDED, now
    session.add(conversation)
    turn = open_turn(session, conversation.id or 0)
    if turn is not None and turn.state == TurnState.WAITING:
        turn.state, turn.reason, turn.closed_at = TurnState.SILENCED, "person_spoke", now
        session.add(turn)
        after_commit(session, metrics.TURNS_CLOSED.labels("silenced").inc)


def person_took(session: Session, conversation: Conversation, holder: str, now: datetime) -> None:
    """A person took the conversation here, before writing anything: silence at once, and nobody else may take it.

    A paused conversation stays paused, so that it is not the secretary's again when the person lets go.
    """
    conversation.holder, conversation.held_at = holder, now
    if conversation.mode != Mode.PAUSED:
        conversation.mode, conversation.mode_changed_at = Mode.ATTENDED, now
    session.add(conversation)
    turn = open_turn(session, conversation.id or 0)
    if turn is not None and turn.state == TurnState.WAITING:
        turn.state, turn.reason, turn.closed_at = TurnState.SILENCED, "person_took", now
        session.add(turn)
        after_commit(session, metrics.TURNS_CLOSED.labels("silenced").inc)
    session.flush()


def person_is_talking(conversation: Conversation | HeldWord, now: datetime) -> bool:
    """Say whether a person of the team is in the middle of a talk with the customer: nothing of ours may fall into it."""
    spoke_at = conversation.person_spoke_at or conversation.mode_changed_at
    return conversation.mode == Mode.ATTENDED and now - spoke_at < TALK_LASTS


def give_back(
    session: Session, conversation: Conversation, now: datetime, ending: Ending, begins: datetime | None = None
) -> None:
    """The conversation is the secretary's again, as a new episode that knows what the person said.

    Args:
        session: The caller's transaction.
        conversation: Locked; nothing happens where nobody but the secretary has the word.
        now: The present moment.
        ending: What ended the episode before.
        begins: When the next one began, where the customer has already written in it.
    """
    conversation.holder = conversation.held_at = None
    if conversation.mode in {Mode.WAITING, Mode.ATTENDED}:
        conversation.mode, conversation.mode_changed_at = Mode.AUTOMATIC, now
        end_episode(session, conversation, ending, begins or now)
