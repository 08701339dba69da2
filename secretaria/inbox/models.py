"""What arrived at the webhook, kept byte for byte."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from secretaria.database.columns import MOMENT, one_of


class EventState(StrEnum):
    """Where an event stands."""

    RECEIVED = "received"
    FILED = "filed"
    IGNORED = "ignored"
    PARKED = "parked"


class InboxEvent(SQLModel, table=True):
    """One event of Whaticket; its id is the correlation id from the request to the reply.

    Attributes:
        dedupe_key: Whaticket's message id, or a mark of the raw body where there is none (contract S8).
        signature: Hex HMAC of a signed request, unique, so that a replay is known even when Redis is empty.
        body: The raw body; empty once an event is ignored for good, because nothing will read it again.
        item: Which message of a body that carries several.
        reason: Why it was ignored or parked.
    """

    __tablename__ = "inbox_event"
    __table_args__ = (
        UniqueConstraint("channel", "dedupe_key", name="inbox_event_once"),
        UniqueConstraint("signature", "item", name="inbox_event_signature_once"),
        Index("inbox_event_unfiled", "received_at", postgresql_where=text("state = 'received'")),
        Index("inbox_event_body", "received_at", postgresql_where=text("length(body) > 0")),
        Index("inbox_event_parked", "received_at", postgresql_where=text("state = 'parked'")),
        one_of("state", EventState),
    )

    id: UUID = Field(primary_key=True)
    channel: str
    dedupe_key: str
    signature: str | None = None
    item: int = 0
    state: str = EventState.RECEIVED
    reason: str | None = None
    body: bytes = Field(default=b"", sa_type=LargeBinary)
    failures: int = 0
    received_at: datetime = Field(sa_type=MOMENT)
    nudged_at: datetime | None = Field(default=None, sa_type=MOMENT)
    filed_at: datetime | None = Field(default=None, sa_type=MOMENT)


@dataclass(slots=True)  # not frozen: the door makes thousands a second, and that takes a quarter of the time
class Arrival:
    """An event on its way into its row: what the door, the spool and the statement that keeps it hand on.

    Attributes:
        id: See ``InboxEvent``, as for all others.
    """

    id: UUID
    channel: str
    dedupe_key: str
    received_at: datetime
    signature: str | None = None
    item: int = 0
    state: str = EventState.RECEIVED
    reason: str | None = None
    body: bytes = b""
