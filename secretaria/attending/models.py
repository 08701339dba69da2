"""What the team keeps for itself: notes beside a conversation, and answers that are typed every day."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from secretaria.database.columns import MOMENT


class InternalNote(SQLModel, table=True):
    """What one of the team tells the others about a conversation; no customer and no model ever sees it.

    Attributes:
        author: The account of whoever wrote it.
        request_id: What makes it the same note when it is asked for twice.
    """

    __tablename__ = "internal_note"
    __table_args__ = (UniqueConstraint("request_id", name="internal_note_once"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    conversation_id: int = Field(foreign_key="conversation.id", sa_type=BigInteger, index=True)
    author: str
    text: str
    request_id: str | None = None
    created_at: datetime = Field(sa_type=MOMENT)


class QuickAnswer(SQLModel, table=True):
    """A text that the team sends often, under a short name."""

    __tablename__ = "quick_answer"
    __table_args__ = (UniqueConstraint("name", name="quick_answer_name"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    name: str
    text: str
    changed_by: str
    changed_at: datetime = Field(sa_type=MOMENT)
