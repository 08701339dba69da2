"""Use case: customers whom Whaticket heard and we did not, because we were down or it lost its event, are heard late.

Only the listing of tickets is read, which shows nobody a "seen". It tells the last message of a ticket and no id, so what
is taken in this way is kept under the ticket's own last change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import uuid_utils.compat
from loguru import logger
from sqlalchemy import Engine
from sqlmodel import Session, select

from secretaria import metrics
from secretaria.clock import Clock
from secretaria.conversations.models import Contact, Conversation
from secretaria.database.transaction import after_commit, transaction
from secretaria.inbox import store
from secretaria.inbox.models import EventState, InboxEvent
from secretaria.queue.jobs import FILE_EVENT
from secretaria.queue.publisher import Publisher
from secretaria.whaticket.notices import is_notice
from secretaria.whaticket.numbers import identity_key
from secretaria.whaticket.panel import Panel, PanelUnavailable, Ticket

YOUNGEST = timedelta(seconds=60)  # an event on its way is not lost
OLDEST = timedelta(minutes=15)
CLOCK_MARGIN = timedelta(minutes=2)  # Whaticket's clock is not ours
MOST_PAGES = 5


@dataclass(frozen=True, slots=True)
class CatchUpRoom:
    """What catching up needs to know; without a panel nothing can be caught up."""

    engine: Engine
    publisher: Publisher
    clock: Clock
    channel: str
    panel: Panel | None


def catch_up(room: CatchUpRoom) -> int:
    """Compare the waiting tickets with what we heard, and take in what we did not.

    Returns:
        How many events were taken in.

    Raises:
        DatabaseUnavailable: PostgreSQL is away; the next round finds the same tickets.
    """
    if room.panel is None:
        return 0
    now = room.clock.now()
    try:
        waiting = [ticket for ticket in _recent(room.panel, now) if _customer_spoke_last(ticket)]
    except PanelUnavailable as error:
        logger.bind(error=error.error, status=error.status).warning("catch_up_postponed")
        return 0
    with transaction(room.engine) as session:
        if _something_waits(session):  # what is not filed yet may be just what seems to be missing
            return 0
        unheard = [ticket for ticket in waiting if not _is_heard(session, room.channel, ticket)]
        events = [_event(room, ticket, now) for ticket in unheard]
        taken = [event for event in events if store.insert_once(session, event)]
        for event in taken:
            after_commit(session, partial(room.publisher.publish, FILE_EVENT, str(event.id)))
    if taken:
        metrics.UNHEARD_TICKETS.inc(len(taken))
        logger.bind(tickets=len(taken)).error("unheard_customers")
    return len(taken)


def _recent(panel: Panel, now: datetime) -> Iterator[Ticket]:
    """Yield the waiting tickets that changed lately, the last touched first."""
    for number in range(1, MOST_PAGES + 1):
        page = panel.list_tickets("pending", number)
        yield from (ticket for ticket in page.tickets if YOUNGEST <= now - ticket.updated_at <= OLDEST)
        if not page.has_more or any(now - ticket.updated_at > OLDEST for ticket in page.tickets):
            return


def _customer_spoke_last(ticket: Ticket) -> bool:
    return ticket.unread > 0 and not ticket.is_group and ticket.user_id is None and not is_notice(ticket.last_message)


def _something_waits(session: Session) -> bool:
    statement = select(InboxEvent.id).where(InboxEvent.state == EventState.RECEIVED).limit(1)
    return session.exec(statement).first() is not None


def _is_heard(session: Session, channel: str, ticket: Ticket) -> bool:
    statement = (
        select(Conversation.id)
        .join(Contact)
        .where(Contact.identity_key == identity_key(ticket.number), Conversation.channel == channel)
        .where(Conversation.last_message_at >= ticket.updated_at - CLOCK_MARGIN)
    )
    return session.exec(statement).first() is not None


def _event(room: CatchUpRoom, ticket: Ticket, now: datetime) -> InboxEvent:
    """Write down what the ticket shows in our own format, which the filing reads like any other event."""
    native = {
        "number": ticket.number,
        "message": ticket.last_message,
        "timestamp": ticket.updated_at.timestamp(),
        "contact": {"name": ticket.name},
        "ticketId": ticket.id,
    }
    return InboxEvent(
        id=uuid_utils.compat.uuid7(),
        channel=room.channel,
        dedupe_key=f"ticket:{ticket.id}:{ticket.updated_at.isoformat()}",
        body=json.dumps(native).encode(),
        received_at=now,
    )
