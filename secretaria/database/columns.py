"""The column shapes that every table shares: aware times, big identities, closed sets of states, words to be found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, DateTime, Index, func, literal, literal_column, text

MOMENT = DateTime(timezone=True)
ACCENTED, PLAIN = "áàâãäéèêëíìîïóòôõöúùûüçñ", "aaaaaeeeeiiiiooooouuuucn"
FOLDED = (ACCENTED + ACCENTED.upper(), 2 * PLAIN)  # a database of locale C leaves the case of accented letters


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """Return a constraint that closes a text column to a set of values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def folded(column: Any) -> Any:  # noqa: ANN401  # a column of SQLAlchemy
    """Return a text column without accents and case, as ``fold`` does here, without an extension of PostgreSQL."""
    return func.translate(func.lower(func.coalesce(column, "")), *map(literal, FOLDED))


def words_index(name: str, column: str, *, where: str = "") -> Index:
    """Return an index by which any part of a folded text is found.

    Args:
        name: Of the index.
        column: A text column.
        where: Which rows have one; empty for all.
    """
    expression: ColumnElement[str] = literal_column(
        f"translate(lower(coalesce({column}, '')), '{FOLDED[0]}', '{FOLDED[1]}')"
    )
    return Index(
        name,
        expression.label("words"),
        postgresql_using="gin",
        postgresql_ops={"words": "gin_trgm_ops"},
        postgresql_where=text(where) if where else None,
    )
