"""Attendants as they rest in PostgreSQL; their sessions live in Redis."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from secretaria.attendants.roles import Role
from secretaria.database.columns import MOMENT, one_of


class Attendant(SQLModel, table=True):
    """A person who may enter the panel.

    Attributes:
        login: What is typed to enter, lower case and without spaces around it.
        password_hash: Argon2id, in its own text form.
        version: Grows with every change of password, role or state; a session of an older one is void.
        password_expired: Whether the password was given by somebody else and must be changed at the first entry.
        disabled_at: Since when the account is closed; None while it is open.
        second_step: The sealed key of the person's application; None while the password is enough.
        last_step: The newest step of thirty seconds whose code was used.
    """

    __tablename__ = "attendant"
    __table_args__ = (UniqueConstraint("login", name="attendant_login"), one_of("role", Role))

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    login: str
    name: str
    role: str
    password_hash: str
    version: int = 1
    password_expired: bool = False
    disabled_at: datetime | None = Field(default=None, sa_type=MOMENT)
    created_at: datetime = Field(sa_type=MOMENT)
    second_step: str | None = None
    last_step: int | None = Field(default=None, sa_type=BigInteger)


class RecoveryCode(SQLModel, table=True):
    """A code that lets a person in once without the application; the row goes with its use.

    Attributes:
        code_hash: Keyed, so that whoever reads the table can try none.
    """

    __tablename__ = "recovery_code"

    attendant_id: int = Field(primary_key=True, foreign_key="attendant.id", sa_type=BigInteger)
    code_hash: str = Field(primary_key=True)
