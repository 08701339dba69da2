"""What taking a migration back would lose: found in its operations, and counted in a database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from alembic.operations import ops
from sqlalchemy import Connection, text
from sqlalchemy.sql.elements import TextClause

from secretaria.database.raw_statements import is_single, one_line

_DELETE = re.compile(r"DELETE FROM (\w+)(?: WHERE (.+))?$", re.IGNORECASE)
_UPDATE = re.compile(r"UPDATE (\w+) SET (\w+) = (.+?)(?: WHERE (.+))?$", re.IGNORECASE)
_HARMLESS = re.compile(
    r"(DROP (TRIGGER|FUNCTION|EXTENSION|INDEX|SEQUENCE|VIEW)|CREATE|COMMENT ON|ANALYZE|SET)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Something that a way down may lose.

    Attributes:
        what: What it is, Portuguese.
        table: Whose rows are counted; empty where nobody can count.
        which: The condition of the rows that would lose something.
    """

    what: str
    table: str = ""
    which: str = "true"


@dataclass(frozen=True, slots=True)
class Loss:
    """What a way down loses in one database.

    Attributes:
        what: What it is, Portuguese.
        rows: In how many rows; None where nobody can count.
    """

    what: str
    rows: int | None


def costs_of(down: Sequence[ops.MigrateOperation], up: Sequence[ops.MigrateOperation]) -> Iterator[Cost]:
    """Yield what the operations of a way down may lose.

    Args:
        down: The way down.
        up: The way up, which tells what a column holds where nobody wrote to it.
    """
    defaults = {
        (operation.table_name, operation.column.name): _literal(operation)
        for operation in up
        if isinstance(operation, ops.AddColumnOp)
    }
    for operation in down:
        match operation:
            case ops.DropTableOp(table_name=table):
                yield Cost(f"as linhas da tabela {table}", table)
            case ops.DropColumnOp(table_name=table, column_name=column):
                yield _of_column(table, column, defaults.get((table, column)))
            case ops.AlterColumnOp(table_name=table, column_name=column):
                yield from _of_change(operation, table, column)
            case ops.CreateCheckConstraintOp(table_name=table, condition=condition, constraint_name=name):
                yield Cost(f"linhas de {table} que {name} não aceita", table, f"NOT ({condition})")
            case ops.ExecuteSQLOp(sqltext=statement):
                yield from _of_statement(one_line(str(statement)))
            case ops.RenameTableOp() | ops.BulkInsertOp():
                yield Cost(f"o que {type(operation).__name__} muda")


def count_losses(connection: Connection, costs: Iterable[Cost]) -> list[Loss]:
    """Count what would be lost in a database; what is empty, or was never written to, is no loss.

    Args:
        connection: To the database, at the schema from which the way down begins.
        costs: What may be lost.
    """
    found = []
    for cost in costs:
        if not cost.table:
            found.append(Loss(cost.what, None))
            continue
        counting = f'SELECT count(*) FROM "{cost.table}" WHERE {cost.which}'  # noqa: S608  # from our own migrations
        if rows := connection.execute(text(counting.replace(":", r"\:"))).scalar_one():
            found.append(Loss(cost.what, rows))
    return found


def lock_tables(connection: Connection, costs: Iterable[Cost]) -> None:
    """Let nobody write between the counting and the way down; until the end of the transaction."""
    if tables := sorted({f'"{cost.table}"' for cost in costs if cost.table}):
        connection.execute(text(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE"))


def _of_column(table: str, column: str, default: str | None) -> Cost:
    written = f'"{column}" IS NOT NULL' + (f' AND "{column}"::text IS DISTINCT FROM {default}' if default else "")
    return Cost(f"o que está em {table}.{column}", table, written)


def _of_change(operation: ops.AlterColumnOp, table: str, column: str) -> Iterator[Cost]:
    if operation.modify_type is not None or operation.modify_name is not None:
        yield Cost(f"o que {table}.{column} só guarda na forma nova")
    elif operation.modify_nullable is False:
        yield Cost(f"linhas de {table} sem {column}", table, f'"{column}" IS NULL')


def _of_statement(statement: str) -> Iterator[Cost]:
    if (deleted := _DELETE.match(statement)) and is_single(statement):
        yield Cost(f"linhas de {deleted[1]}", deleted[1], deleted[2] or "true")
    elif (changed := _UPDATE.match(statement)) and is_single(statement):
        table, column, value, which = changed.groups()
        if value.upper() == "NULL":
            value = "NULL::text"
        yield Cost(f"valores de {table}.{column}", table, which or f'"{column}"::text IS DISTINCT FROM {value}')
    elif not (is_single(statement) and _HARMLESS.match(statement)):
        yield Cost(f"o que faz: {statement[:60]}")


def _literal(operation: ops.AddColumnOp) -> str | None:
    """Return the default of a column where it is a plain value, as SQL."""
    given = operation.column.server_default
    argument = getattr(given, "arg", None)
    if isinstance(argument, TextClause):
        argument = argument.text.strip("'") if re.fullmatch(r"'[^']*'|\w+", argument.text) else None
    return None if not isinstance(argument, str) else "'" + argument.replace("'", "''") + "'"
