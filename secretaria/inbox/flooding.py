"""A contact who writes more than anybody reads is heard all the same; the operator is told, once an hour."""

from __future__ import annotations

from datetime import datetime, timedelta

from loguru import logger
from sqlmodel import Session, col, func, select

from secretaria import metrics
from secretaria.audit.models import AuditEntry
from secretaria.audit.trail import SYSTEM, note
from secretaria.conversations.arriving import Place
from secretaria.conversations.models import Direction, Message
from secretaria.privacy import keyed_hash
from secretaria.whaticket.numbers import identity_key, person_mark

FLOODED = "contact.flooded"
WINDOW = timedelta(hours=1)


def tell_of_flood(session: Session, place: Place, number: str, most: int, now: datetime) -> None:
    """Tell the operator of a contact who wrote more than so many messages within an hour.

    Nothing is refused: the messages are kept and answered together, and what the model may cost for one conversation is
    a limit of its own (``[budget]``). So this is news, for the log, the metrics and the audit.

    Args:
        session: The transaction that files the newest message.
        place: Of that message.
        number: Of the contact.
        most: Messages in an hour that are nothing to speak of; 0 never tells.
        now: The present moment.
    """
    if not most or not _wrote_more(session, place, most, now - WINDOW):
        return
    subject = keyed_hash(identity_key(number))
    told = select(AuditEntry.id).where(
        col(AuditEntry.subject) == subject, col(AuditEntry.action) == FLOODED, col(AuditEntry.at) > now - WINDOW
    )
    if session.exec(told.limit(1)).first() is not None:
        return
    mark = person_mark(number)
    note(session, SYSTEM, FLOODED, mark, at=now, subject=subject, after={"messages_in_an_hour": f"> {most}"})
    metrics.FLOODS.inc()
    logger.bind(contact=mark, conversation_id=place.conversation_id, more_than=most).warning("contact_floods")


def _wrote_more(session: Session, place: Place, most: int, since: datetime) -> bool:
    """One look at the unique index of positions tells almost always that there are too few to count."""
    if place.seq <= most:
        return False
    of_this = col(Message.conversation_id) == place.conversation_id
    before = select(Message.received_at).where(of_this, col(Message.seq) == place.seq - most)
    oldest = session.exec(before).first()
    if oldest is None or oldest < since:
        return False
    inbound = col(Message.direction) == Direction.INBOUND
    counted = select(func.count()).where(of_this, inbound, col(Message.received_at) >= since)
    return int(session.exec(counted).one()) > most
