"""Reminders: due by the booking's present time and the owner's hours, placed once, and never at night."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import uuid_utils.compat
from loguru import logger
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from secretaria.agenda.models import Booking, BookingState, Reminder
from secretaria.agenda.spoken import WRITTEN_WEEKDAYS, written_name
from secretaria.clock import Clock
from secretaria.conversations import store as conversations
from secretaria.conversations.handoff import person_is_talking
from secretaria.conversations.models import Contact, Conversation, Mode
from secretaria.database.transaction import after_commit, transaction
from secretaria.knowledge.agenda_rules import Agenda, ReminderRules
from secretaria.knowledge.business import BusinessCard
from secretaria.outbox import store as outbox
from secretaria.outbox.models import ItemState, OutboxItem, Purpose
from secretaria.queue.jobs import DELIVER_ITEM
from secretaria.queue.publisher import Publisher

BEFORE_NIGHT = timedelta(minutes=15)  # what would fall into the night goes this long before it begins
TOO_LATE = timedelta(minutes=10)  # before the booking begins: then a reminder helps nobody
BOOKING_CHANGED = "booking_changed"
AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Due:
    """One reminder of a booking: how long before, from when on it goes, and until when it is of use."""

    lead_minutes: int
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class ReminderRoom:
    """What reminding needs to know.

    Attributes:
        card: Gives the business as it is published now.
        channel: The connection for customers who never wrote.
    """

    engine: Engine
    publisher: Publisher
    clock: Clock
    card: Callable[[], BusinessCard]
    channel: str


def due_reminders(rules: ReminderRules, starts_at: datetime, zone: ZoneInfo) -> list[Due]:
    """Return when a booking's reminders go, the earliest first; each is of use until the next one.

    Args:
        rules: How long before, and between which hours.
        starts_at: When the booking begins.
        zone: Of the business.
    """
    moments: dict[datetime, int] = {}
    for hours in sorted(set(rules.hours_before), reverse=True):
        minutes = round(hours * 60)
        moments[_before_night(rules, starts_at - timedelta(minutes=minutes), zone)] = minutes  # the later one stands
    ordered = sorted(moments)
    ends = [*ordered, starts_at - TOO_LATE][1:]
    return [Due(moments[at], at, until) for at, until in zip(ordered, ends, strict=True) if at < until]


def place_reminders(room: ReminderRoom) -> int:
    """Place every reminder that is due; several workers and a second run place each one once.

    Returns:
        How many were placed.

    Raises:
        DatabaseUnavailable: PostgreSQL is away; the next look finds the same bookings.
    """
    card, now = room.card(), room.clock.now()
    agenda = card.agenda
    if agenda is None or not agenda.reminders.hours_before or not _is_allowed(agenda.reminders, now, card):
        return 0
    with transaction(room.engine) as session:
        owed = [(one.id or 0, one.contact_id or 0) for one, _ in _owed(session, agenda, card.identity.timezone, now)]
    placed = 0
    for booking_id, contact_id in owed[:AT_ONCE]:
        with transaction(room.engine) as session:  # one each: whoever dies takes one with it, and it comes again
            placed += _place(room, session, card, booking_id, contact_id, now)
    return placed


def pass_over_due(session: Session, card: BusinessCard, now: datetime) -> int:
    """Take every reminder that is due for said, without saying it: after a restore nobody knows which ones were.

    Returns:
        How many were passed over.
    """
    agenda = card.agenda
    if agenda is None or not agenda.reminders.hours_before:
        return 0
    owed = _owed(session, agenda, card.identity.timezone, now)
    for booking, due in owed:
        lead = due.lead_minutes
        session.add(Reminder(booking_id=booking.id or 0, starts_at=booking.starts_at, lead_minutes=lead, placed_at=now))
    session.flush()
    return len(owed)


def withdraw_reminders(session: Session, booking_id: int) -> None:
    """Drop the reminders of a booking that wait in the outbox; those to come follow its new time by themselves."""
    placed = select(Reminder.item_id).where(Reminder.booking_id == booking_id, col(Reminder.item_id).is_not(None))
    items = [item for item in session.exec(placed).all() if item is not None]
    for message_id in outbox.supersede_items(session, items, BOOKING_CHANGED) if items else ():
        conversations.mark_delivery(session, message_id, ItemState.SUPERSEDED)


def reminder_text(card: BusinessCard, agenda: Agenda, booking: Booking, now: datetime) -> str:
    """Return what the customer reads: only what the booking says, and how to answer."""
    local, today = booking.starts_at.astimezone(card.identity.timezone), now.astimezone(card.identity.timezone).date()
    distance = {0: "hoje, ", 1: "amanhã, "}.get((local.date() - today).days, "")
    day = f"{distance}{WRITTEN_WEEKDAYS[local.weekday()]} {local:%d/%m}"
    hour = f"{local.hour}h{local:%M}" if local.minute else f"{local.hour}h"
    what = agenda.names.get(booking.kind, "seu horário")
    whose = f" de {booking.person.split()[0]}" if booking.person else ""
    asked = "" if booking.state == BookingState.CONFIRMED else ' Para confirmar, responda "confirmo".'
    where = written_name(booking.unit).title()
    return (
        f"Lembrete da {card.identity.name}: {what}{whose}, {day}, às {hour}, em {where}."
        f"{asked} Se não puder vir, é só avisar por aqui."
    )


def _owed(session: Session, agenda: Agenda, zone: ZoneInfo, now: datetime) -> list[tuple[Booking, Due]]:
    """Find the bookings of which a reminder is due and was not placed yet."""
    longest = timedelta(hours=max(agenda.reminders.hours_before) + 24)
    ahead = (
        select(Booking)
        .where(Booking.state != BookingState.CANCELLED, col(Booking.contact_id).is_not(None))
        .where(col(Booking.starts_at) > now, col(Booking.starts_at) <= now + longest)
        .order_by(col(Booking.starts_at))
    )
    bookings = session.exec(ahead).all()
    keys = select(Reminder.booking_id, Reminder.starts_at, Reminder.lead_minutes)
    placed = set(session.exec(keys.where(col(Reminder.booking_id).in_([one.id for one in bookings]))).all())
    found = []
    for booking in bookings:
        due = _due_now(agenda, booking, zone, now)
        if due is not None and (booking.id, booking.starts_at, due.lead_minutes) not in placed:
            found.append((booking, due))
    return found


def _due_now(agenda: Agenda, booking: Booking, zone: ZoneInfo, now: datetime) -> Due | None:
    """Return what is due; what should have gone before the booking got its time is not owed."""
    for due in due_reminders(agenda.reminders, booking.starts_at, zone):
        if due.at <= now < due.until and due.at >= booking.arranged_at:
            return due
    return None


def _place(
    room: ReminderRoom, session: Session, card: BusinessCard, booking_id: int, contact_id: int, now: datetime
) -> bool:
    """Place one reminder with its bubble, its item and its key in one commit, or nothing of it.

    The conversation is locked first and then the booking, as whoever settles a reply does.
    """
    conversation = _conversation(room, session, contact_id, now)
    statement = select(Booking).where(Booking.id == booking_id, Booking.state != BookingState.CANCELLED)
    fresh = statement.with_for_update().execution_options(populate_existing=True)
    booking = session.exec(fresh).first()
    agenda = card.agenda
    if booking is None or agenda is None or booking.contact_id != contact_id:
        return False
    due = _due_now(agenda, booking, card.identity.timezone, now)
    if due is None or not _may_be_said(session, conversation, contact_id, now):
        return False
    key = insert(Reminder).values(
        booking_id=booking_id, starts_at=booking.starts_at, lead_minutes=due.lead_minutes, placed_at=now
    )
    placed = session.execute(key.on_conflict_do_nothing().returning(col(Reminder.id))).scalar_one_or_none()
    if placed is None:
        return False
    item = _put(session, conversation, contact_id, reminder_text(card, agenda, booking, now), due, now)
    session.get_one(Reminder, placed).item_id = item.id
    after_commit(session, partial(room.publisher.publish, DELIVER_ITEM, str(item.id)))
    log = logger.bind(booking_id=booking_id, lead_minutes=due.lead_minutes, correlation_id=str(item.correlation_id))
    after_commit(session, partial(log.info, "reminder_placed"))
    return True


def _may_be_said(session: Session, conversation: Conversation, contact_id: int, now: datetime) -> bool:
    """It waits while a person talks with the customer, and is not said in a paused conversation or to the unwilling."""
    silent = conversation.mode == Mode.PAUSED or person_is_talking(conversation, now)
    contact = session.get_one(Contact, contact_id)
    return not silent and contact.opted_out_at is None and bool(contact.number)


def _conversation(room: ReminderRoom, session: Session, contact_id: int, now: datetime) -> Conversation:
    """Where the customer wrote last; a new one on our connection where they never did."""
    last = (
        select(Conversation.channel)
        .where(Conversation.contact_id == contact_id)
        .order_by(col(Conversation.last_message_at).desc())
        .limit(1)
    )
    channel = session.exec(last).first() or room.channel
    return conversations.lock_conversation(session, contact_id=contact_id, channel=channel, now=now)


def _put(
    session: Session, conversation: Conversation, contact_id: int, text: str, due: Due, now: datetime
) -> OutboxItem:
    return outbox.place_bubble(
        session,
        conversation,
        text,
        number=session.get_one(Contact, contact_id).number,
        correlation_id=uuid_utils.compat.uuid7(),
        now=now,
        purpose=Purpose.REMINDER,
        expires_at=due.until,
    )


def _is_allowed(rules: ReminderRules, now: datetime, card: BusinessCard) -> bool:
    local = now.astimezone(card.identity.timezone).time()
    return rules.between.opens <= local < rules.between.closes


def _before_night(rules: ReminderRules, at: datetime, zone: ZoneInfo) -> datetime:
    """Move a moment outside the allowed hours to the nearest allowed one before it."""
    local = at.astimezone(zone)
    if rules.between.opens <= local.time() < rules.between.closes:
        return at
    day = local.date() if local.time() >= rules.between.closes else local.date() - timedelta(days=1)
    return (datetime.combine(day, rules.between.closes, tzinfo=zone) - BEFORE_NIGHT).astimezone(at.tzinfo)
