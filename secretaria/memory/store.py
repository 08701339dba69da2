"""The queries over facts; the caller holds the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session, col, select

from secretaria.memory.models import CustomerFact
from secretaria.memory.rules import KEYS, life_of

RANK = {"customer": 1, "operator": 2}  # what the team wrote down weighs more than what a model read
TOLD = 8
LOCK_SPACE = 7_305


def remember(
    session: Session,
    *,
    contact_id: int,
    key: str,
    value: str,
    quote: str,
    observer: str,
    now: datetime,
    message_id: int | None = None,
    turn_id: int | None = None,
) -> CustomerFact | None:
    """Add a fact; against what is known, the higher source counts, then the newer, and the loser stays as superseded.

    Returns:
        The new row; None where the same was known already from as good a source, which then only lives longer as it is.
    """
    session.execute(
        text("SELECT pg_advisory_xact_lock(:space, :contact)"), {"space": LOCK_SPACE, "contact": contact_id % 2**31}
    )
    known = _standing(session, contact_id, key, now)
    if known is not None and known.value == value and RANK[known.observer] >= RANK[observer]:
        return None
    fact = CustomerFact(
        contact_id=contact_id,
        key=key,
        value=value,
        quote=quote,
        message_id=message_id,
        turn_id=turn_id,
        observer=observer,
        observed_at=now,
        expires_at=now + life_of(key),
    )
    if known is not None and RANK[known.observer] > RANK[observer]:
        fact.superseded_by = known.id
    session.add(fact)
    session.flush()
    if known is not None and fact.superseded_by is None:
        known.superseded_by = fact.id
        session.add(known)
        session.flush()
    return fact


def recall(session: Session, contact_id: int, now: datetime) -> Sequence[CustomerFact]:
    """Return what counts of a contact, in the order of the keys, at most eight."""
    facts = session.exec(
        select(CustomerFact).where(
            CustomerFact.contact_id == contact_id,
            col(CustomerFact.superseded_by).is_(None),
            CustomerFact.expires_at > now,
        )
    ).all()
    known = [fact for fact in facts if fact.key in KEYS]
    return sorted(known, key=lambda fact: KEYS.index(fact.key))[:TOLD]


def _standing(session: Session, contact_id: int, key: str, now: datetime) -> CustomerFact | None:
    return session.exec(
        select(CustomerFact).where(
            CustomerFact.contact_id == contact_id,
            CustomerFact.key == key,
            col(CustomerFact.superseded_by).is_(None),
            CustomerFact.expires_at > now,
        )
    ).first()
