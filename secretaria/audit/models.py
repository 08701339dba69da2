"""The audit as it rests in PostgreSQL; a trigger refuses to change a row, or to remove one of the last half year."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field, SQLModel

from secretaria.database.columns import MOMENT


class AuditEntry(SQLModel, table=True):
    """One change, one denied attempt, or one look at what is otherwise hidden.

    Attributes:
        actor: The account: of the machine for a command, of the panel for an attendant, ``secretaria`` for the schedule.
        origin: ``cli``, ``panel`` or ``system``.
        place: Machine or address it came from.
        action: What was done, a past participle with its room, for instance ``queue.dropped``.
        target: Which thing, without personal data.
        subject: Keyed hash of the person it was about, where there is one.
        before: What stood there, as far as it may be shown.
        after: What stands there now.
    """

    __tablename__ = "audit_entry"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    at: datetime = Field(sa_type=MOMENT, index=True)
    actor: str
    origin: str
    place: str
    action: str = Field(index=True)
    target: str
    subject: str | None = Field(default=None, index=True)
    before: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    after: dict[str, Any] | None = Field(default=None, sa_type=JSON)
