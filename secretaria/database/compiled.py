"""Statements that SQLAlchemy writes once, PostgreSQL plans once a connection and psycopg2 sends: those that each message needs.

Written and planned anew they cost more than they do: side by side in one thread a statement costs 0.05 ms of processor here
instead of 0.2 ms through a session, and a tenth of a millisecond in PostgreSQL instead of one. Whoever stands between us and
PostgreSQL must keep a session together (PgBouncer: ``pool_mode = session``).
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping
from typing import Any

import psycopg2
from psycopg2.extras import NamedTupleCursor
from sqlalchemy import Connection, Executable, text
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement
from sqlmodel import Session

from secretaria.database.spent import note_statement

DIALECT = PGDialect_psycopg2()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
VALUE = re.compile(r"%\((\w+)\)s")
PREPARED = "secretaria_prepared"
NAME_LENGTH = 16


class CompiledStatement:
    """A statement with named values, as it goes over the wire.

    Rows are named tuples, with their columns as psycopg2 reads them. Values go as they are given: what SQLAlchemy's
    types would turn into something else (JSON) is turned by the caller. PostgreSQL must see of each value's place what
    type it has, or be told by a CAST. Errors are SQLAlchemy's, without values.

    Attributes:
        sql: In psycopg2's way of naming values.
        prepare: What makes it known to a connection; empty where it is planned each time.
        execute: What sends it with its values.
    """

    def __init__(self, statement: Executable | str, *, savepoint: str = "", skewed: bool = False) -> None:
        """Write a statement down.

        Args:
            statement: As text with ``:names``, or of SQLAlchemy's expressions; lists whose length changes are given as arrays.
            savepoint: Its name, where the statement is to stand between a savepoint and its release; its rows are lost.
            skewed: Whether its plan is to be made for its values each time, because some conversations have thousands of
                the rows of which most have a few.
        """
        written = text(statement) if isinstance(statement, str) else statement
        if not isinstance(written, ClauseElement):
            raise TypeError(type(written))
        compiled = written.compile(dialect=DIALECT)
        fixed = {name: value for name, value in compiled.params.items() if value is not None}
        # What is always the same is told: a plan for any state cannot use an index of some, nor for any limit a short one.
        self.sql = VALUE.sub(lambda found: _written(fixed[found[1]]) if found[1] in fixed else found[0], str(compiled))
        if "POSTCOMPILE" in self.sql:
            raise ValueError("a list of changing length is given as an array")
        self._name = f"s{hashlib.blake2s(self.sql.encode()).hexdigest()[:NAME_LENGTH]}"
        places = {name: place for place, name in enumerate(dict.fromkeys(VALUE.findall(self.sql)), start=1)}
        numbered = VALUE.sub(lambda found: f"${places[found[1]]}", self.sql)
        self.prepare = "" if skewed else f"PREPARE {self._name} AS {numbered.replace('%%', '%')}"
        given = f" ({', '.join(f'%({name})s' for name in places)})" if places else ""
        self.execute = self.sql if skewed else f"EXECUTE {self._name}{given}"
        self._around = f"SAVEPOINT {savepoint}; %s; RELEASE SAVEPOINT {savepoint}" if savepoint else "%s"
        self._whole = self._around.replace("%s", self.execute, 1)

    def all(self, where: Session | Connection, values: Mapping[str, object]) -> list[Any]:
        """Return all rows."""
        with self.sent(where, values) as cursor:
            rows: list[Any] = cursor.fetchall()
            return rows

    def first(self, where: Session | Connection, values: Mapping[str, object]) -> Any:  # noqa: ANN401  # columns differ
        """Return the first row; None where there is none."""
        with self.sent(where, values) as cursor:
            return cursor.fetchone()

    def one(self, where: Session | Connection, values: Mapping[str, object]) -> Any:  # noqa: ANN401  # columns differ
        """Return the row.

        Raises:
            LookupError: There is none.
        """
        row = self.first(where, values)
        if row is None:
            raise LookupError("the statement gave no row")
        return row

    def run(self, where: Session | Connection, values: Mapping[str, object]) -> None:
        """Send it; its rows, if there are any, are not read."""
        self.sent(where, values).close()

    def sent(self, where: Session | Connection, values: Mapping[str, object]) -> NamedTupleCursor:
        """Send it, and return the cursor that has its rows."""
        connection = where.connection() if isinstance(where, Session) else where
        cursor: NamedTupleCursor = connection.connection.cursor(cursor_factory=NamedTupleCursor)
        begun = time.perf_counter()
        try:
            self.send(cursor, connection, values)
        except psycopg2.Error as error:
            if cursor.connection.closed:  # SQLAlchemy sees it too then, and lets go of all that the pool has
                connection.exec_driver_sql("SELECT 1")
            cursor.close()
            raise DBAPIError.instance(
                self.sql, None, error, psycopg2.Error, hide_parameters=True, dialect=DIALECT
            ) from error
        note_statement(time.perf_counter() - begun)
        return cursor

    def send(self, cursor: Any, connection: Connection, values: Mapping[str, object]) -> None:  # noqa: ANN401  # psycopg2 ships no types
        """Send it on a cursor of the driver's own; its errors are the driver's.

        Args:
            cursor: Of any kind; it has the rows then.
            connection: Whose cursor it is.
            values: By name.
        """
        prepared: set[str] = connection.info.setdefault(PREPARED, set())
        if self.prepare and self._name not in prepared:
            cursor.execute(self._around.replace("%s", self.prepare, 1))  # what cannot be planned fails there too
            prepared.add(self._name)
        cursor.execute(self._whole, values)


def _written(value: object) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''").replace("%", "%%") + "'"
    raise TypeError(type(value))
