"""The queries over attendants; the caller holds the transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from secretaria.attendants.models import Attendant
from secretaria.attendants.roles import Role


def find_attendant(session: Session, login: str) -> Attendant | None:
    """Return the attendant of a login, however it was typed."""
    return session.exec(select(Attendant).where(Attendant.login == fold_login(login))).first()


def lock_attendant(session: Session, login: str) -> Attendant | None:
    """Return the attendant of a login, locked until the transaction ends."""
    return session.exec(select(Attendant).where(Attendant.login == fold_login(login)).with_for_update()).first()


def load_attendant(session: Session, attendant_id: int) -> Attendant | None:
    """Return an attendant as the database has it now."""
    statement = select(Attendant).where(Attendant.id == attendant_id)
    return session.exec(statement.execution_options(populate_existing=True)).first()


def list_attendants(session: Session) -> Sequence[Attendant]:
    """Return all attendants by login."""
    return session.exec(select(Attendant).order_by(col(Attendant.login))).all()


def lock_owners(session: Session) -> Sequence[Attendant]:
    """Return the owners who can enter, locked in one order, so that two who close each other wait instead of failing."""
    statement = select(Attendant).where(Attendant.role == Role.OWNER, col(Attendant.disabled_at).is_(None))
    return session.exec(statement.order_by(col(Attendant.id)).with_for_update()).all()


def fold_login(login: str) -> str:
    """Return a login as it is kept."""
    return login.strip().casefold()
