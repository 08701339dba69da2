"""When a chore was last done: the daily retention, a copy, the proof of one."""

from __future__ import annotations

from sqlmodel import Session, col, select

from secretaria.queue.models import ChoreRun

RETENTION, BACKUP, BACKUP_VERIFIED = "retention", "backup", "backup_verified"


def last_chore(session: Session, name: str) -> ChoreRun | None:
    """Return the newest run of a chore that came to its end; None where there is none."""
    ended = select(ChoreRun).where(ChoreRun.name == name, col(ChoreRun.ended_at).is_not(None))
    return session.exec(ended.order_by(col(ChoreRun.day).desc()).limit(1)).first()
