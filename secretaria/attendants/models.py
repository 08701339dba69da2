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
