"""What was decided in a turn, before it is a row: making one of SQLModel's costs a millisecond, and every turn makes one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Decided:
    """One decision, on its way to the table of replies; the attributes are those of ``replies.models.Reply``."""

    turn_id: int
    conversation_id: int
    origin: str
    created_at: datetime
    intention: str | None = None
    extra_intentions: list[str] = field(default_factory=list)
    sentiment: int | None = None
    urgent: bool | None = None
    language: str | None = None
    analysis_source: str | None = None
    satisfaction: str | None = None
    asked: str | None = None
    answerable: str | None = None
    tool: dict[str, Any] | None = None
    actions: list[str] = field(default_factory=list)
    memory: list[dict[str, Any]] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    handoff_reason: str | None = None
    handoff_brief: str | None = None
    handoff_by: str | None = None
    bubbles: list[str] = field(default_factory=list)
    checks: dict[str, Any] = field(default_factory=dict)
    model: str | None = None
    prompt_version: str | None = None
    business_version: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_micros: int | None = None
    calls: int = 0
    regenerations: int = 0
    llm_seconds: float | None = None
    steps: dict[str, Any] = field(default_factory=dict)
