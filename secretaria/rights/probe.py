"""Removes the contact of a probe with every row that leads to it, so that no figure ever counts it."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from secretaria.conversations.models import Contact
from secretaria.database.transaction import transaction
from secretaria.replies.volatile import VolatileContext
from secretaria.rights.holdings import EVENTS, about, events_about, links, tables
from secretaria.whaticket.numbers import identity_key
from secretaria.whaticket.probing import PROBE_NUMBER


def remove_probe(engine: Engine, volatile: VolatileContext) -> int:
    """Remove everything of the probe's contact; return how many rows went.

    Unlike a person who is erased it leaves no empty rows: it was never a customer, and what it wrote was never said.

    Raises:
        DatabaseUnavailable: PostgreSQL is away; the next probe removes it first.
    """
    with transaction(engine) as session:
        wanted = select(Contact.id).where(col(Contact.identity_key) == identity_key(PROBE_NUMBER)).with_for_update()
        contact_id = session.exec(wanted).first()
        if contact_id is None:
            return 0
        conversation = tables()["conversation"]
        held = session.execute(
            conversation.update()
            .where(about("conversation", contact_id))
            .values(lease_token=conversation.c.lease_token + 1, lease_until=None)
            .returning(conversation.c.id)
        )
        volatile.forget(list(held.scalars()))
        gone = _remove(session, EVENTS, events_about(session, contact_id, PROBE_NUMBER))
        for name in reversed(list(links())):
            gone += _remove(session, name, about(name, contact_id))
    return gone


def _remove(session: Session, name: str, condition: object) -> int:
    table = tables()[name]
    gone = session.execute(table.delete().where(condition).returning(*table.primary_key.columns))  # type: ignore[arg-type]  # a condition of this table
    return len(gone.all())
