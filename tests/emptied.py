"""Empties the migrated database between two tests."""

from __future__ import annotations

from sqlalchemy import Engine, text
from sqlmodel import SQLModel

WRITTEN = "SELECT relname FROM pg_class WHERE relname = ANY(:names) AND relkind = 'r' AND pg_relation_size(oid) > 0"
NUMBERS_ANEW = (
    "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) "
    "FROM pg_sequences WHERE last_value IS NOT NULL"
)


def empty(database: Engine) -> None:
    """Empty the tables that were written to, and let numbers that were given begin anew.

    To truncate all of them, each with its indexes and its sequence, took longer than most tests.
    """
    names = [table.name for table in SQLModel.metadata.sorted_tables]
    with database.begin() as connection:
        written = connection.scalars(text(WRITTEN), {"names": names}).all()
        if written:
            connection.execute(text(f"TRUNCATE {', '.join(written)} CASCADE"))
        connection.execute(text(NUMBERS_ANEW))
