"""Adds to the audit inside the caller's transaction, and reads it back; what is noted was done, or nothing was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from secretaria.audit.models import AuditEntry
from secretaria.database.transaction import transaction
from secretaria.privacy import mask_fields, mask_text

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and from where.

    Attributes:
        name: The account.
        origin: ``cli``, ``panel`` or ``system``.
        place: Machine or address.
    """

    name: str
    origin: str
    place: str

    @property
    def signature(self) -> str:
        """As other tables name them: with the machine where they type there, the name alone where they use the panel."""
        return f"{self.name}@{self.place}" if self.origin == "cli" and self.place else self.name


SYSTEM = Actor("secretaria", "system", "")


def note(
    session: Session,
    actor: Actor,
    action: str,
    target: str,
    *,
    at: datetime,
    subject: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add one entry; it is kept if the caller's transaction is.

    Args:
        session: The transaction of the change itself.
        actor: Who acts.
        action: What was done, for instance ``queue.dropped``.
        target: Which thing; masked before it is kept.
        at: The present moment.
        subject: ``keyed_hash`` of the identity key of the person it is about.
        before: What stood there; masked, and sensitive names left out.
        after: What stands there now; the same.
    """
    entry = AuditEntry(
        at=at,
        actor=mask_text(actor.name)[:LONGEST],
        origin=actor.origin,
        place=actor.place[:LONGEST],
        action=action,
        target=mask_text(target)[:LONGEST],
        subject=subject,
        before=None if before is None else mask_fields(before),
        after=None if after is None else mask_fields(after),
    )
    session.add(entry)
    session.flush()


def note_alone(engine: Engine, actor: Actor, action: str, target: str, *, at: datetime, **told: Any) -> None:  # noqa: ANN401  # what note takes
    """Add one entry in a transaction of its own, for what changes nothing in the database: a look, a file.

    Raises:
        DatabaseUnavailable: PostgreSQL is away; then what was to be noted must not be done.
    """
    with transaction(engine) as session:
        note(session, actor, action, target, at=at, **told)


def read_trail(
    engine: Engine,
    *,
    since: datetime | None = None,
    actor: str | None = None,
    action: str | None = None,
    subject: str | None = None,
    limit: int = 100,
) -> list[AuditEntry]:
    """Return the newest entries first.

    Args:
        engine: The database.
        since: Only from this moment on.
        actor: Only of accounts that begin so.
        action: Only actions that begin so, for instance ``queue``.
        subject: Only about this person.
        limit: How many at most.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    asked = select(AuditEntry).order_by(col(AuditEntry.id).desc()).limit(limit)
    if since is not None:
        asked = asked.where(col(AuditEntry.at) >= since)
    if actor:
        asked = asked.where(col(AuditEntry.actor).startswith(actor, autoescape=True))
    if action:
        asked = asked.where(col(AuditEntry.action).startswith(action, autoescape=True))
    if subject:
        asked = asked.where(col(AuditEntry.subject) == subject)
    with transaction(engine) as session:
        return list(session.exec(asked).all())
