"""Who has a conversation: take it, let go of it, close it, pause it; of two who take at once one is told who has it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from secretaria.audit.trail import Actor, note
from secretaria.conversations import store as conversations
from secretaria.conversations.episodes import end_episode
from secretaria.conversations.handoff import give_back, person_took
from secretaria.conversations.models import Contact, Conversation, Mode, SecretaryPause
from secretaria.conversations.pauses import pause_of_all, pause_secretary, resume_secretary
from secretaria.errors import Conflict, NotFound
from secretaria.outbox import store as outbox
from secretaria.outbox.models import ItemState
from secretaria.privacy import keyed_hash

EVERYBODY = "secretary"
"""What an audit entry about the pause of all is about."""


class ConversationUnknown(NotFound):
    """There is no such conversation, or the person behind it was erased."""

    def __init__(self, conversation_id: int) -> None:
        super().__init__(
            f"não existe a conversa {conversation_id}", "veja as conversas com: secretaria conversations list"
        )


class ConversationTaken(Conflict):
    """Somebody else has the conversation.

    Attributes:
        holder: The account of whoever has it.
        since: Since when.
    """

    def __init__(self, holder: str, since: datetime | None) -> None:
        super().__init__(
            f"a conversa está com {holder}", "peça que a devolva; quem administra pode devolvê-la por outra pessoa"
        )
        self.holder = holder
        self.since = since


def take(session: Session, conversation_id: int, by: Actor, now: datetime) -> Conversation:
    """Take a conversation: the secretary falls silent, what she had not sent yet is dropped; taking twice is once.

    Raises:
        ConversationUnknown: There is none.
        ConversationTaken: Somebody else has it.
    """
    conversation = locked(session, conversation_id)
    hold(session, conversation, by, now)
    return conversation


def hold(session: Session, conversation: Conversation, by: Actor, now: datetime) -> None:
    """Take a conversation that the caller has locked.

    Raises:
        ConversationTaken: Somebody else has it.
    """
    if holder_of(conversation) == by.name:
        return
    refuse_others(conversation, by)
    before = conversation.mode
    person_took(session, conversation, by.name, now)
    drop_replies(session, conversation)
    after = {"mode": conversation.mode, "holder": by.name}
    _note(session, by, "conversation.taken", conversation, now, {"mode": before}, after)


def release(session: Session, conversation_id: int, by: Actor, now: datetime, *, force: bool = False) -> bool:
    """Give a conversation back to the secretary, who will know what was said; a paused one stays paused.

    Args:
        session: The caller's transaction.
        conversation_id: Which one.
        by: Who lets go.
        now: The present moment.
        force: Whether it may be taken out of somebody else's hands.

    Returns:
        Whether anybody but the secretary had it, or was called.

    Raises:
        ConversationUnknown: There is none.
        ConversationTaken: Somebody else has it.
    """
    return _let_go(session, conversation_id, by, now, "released", force=force)


def close(session: Session, conversation_id: int, by: Actor, now: datetime, *, force: bool = False) -> bool:
    """End what the conversation was about: what comes next is a new episode, and the secretary's.

    Returns:
        Whether there was anything to end.

    Raises:
        ConversationUnknown: There is none.
        ConversationTaken: Somebody else has it.
    """
    return _let_go(session, conversation_id, by, now, "closed", force=force)


def pause(session: Session, conversation_id: int, by: Actor, now: datetime) -> bool:
    """Silence the secretary in one conversation until somebody resumes it; return whether she spoke there until now.

    Raises:
        ConversationUnknown: There is none.
    """
    conversation = locked(session, conversation_id)
    before = conversation.mode
    if before == Mode.PAUSED:
        return False
    conversation.mode, conversation.mode_changed_at = Mode.PAUSED, now
    session.add(conversation)
    drop_replies(session, conversation)
    _note(session, by, "conversation.paused", conversation, now, {"mode": before}, {"mode": Mode.PAUSED.value})
    return True


def resume(session: Session, conversation_id: int, by: Actor, now: datetime) -> bool:
    """End the pause of one conversation: it is with whoever holds it, else with the secretary.

    Returns:
        Whether it was paused.

    Raises:
        ConversationUnknown: There is none.
    """
    conversation = locked(session, conversation_id)
    if conversation.mode != Mode.PAUSED:
        return False
    mode = Mode.AUTOMATIC if conversation.holder is None else Mode.ATTENDED
    conversation.mode, conversation.mode_changed_at = mode, now
    session.add(conversation)
    _note(session, by, "conversation.resumed", conversation, now, {"mode": Mode.PAUSED.value}, {"mode": mode.value})
    return True


def pause_all(session: Session, by: Actor, now: datetime) -> bool:
    """Silence the secretary everywhere, running turns included; return whether she spoke until now."""
    if not pause_secretary(session, by.name, now):
        return False
    note(session, by, "secretary.paused", EVERYBODY, at=now, before={"paused": False}, after={"paused": True})
    return True


def resume_all(session: Session, by: Actor, now: datetime) -> bool:
    """Let the secretary speak again; what came meanwhile and no person took care of, she answers within a minute or so."""
    if not resume_secretary(session):
        return False
    note(session, by, "secretary.resumed", EVERYBODY, at=now, before={"paused": True}, after={"paused": False})
    return True


def paused_for_all(session: Session) -> SecretaryPause | None:
    """Return who silenced the secretary everywhere, and since when; None while she may speak."""
    return pause_of_all(session)


def locked(session: Session, conversation_id: int) -> Conversation:
    """Return a conversation, locked until the transaction ends.

    Raises:
        ConversationUnknown: There is none, or its person was erased.
    """
    known = session.get(Conversation, conversation_id)
    if known is None or not session.get_one(Contact, known.contact_id).number:
        raise ConversationUnknown(conversation_id)
    return conversations.load_conversation(session, conversation_id)


def refuse_others(conversation: Conversation, by: Actor) -> None:
    """Refuse who does not have a conversation that somebody has.

    Raises:
        ConversationTaken: Somebody else has it.
    """
    holder = holder_of(conversation)
    if holder not in {None, by.name}:
        raise ConversationTaken(holder or "", conversation.held_at)


def holder_of(conversation: Conversation) -> str | None:
    """Return who has a conversation; a name that an older version left behind when it was given back counts for nothing."""
    return conversation.holder if conversation.mode in {Mode.ATTENDED, Mode.PAUSED} else None


def drop_replies(session: Session, conversation: Conversation) -> None:
    """Let nobody hear what the secretary has not said yet."""
    dropped = outbox.supersede_replies(session, conversation.id or 0, f"conversation_{conversation.mode}")
    for message_id in dropped:
        conversations.mark_delivery(session, message_id, ItemState.SUPERSEDED)


def subject_of(session: Session, conversation: Conversation) -> str:
    """Return by which hash the audit knows the person of a conversation."""
    return keyed_hash(session.get_one(Contact, conversation.contact_id).identity_key)


def target_of(conversation_id: int | None) -> str:
    """Return how the audit names a conversation."""
    return f"conversation:{conversation_id}"


def _let_go(session: Session, conversation_id: int, by: Actor, now: datetime, how: str, *, force: bool) -> bool:
    conversation = locked(session, conversation_id)
    if not force:
        refuse_others(conversation, by)
    before = {"mode": conversation.mode, "holder": conversation.holder}
    closed = how == "closed"
    ended = conversation.holder is not None or conversation.mode in {Mode.WAITING, Mode.ATTENDED}
    if closed and conversation.mode in {Mode.AUTOMATIC, Mode.PAUSED}:
        ended = ended or conversation.last_message_at >= conversation.episode_at
        end_episode(session, conversation, "closed", now)
    give_back(session, conversation, now, "closed" if closed else "returned")
    session.add(conversation)
    session.flush()
    if ended:
        after = {"mode": conversation.mode, "holder": None}
        _note(session, by, f"conversation.{how}", conversation, now, before, after)
    return ended


def _note(
    session: Session,
    by: Actor,
    action: str,
    conversation: Conversation,
    now: datetime,
    before: Mapping[str, object],
    after: Mapping[str, object],
) -> None:
    subject, target = subject_of(session, conversation), target_of(conversation.id)
    note(session, by, action, target, at=now, subject=subject, before=before, after=after)
