"""What the secretary decided to say in a turn, and everything needed to answer 'why did it say that?'."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from secretaria.database.columns import MOMENT, one_of

ORIGINS = ("model", "fallback", "notice")


class Reply(SQLModel, table=True):
    """One decision a turn: the analysis, the bubbles and the receipts.

    Attributes:
        origin: ``model``; ``fallback`` when no usable draft came and the honest sentence was said; ``notice`` when a
            waiting customer was told that a person will answer.
        satisfaction: ``satisfied`` or ``unsatisfied`` where the customer expressed it.
        checks: Verdict by check, for instance ``{"length": "cut"}``.
        llm_seconds: Time spent in the model's calls of this turn.
    """

    __tablename__ = "reply"
    __table_args__ = (UniqueConstraint("turn_id", name="reply_of_turn"), one_of("origin", ORIGINS))

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    turn_id: int = Field(foreign_key="turn.id", sa_type=BigInteger)
    conversation_id: int = Field(foreign_key="conversation.id", sa_type=BigInteger, index=True)
    origin: str
    intention: str | None = None
    sentiment: int | None = None
    satisfaction: str | None = None
    asked: str | None = None
    answerable: str | None = None
    sources: list[str] = Field(default_factory=list, sa_type=JSON)
    handoff_reason: str | None = None
    handoff_brief: str | None = None
    bubbles: list[str] = Field(default_factory=list, sa_type=JSON)
    checks: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    model: str | None = None
    prompt_version: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    llm_seconds: float | None = None
    created_at: datetime = Field(sa_type=MOMENT, index=True)
