"""What is open, booked, offered and reminded, as it rests in PostgreSQL; two bookings of one seat cannot be stored."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, UniqueConstraint, func, literal_column, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlmodel import Field, SQLModel

from secretaria.database.columns import MOMENT, one_of

CODES = "booking_code"  # the sequence that codes are drawn from
LIVE = text("state <> 'cancelled'")


class BookingState(StrEnum):
    """Where a booking stands."""

    BOOKED = "booked"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class Action(StrEnum):
    """What can be done to a booking."""

    BOOK = "book"
    MOVE = "move"
    CANCEL = "cancel"
    CONFIRM = "confirm"


class Source(StrEnum):
    """Where a booking came from."""

    SECRETARY = "secretary"
    OPERATOR = "operator"
    IMPORT = "import"


class AgendaSlot(SQLModel, table=True):
    """A free moment that the business listed itself, imported from the agenda it keeps elsewhere.

    Attributes:
        uid: What makes it the same slot when it is imported again.
    """

    __tablename__ = "agenda_slot"
    __table_args__ = (
        UniqueConstraint("uid", name="agenda_slot_once"),
        Index("agenda_slot_of_unit", "unit", "starts_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    uid: str
    unit: str
    starts_at: datetime = Field(sa_type=MOMENT)
    created_at: datetime = Field(sa_type=MOMENT)


class Booking(SQLModel, table=True):
    """One appointment.

    Attributes:
        code: What people call it, ``A-2041``.
        contact_id: Whose it is; none where an import knew no number.
        person: Who comes, where a name was given.
        lane: Which of the seats of the unit it takes; two of one lane may not overlap.
        slot_id: The listed slot that it fills, where it fills one.
        uid: What makes it the same booking when it is imported again.
        arranged_at: When it got its present time; no reminder from before that is owed.
    """

    __tablename__ = "booking"
    __table_args__ = (
        UniqueConstraint("code", name="booking_code_once"),
        UniqueConstraint("uid", name="booking_uid_once"),
        Index("booking_slot_once", "slot_id", unique=True, postgresql_where=LIVE),
        Index("booking_of_contact", "contact_id", "starts_at"),
        Index("booking_ahead", "starts_at", postgresql_where=LIVE),
        ExcludeConstraint(
            (literal_column("unit"), "="),
            (literal_column("lane"), "="),
            (func.tstzrange(literal_column("starts_at"), literal_column("ends_at")), "&&"),
            name="booking_one_a_seat",
            using="gist",
            where=LIVE,
        ),
        CheckConstraint("ends_at > starts_at", name="booking_has_length"),
        one_of("state", BookingState),
        one_of("source", Source),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    code: str
    contact_id: int | None = Field(default=None, foreign_key="contact.id", sa_type=BigInteger)
    person: str | None = None
    kind: str
    unit: str
    starts_at: datetime = Field(sa_type=MOMENT)
    ends_at: datetime = Field(sa_type=MOMENT)
    lane: int = 0
    slot_id: int | None = Field(default=None, foreign_key="agenda_slot.id", sa_type=BigInteger)
    state: str = BookingState.BOOKED
    source: str
    uid: str | None = None
    arranged_at: datetime = Field(sa_type=MOMENT)
    created_at: datetime = Field(sa_type=MOMENT)


class BookingChange(SQLModel, table=True):
    """One thing that was done to a booking; rows are only added, the database refuses to change one.

    Attributes:
        turn_id: The turn that did it; one turn does one thing at most.
        by: ``secretary``, ``import``, or the operator's account.
    """

    __tablename__ = "booking_change"
    __table_args__ = (
        UniqueConstraint("turn_id", name="booking_change_once_a_turn"),
        one_of("action", Action),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    booking_id: int = Field(foreign_key="booking.id", sa_type=BigInteger, index=True)
    turn_id: int | None = Field(default=None, foreign_key="turn.id", sa_type=BigInteger)
    action: str
    by: str
    unit: str
    starts_at: datetime = Field(sa_type=MOMENT)
    moved_from: datetime | None = Field(default=None, sa_type=MOMENT)
    at: datetime = Field(sa_type=MOMENT)


class Offer(SQLModel, table=True):
    """The changes that one reply put to a customer; the next turns may choose one of the newest set.

    Attributes:
        changes: Each as ``secretaria.agenda.offers`` writes it, complete: what is chosen is done as it stands here.
    """

    __tablename__ = "agenda_offer"
    __table_args__ = (
        UniqueConstraint("turn_id", name="agenda_offer_of_turn"),
        Index("agenda_offer_newest", "conversation_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    conversation_id: int = Field(foreign_key="conversation.id", sa_type=BigInteger)
    contact_id: int = Field(foreign_key="contact.id", sa_type=BigInteger, index=True)
    turn_id: int = Field(foreign_key="turn.id", sa_type=BigInteger)
    changes: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    made_at: datetime = Field(sa_type=MOMENT)
    expires_at: datetime = Field(sa_type=MOMENT)


class Reminder(SQLModel, table=True):
    """One reminder that was put in the outbox, in the same transaction: the key is what makes it go once."""

    __tablename__ = "reminder"
    __table_args__ = (UniqueConstraint("booking_id", "starts_at", "lead_minutes", name="reminder_once"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    booking_id: int = Field(foreign_key="booking.id", sa_type=BigInteger)
    starts_at: datetime = Field(sa_type=MOMENT)
    lead_minutes: int
    item_id: int | None = Field(default=None, foreign_key="outbox_item.id", sa_type=BigInteger)
    placed_at: datetime = Field(sa_type=MOMENT)
