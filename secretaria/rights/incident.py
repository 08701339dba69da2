"""The facts of a security incident: whose data and of which kinds were within reach, and who did what in that time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, func, select
from sqlmodel import Session, col

from secretaria.audit.models import AuditEntry
from secretaria.audit.trail import Actor, note
from secretaria.database.transaction import transaction
from secretaria.rights.holdings import tables

WORKING_DAYS, WORKING_DAYS_OF_SMALL = 3, 6  # Res. CD/ANPD 15/2024, art. 6; twice as many for small agents
WEEKEND = 5
MOMENTS = {
    "message": "received_at",
    "transcription": "created_at",
    "customer_fact": "observed_at",
    "booking": "created_at",
    "inbox_event": "received_at",
}


@dataclass(frozen=True, slots=True)
class Incident:
    """What the notice to the authority and to the people asks for, as far as this installation knows it.

    Attributes:
        people_held: People of whom anything is held at all: the most that can be affected.
        people_active: People with whom something was exchanged in that time.
        rows: How much came in that time, by table.
        actions: What accounts did in that time, with how often and from where; refused entries among it.
        notice_due: Until when the authority must know, three working days from now; holidays are not counted off.
        notice_due_small: The same for a small agent.
    """

    since: datetime
    until: datetime
    people_held: int
    people_active: int
    rows: Mapping[str, int]
    actions: Sequence[Mapping[str, Any]]
    notice_due: date
    notice_due_small: date


def describe_incident(engine: Engine, since: datetime, until: datetime, *, actor: Actor, now: datetime) -> Incident:
    """Gather the facts of a time, and note that they were; nothing of it names a customer.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    contact, message, conversation = (tables()[name] for name in ("contact", "message", "conversation"))
    exchanged = (
        select(func.count(conversation.c.contact_id.distinct()))
        .select_from(message.join(conversation, message.c.conversation_id == conversation.c.id))
        .where(message.c.received_at.between(since, until))
    )
    held = select(func.count()).select_from(contact).where(contact.c.number != "")
    with transaction(engine) as session:
        found = Incident(
            since=since,
            until=until,
            people_held=int(session.execute(held).scalar_one()),
            people_active=int(session.execute(exchanged).scalar_one()),
            rows={name: _count(session, name, moment, since, until) for name, moment in MOMENTS.items()},
            actions=_actions(session, since, until),
            notice_due=working_days_after(now.date(), WORKING_DAYS),
            notice_due_small=working_days_after(now.date(), WORKING_DAYS_OF_SMALL),
        )
        told = {"since": since.isoformat(), "until": until.isoformat()}
        note(session, actor, "incident.described", "incident", at=now, after=told)
    return found


def working_days_after(day: date, count: int) -> date:
    """Return the day so many working days later; Saturdays and Sundays are none."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < WEEKEND
    return day


def _count(session: Session, name: str, moment: str, since: datetime, until: datetime) -> int:
    table = tables()[name]
    return int(
        session.execute(
            select(func.count()).select_from(table).where(table.c[moment].between(since, until))
        ).scalar_one()
    )


def _actions(session: Session, since: datetime, until: datetime) -> list[dict[str, Any]]:
    kept = (col(AuditEntry.action), col(AuditEntry.actor), col(AuditEntry.origin), col(AuditEntry.place))
    seen = (func.count(), func.min(AuditEntry.at), func.max(AuditEntry.at))
    asked = select(*kept, *seen).where(col(AuditEntry.at).between(since, until)).group_by(*kept).order_by(*kept)
    return [
        {
            "action": action,
            "actor": actor,
            "origin": origin,
            "place": place,
            "times": times,
            "first": first,
            "last": last,
        }
        for action, actor, origin, place, times, first, last in session.execute(asked)
    ]
