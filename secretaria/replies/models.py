"""What was decided in a turn, everything needed to answer 'why did it say that?', and everything needed to answer it again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

import secretaria.conversations.models
import secretaria.knowledge.models  # noqa: F401  # the tables that those of this module refer to
from secretaria.database.columns import MOMENT, one_of

ORIGINS = ("model", "fallback", "notice")
EMPTY_LIST = {"server_default": "[]"}  # the version before does not write these columns


class Reply(SQLModel, table=True):
    """One decision a turn: the analysis, the bubbles and the receipts.

    Attributes:
        origin: ``model``; ``fallback`` when no usable draft came and the honest sentence was said; ``notice`` when a
            waiting customer was told that a person will answer.
        satisfaction: ``satisfied`` or ``unsatisfied`` where the customer expressed it.
        analysis_source: ``model`` where the model labelled the turn; None where it was down, so that nothing is known.
        tool: The call and its result, as the model asked and was told: ``{"call": {}, "result": {}}``.
        actions: What was done for the customer, for instance ``booked``.
        memory: The proposals with the verdict on each.
        checks: Verdict by check, for instance ``{"length": "cut"}``.
        handoff_by: Who asked for a person: ``model``, or the rule of ours that did.
        calls: How often the model was asked.
        cost_micros: What its calls cost in micro-dollars, by the price list; None where nobody counted.
        regenerations: How often it was told what was wrong with what it would have said.
        llm_seconds: Time spent in the model's calls of this turn.
        steps: Seconds by step, for instance ``{"draft": 1.2, "tool": 0.1}``.
    """

    __tablename__ = "reply"
    __table_args__ = (
        UniqueConstraint("turn_id", name="reply_of_turn"),
        Index("reply_words", "created_at", postgresql_where=text("json_array_length(bubbles) > 0")),
        Index("reply_satisfaction", "created_at", postgresql_where=text("satisfaction IS NOT NULL")),
        one_of("origin", ORIGINS),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    turn_id: int = Field(foreign_key="turn.id", sa_type=BigInteger)
    conversation_id: int = Field(foreign_key="conversation.id", sa_type=BigInteger, index=True)
    origin: str
    intention: str | None = None
    extra_intentions: list[str] = Field(default_factory=list, sa_type=JSON, sa_column_kwargs=EMPTY_LIST)
    sentiment: int | None = None
    urgent: bool | None = None
    language: str | None = None
    analysis_source: str | None = None
    satisfaction: str | None = None
    asked: str | None = None
    answerable: str | None = None
    tool: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    actions: list[str] = Field(default_factory=list, sa_type=JSON, sa_column_kwargs=EMPTY_LIST)
    memory: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON, sa_column_kwargs=EMPTY_LIST)
    sources: list[str] = Field(default_factory=list, sa_type=JSON)
    handoff_reason: str | None = None
    handoff_brief: str | None = None
    handoff_by: str | None = None
    bubbles: list[str] = Field(default_factory=list, sa_type=JSON)
    checks: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    model: str | None = None
    prompt_version: str | None = None
    business_version: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_micros: int | None = Field(default=None, sa_type=BigInteger)
    calls: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    regenerations: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    llm_seconds: float | None = None
    steps: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, sa_column_kwargs={"server_default": "{}"})
    created_at: datetime = Field(sa_type=MOMENT, index=True)


class Recording(SQLModel, table=True):
    """What a turn was answered from and what the model wrote, so that it can be answered again; gone after its days.

    Attributes:
        business_version_id: The published version it was answered from; None where it came from no database.
        economy: The rung of the budget's ladder it was drafted on; empty for the usual effort.
        told: The turn's context but for the business, which is kept as a version.
        found: Sources of the units that search had chosen, best first.
        sought: Sources of those a second search brought.
        answers: The raw answer of each call, in order, or why there was none.
        tool: The call and what it brought, or None.
        decision: What came of it.
        kept_at: When somebody kept it as a case for evaluations; None for all others.
        kept_by: Who did.
        expected: What should come of it, where it was kept as a case.
    """

    __tablename__ = "recording"
    __table_args__ = (
        UniqueConstraint("turn_id", name="recording_of_turn"),
        Index("recording_kept", "id", postgresql_where=text("kept_at IS NOT NULL")),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    turn_id: int = Field(foreign_key="turn.id", sa_type=BigInteger)
    conversation_id: int = Field(foreign_key="conversation.id", sa_type=BigInteger, index=True)
    business_version_id: int | None = Field(default=None, foreign_key="business_version.id", sa_type=BigInteger)
    business_version: str
    prompt_version: str
    economy: str = ""
    told: dict[str, Any] = Field(sa_type=JSON)
    found: list[str] = Field(sa_type=JSON)
    sought: list[str] = Field(sa_type=JSON)
    answers: list[dict[str, Any]] = Field(sa_type=JSON)
    tool: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    decision: dict[str, Any] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=MOMENT, index=True)
    kept_at: datetime | None = Field(default=None, sa_type=MOMENT)
    kept_by: str | None = None
    expected: dict[str, Any] | None = Field(default=None, sa_type=JSON)
