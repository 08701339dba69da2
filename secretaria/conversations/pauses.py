"""The switch that silences the secretary everywhere: a row, so it is obeyed wherever a transaction looks."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from secretaria.conversations.models import SecretaryPause

SECRETARY_PAUSED = "secretary_paused"


@cache
def nobody_paused() -> ColumnElement[bool]:
    """Return the condition that the secretary may speak at all, for a statement that decides by it."""
    return ~select(SecretaryPause.scope).exists()


def pause_of_all(session: Session) -> SecretaryPause | None:
    """Return the pause in force, as the database has it now."""
    return session.exec(select(SecretaryPause).execution_options(populate_existing=True)).first()


def pause_secretary(session: Session, by: str, now: datetime) -> bool:
    """Silence the secretary in every conversation; return whether she spoke until now."""
    row = insert(SecretaryPause).values(scope="all", paused_by=by, paused_at=now).on_conflict_do_nothing()
    return session.execute(row.returning(col(SecretaryPause.scope))).first() is not None


def resume_secretary(session: Session) -> bool:
    """Let the secretary speak again; return whether she was silenced until now."""
    return session.execute(delete(SecretaryPause).returning(col(SecretaryPause.scope))).first() is not None
