"""What must be said at Whaticket, and every attempt at saying it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from secretaria.database.columns import MOMENT, one_of


class ItemState(StrEnum):
    """Where a send stands; the database refuses the changes that the delivery protocol does not draw."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    UNCONFIRMED = "unconfirmed"
    HELD = "held"
    SUPERSEDED = "superseded"
    DEAD = "dead"


class Kind(StrEnum):
    """What is to be done at Whaticket."""

    BUBBLE = "bubble"
    TRANSFER = "transfer"


class Purpose(StrEnum):
    """Why it is done: an answer of the secretary, a reminder that nobody asked for at this moment, a person's own word."""

    REPLY = "reply"
    REMINDER = "reminder"
    ATTENDANT = "attendant"


class OutboxItem(SQLModel, table=True):
    """One thing to be done at Whaticket: a bubble to deliver, or a ticket to hand to people.

    Attributes:
        turn_id: The turn it answers; none for a reminder and for a person's word.
        message_id: The bubble in the conversation; none for a transfer.
        purpose: A reminder in doubt is never sent again, and a person's word alone does not drop it; nothing drops that.
        expires_at: When it has become useless and is dropped unsent; None for never.
        inbound_seq: The newest customer message the reply knew of; a later bubble does not outlive a newer one.
        looks: Times Whaticket was asked whether an unconfirmed bubble is there.
        look_at: When to ask next.
        confirmed_by: How a doubt ended well: ``readback``, ``echo`` or ``operator``.
        position: Order of the bubble in its turn.
        number: The digits exactly as received from the customer.
        attempts: Sends begun whose outcome counts.
        not_before: When it may be tried.
        lease_token: Fencing token of the attempt in flight.
        reason: Code of the last failure.
    """

    __tablename__ = "outbox_item"
    __table_args__ = (
        UniqueConstraint("turn_id", "position", name="outbox_item_of_turn"),
        Index(
            "outbox_item_one_in_flight",
            "conversation_id",
            unique=True,
            postgresql_where=text("state IN ('sending', 'unconfirmed')"),
        ),
        Index("outbox_item_to_send", "not_before", postgresql_where=text("state = 'pending'")),
        Index("outbox_item_open", "lease_until", postgresql_where=text("state IN ('sending', 'unconfirmed')")),
        Index("outbox_item_for_a_person", "created_at", postgresql_where=text("state IN ('held', 'dead')")),
        Index("outbox_item_of_conversation", "conversation_id", "id"),
        Index("outbox_item_in_doubt", "message_id", postgresql_where=text("state IN ('unconfirmed', 'held')")),
        Index("outbox_item_body", "created_at", postgresql_where=text("body <> ''")),
        one_of("state", ItemState),
        one_of("kind", Kind),
        one_of("purpose", Purpose),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    conversation_id: int = Field(foreign_key="conversation.id", sa_type=BigInteger)
    turn_id: int | None = Field(default=None, foreign_key="turn.id", sa_type=BigInteger)
    message_id: int | None = Field(default=None, foreign_key="message.id", sa_type=BigInteger)
    kind: str = Kind.BUBBLE
    purpose: str = Purpose.REPLY
    inbound_seq: int = 0
    correlation_id: UUID
    position: int
    number: str
    body: str
    state: str = ItemState.PENDING
    attempts: int = 0
    not_before: datetime = Field(sa_type=MOMENT)
    expires_at: datetime | None = Field(default=None, sa_type=MOMENT)
    lease_token: int = Field(default=0, sa_type=BigInteger)
    lease_until: datetime | None = Field(default=None, sa_type=MOMENT)
    reason: str | None = None
    looks: int = 0
    look_at: datetime | None = Field(default=None, sa_type=MOMENT)
    confirmed_by: str | None = None
    provider_message_id: str | None = None
    created_at: datetime = Field(sa_type=MOMENT)
    nudged_at: datetime | None = Field(default=None, sa_type=MOMENT)
    sent_at: datetime | None = Field(default=None, sa_type=MOMENT)


class DeliveryAttempt(SQLModel, table=True):
    """One try at one item.

    Attributes:
        outcome: What Whaticket's answer means (gateway outcome), empty while it is in flight.
        status: HTTP status, where one came.
        error: Short code of the failure, never content.
    """

    __tablename__ = "delivery_attempt"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    item_id: int = Field(foreign_key="outbox_item.id", sa_type=BigInteger, index=True)
    started_at: datetime = Field(sa_type=MOMENT)
    ended_at: datetime | None = Field(default=None, sa_type=MOMENT)
    outcome: str = ""
    status: int | None = None
    error: str = ""


class OutboxLog(SQLModel, table=True):
    """Every change of state of an item, written by the database itself."""

    __tablename__ = "outbox_log"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    item_id: int = Field(foreign_key="outbox_item.id", sa_type=BigInteger, index=True)
    from_state: str
    to_state: str
    reason: str | None = None
    at: datetime = Field(sa_type=MOMENT)
