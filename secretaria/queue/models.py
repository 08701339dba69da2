"""Which queues an operator has stopped, and which daily chores have run."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from secretaria.database.columns import MOMENT


class QueuePause(SQLModel, table=True):
    """A queue whose rows wait until it is resumed; in PostgreSQL, so that losing Redis does not start it again."""

    __tablename__ = "queue_pause"

    queue: str = Field(primary_key=True)
    paused_at: datetime = Field(sa_type=MOMENT)
    paused_by: str


class ChoreRun(SQLModel, table=True):
    """A daily chore on its day: the row elects the one worker that does it."""

    __tablename__ = "chore_run"

    name: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    begun_at: datetime = Field(sa_type=MOMENT)
    ended_at: datetime | None = Field(default=None, sa_type=MOMENT)
    done: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
