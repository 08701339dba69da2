"""Takes rows whose nudge seems lost and writes down that they are nudged now, so that no other sweep takes them too."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, SQLModel, col
from sqlmodel.sql.expression import SelectOfScalar


def mark_nudged(
    session: Session, table: type[SQLModel], waiting: SelectOfScalar[Any], *, key: str = "id", now: datetime, limit: int
) -> list[Any]:
    """Mark rows as nudged and return their keys, in the order of the query; what another process holds is left to it.

    Args:
        session: The caller's transaction.
        table: Whose rows wait; it has a ``nudged_at``.
        waiting: Selects the keys of what waits.
        key: The column that it selects.
        now: The present moment.
        limit: How many at most.
    """
    found = list(session.exec(waiting.limit(limit).with_for_update(skip_locked=True)).all())
    if found:
        session.execute(update(table).where(col(getattr(table, key)).in_(found)).values(nudged_at=now))
    return found
