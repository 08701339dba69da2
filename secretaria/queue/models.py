"""Which queues an operator has stopped."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from secretaria.database.columns import MOMENT


class QueuePause(SQLModel, table=True):
    """A queue whose rows wait until it is resumed; in PostgreSQL, so that losing Redis does not start it again."""

    __tablename__ = "queue_pause"

    queue: str = Field(primary_key=True)
    paused_at: datetime = Field(sa_type=MOMENT)
    paused_by: str
