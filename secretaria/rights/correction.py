"""Corrects what is held about a person, and honours their objection to automatic answers (LGPD, art. 18 III and art. 20)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Engine, delete
from sqlmodel import Session, col, select

from secretaria.audit.trail import Actor, note
from secretaria.conversations import store as conversations
from secretaria.conversations.models import Contact, Conversation
from secretaria.database.transaction import transaction
from secretaria.errors import UsageInvalid
from secretaria.memory.models import CustomerFact
from secretaria.memory.rules import KEYS, may_be_written
from secretaria.memory.store import recall, remember
from secretaria.outbox import store as outbox
from secretaria.outbox.models import ItemState
from secretaria.privacy import keyed_hash
from secretaria.rights.erasure import find_contact

LONGEST_NAME = 100
BY_OPERATOR = "operator"
NOTED = "corrigido pela equipe"
OBJECTED = "objected"


class FactRefused(UsageInvalid):
    """What was asked to be remembered is of no kind that may be."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"não dá para guardar isto como {key!r}",
            f"chaves: {', '.join(KEYS)}; saúde, documentos e outras pessoas nunca são guardados",
        )


def correct_name(engine: Engine, written: str, name: str, *, actor: Actor, now: datetime) -> None:
    """Call a person differently; an empty name forgets it.

    Raises:
        PersonNotFound: Nothing is held about the number.
        DatabaseUnavailable: PostgreSQL is away.
    """
    with transaction(engine) as session:
        contact = find_contact(session, written)
        contact.name = " ".join(name.split())[:LONGEST_NAME] or None
        session.add(contact)
        _note(session, contact, actor, "person.corrected", now, "name")


def correct_fact(
    engine: Engine, written: str, key: str, value: str, *, units: Collection[str], actor: Actor, now: datetime
) -> None:
    """Remember something as it is; an empty value forgets it. What the team wrote weighs more than what a model read.

    Args:
        engine: The database.
        written: The number, however it is written.
        key: One of ``memory.rules.KEYS``.
        value: What is right.
        units: Names of the business's units.
        actor: Who corrects.
        now: The present moment.

    Raises:
        FactRefused: It is of no kind that may be remembered.
        PersonNotFound: Nothing is held about the number.
        DatabaseUnavailable: PostgreSQL is away.
    """
    kept = may_be_written(key, value, units) if value else ""
    if kept is None or key not in KEYS:
        raise FactRefused(key)
    with transaction(engine) as session:
        contact = find_contact(session, written)
        if kept:
            contact_id = contact.id or 0
            remember(session, contact_id=contact_id, key=key, value=kept, quote=NOTED, observer=BY_OPERATOR, now=now)
        else:
            _forget(session, contact, key)
        _note(session, contact, actor, "person.corrected", now, key)


def facts_of(engine: Engine, written: str, now: datetime) -> Sequence[CustomerFact]:
    """Return what counts as known of a person.

    Raises:
        PersonNotFound: Nothing is held about the number.
        DatabaseUnavailable: PostgreSQL is away.
    """
    with transaction(engine) as session:
        return list(recall(session, find_contact(session, written).id or 0, now))


def object_to_automatic(engine: Engine, written: str, *, actor: Actor, now: datetime) -> None:
    """Let only people answer somebody from now on, as if they had written "parar"; what waits to be said is dropped.

    Raises:
        PersonNotFound: Nothing is held about the number.
        DatabaseUnavailable: PostgreSQL is away.
    """
    with transaction(engine) as session:
        contact = find_contact(session, written)
        contact.opted_out_at = contact.opted_out_at or now
        session.add(contact)
        of_contact = select(Conversation.id).where(Conversation.contact_id == contact.id)
        for conversation_id in session.exec(of_contact).all():
            for message_id in outbox.supersede_pending(session, conversation_id or 0, OBJECTED):
                conversations.mark_delivery(session, message_id, ItemState.SUPERSEDED)
        _note(session, contact, actor, "person.objected", now, "automatic answers")


def withdraw_objection(engine: Engine, written: str, *, actor: Actor, now: datetime) -> None:
    """Let the secretary answer somebody again.

    Raises:
        PersonNotFound: Nothing is held about the number.
        DatabaseUnavailable: PostgreSQL is away.
    """
    with transaction(engine) as session:
        contact = find_contact(session, written)
        contact.opted_out_at = None
        session.add(contact)
        _note(session, contact, actor, "person.objection_withdrawn", now, "automatic answers")


def _forget(session: Session, contact: Contact, key: str) -> None:
    """Remove a fact with all that it replaced."""
    session.execute(
        delete(CustomerFact).where(col(CustomerFact.contact_id) == contact.id, col(CustomerFact.key) == key)
    )


def _note(session: Session, contact: Contact, actor: Actor, action: str, now: datetime, what: str) -> None:
    """Keep that something was changed, and which, but neither the old nor the new value."""
    subject = keyed_hash(contact.identity_key)
    note(session, actor, action, f"h:{subject[:8]}", at=now, subject=subject, after={"what": what})
