"""Erases a person: what they wrote and what was kept about them goes, numbers without a name stay, nothing comes back."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col
from sqlmodel import select as choose

from secretaria.audit.trail import SYSTEM, Actor, note
from secretaria.conversations.models import Contact, Conversation, ErasedContact
from secretaria.database.transaction import transaction
from secretaria.errors import NotFound
from secretaria.privacy import keyed_hash, mask_number
from secretaria.replies.volatile import VolatileContext
from secretaria.rights.holdings import EVENTS, ROOT, about, events_about, links, tables
from secretaria.whaticket.numbers import identity_key

LIST_FILE = "erasures.jsonl"
SKELETON = frozenset({ROOT, "conversation", "turn", "booking", "booking_change", "llm_reservation", "llm_spending"})
"""What stays without content, because sums, the agenda and its history stand on it."""


class PersonNotFound(NotFound):
    """Nothing is held about a number."""

    def __init__(self, number: str) -> None:
        super().__init__(
            f"nada guardado sobre {mask_number(number)}",
            "confira o número com DDD, como 5511912345678, e tente de novo",
        )


def find_contact(session: Session, written: str) -> Contact:
    """Return the contact of a number, however it is written.

    Raises:
        PersonNotFound: There is none.
    """
    digits = "".join(filter(str.isdigit, written))
    keys = [identity_key(digits), identity_key(f"55{digits}")]
    found = session.exec(choose(Contact).where(col(Contact.identity_key).in_(keys)).with_for_update()).first()
    if found is None:
        raise PersonNotFound(digits)
    return found


def erase_person(
    engine: Engine, written: str, *, home: Path, actor: Actor, now: datetime, volatile: VolatileContext
) -> dict[str, int]:
    """Erase everything about a number and remember, by a keyed hash, that nothing older may be filed again.

    Args:
        engine: The database.
        written: The number, however it is written.
        home: The folder of local data, where the list is kept beside the database: a restored backup is older than it.
        actor: Who asks.
        now: The present moment.
        volatile: The running episodes, as Redis holds them; where it cannot be reached its copies end within six hours.

    Returns:
        How many rows went, by table.

    Raises:
        PersonNotFound: Nothing is held about it.
        DatabaseUnavailable: PostgreSQL is away; nothing was erased.
    """
    with transaction(engine) as session:
        contact = find_contact(session, written)
        subject = keyed_hash(contact.identity_key)
        tally = empty_contact(session, contact, now)
        volatile.forget(_conversations(session, contact))  # while their rows are locked: no worker makes another copy
        remember_erasure(session, subject, now, tally)
        note(session, actor, "person.erased", f"h:{subject[:8]}", at=now, subject=subject, after=tally)
        _append(home / LIST_FILE, subject, now)  # before the commit: a line too much erases nothing that is newer
    return tally


def empty_contact(session: Session, contact: Contact, now: datetime) -> dict[str, int]:
    """Remove the rows of a contact and empty those that others stand on; return how many went, by table."""
    contact_id = contact.id or 0
    conversation, turn, booking = (tables()[name] for name in ("conversation", "turn", "booking"))
    fence = {
        "lease_token": conversation.c.lease_token + 1,
        "lease_until": None,
        "ticket_id": None,
        "mode": "automatic",
        "holder": None,
    }
    session.execute(conversation.update().where(about("conversation", contact_id)).values(fence))
    tally = {EVENTS: _delete(session, EVENTS, events_about(session, contact_id, contact.number))}
    still_open = about("turn", contact_id) & turn.c.state.in_(("waiting", "answering"))
    closed = {"state": "discarded", "reason": "erased", "closed_at": now}
    session.execute(turn.update().where(still_open).values(closed))
    for name in reversed(list(links())):
        if name not in SKELETON:
            tally[name] = _delete(session, name, about(name, contact_id))
    session.execute(booking.update().where(about("booking", contact_id)).values(person=None))
    contact.identity_key, contact.number, contact.name = f"erased:{uuid.uuid4()}", "", None
    contact.opted_out_at = contact.told_privacy_at = None
    session.add(contact)
    session.flush()
    tally |= {name: _count(session, name, contact_id) for name in ("conversation", "turn", "booking")}
    return {name: count for name, count in tally.items() if count}


def remember_erasure(session: Session, subject: str, at: datetime, tally: Mapping[str, int]) -> None:
    """Put a person on the list of the erased; the newest moment counts."""
    listed = insert(ErasedContact).values(subject=subject, erased_at=at, tally=dict(tally))
    newer = func.greatest(col(ErasedContact.erased_at), listed.excluded.erased_at)
    session.execute(listed.on_conflict_do_update(index_elements=["subject"], set_={"erased_at": newer}))


def reapply_erasures(engine: Engine, *, home: Path, now: datetime) -> int:
    """Erase again whom a restored backup brought back; return how many.

    The list in the database may be as old as the backup; the one beside it is not.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    listed = _read(home / LIST_FILE)
    with transaction(engine) as session:
        for entry in session.exec(choose(ErasedContact)).all():
            listed[entry.subject] = max(entry.erased_at, listed.get(entry.subject, entry.erased_at))
        returned = [
            (contact_id, subject)
            for contact_id, identity, created_at in session.execute(
                select(col(Contact.id), col(Contact.identity_key), col(Contact.created_at))
            )
            if (subject := keyed_hash(identity)) in listed and created_at < listed[subject]
        ]
    for contact_id, subject in returned:
        with transaction(engine) as session:
            contact = session.get_one(Contact, contact_id, with_for_update=True)
            tally = empty_contact(session, contact, now)
            remember_erasure(session, subject, listed[subject], tally)
            note(session, SYSTEM, "person.erased_again", f"h:{subject[:8]}", at=now, subject=subject, after=tally)
    return len(returned)


def _conversations(session: Session, contact: Contact) -> list[int]:
    found = choose(Conversation.id).where(col(Conversation.contact_id) == contact.id)
    return [conversation_id or 0 for conversation_id in session.exec(found).all()]


def _delete(session: Session, name: str, condition: object) -> int:
    table = tables()[name]
    gone = session.execute(table.delete().where(condition).returning(*table.primary_key.columns))  # type: ignore[arg-type]  # a condition of this table
    return len(gone.all())


def _count(session: Session, name: str, contact_id: int) -> int:
    return int(
        session.execute(select(func.count()).select_from(tables()[name]).where(about(name, contact_id))).scalar_one()
    )


def _append(path: Path, subject: str, at: datetime) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, (json.dumps({"subject": subject, "erased_at": at.isoformat()}) + "\n").encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> dict[str, datetime]:
    listed: dict[str, datetime] = {}
    if not path.is_file():
        return listed
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
            listed[str(entry["subject"])] = datetime.fromisoformat(entry["erased_at"])
        except (ValueError, KeyError, TypeError):
            continue  # the end of a line that a power cut left
    return listed
