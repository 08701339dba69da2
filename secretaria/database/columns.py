"""The column shapes that every table shares: aware times, big identities, closed sets of states."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import CheckConstraint, DateTime

MOMENT = DateTime(timezone=True)


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """Return a constraint that closes a text column to a set of values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")
