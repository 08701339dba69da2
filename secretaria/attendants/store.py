"""The queries over attendants; the caller holds the transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, delete, or_, select, update

from secretaria.attendants.models import Attendant, RecoveryCode
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


def take_step(session: Session, attendant: Attendant, step: int) -> bool:
    """Use up the code of a step, and with it those before; of two at once only one is told that it did."""
    fresh = or_(col(Attendant.last_step).is_(None), col(Attendant.last_step) < step)
    taken = (
        update(Attendant)
        .where(col(Attendant.id) == attendant.id, col(Attendant.second_step) == attendant.second_step, fresh)
        .values(last_step=step)
        .returning(col(Attendant.id))
    )
    return session.exec(taken).first() is not None


def take_recovery_code(session: Session, attendant: Attendant, code_hash: str) -> bool:
    """Use up a recovery code; of two at once only one is told that it did."""
    taken = (
        delete(RecoveryCode)
        .where(col(RecoveryCode.attendant_id) == attendant.id, col(RecoveryCode.code_hash) == code_hash)
        .returning(col(RecoveryCode.attendant_id))
    )
    return session.exec(taken).first() is not None


def replace_recovery_codes(session: Session, attendant: Attendant, hashes: Sequence[str]) -> None:
    """Keep these recovery codes of an attendant, and no others."""
    session.exec(delete(RecoveryCode).where(col(RecoveryCode.attendant_id) == attendant.id))
    session.add_all(RecoveryCode(attendant_id=attendant.id or 0, code_hash=one) for one in hashes)


def fold_login(login: str) -> str:
    """Return a login as it is kept."""
    return login.strip().casefold()
