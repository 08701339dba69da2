"""What a migration means for the version before it: may that go on running on the schema it leaves, or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

from alembic.operations import ops

from secretaria.database.operations import Migration, read_migrations
from secretaria.database.raw_statements import (
    author_may_judge,
    breaking_statement,
    closed_set,
    does_statement,
    function_of,
    raises,
)
from secretaria.database.ways_down import Cost, costs_of

Kind = Literal["expand", "contract"]
UNREADABLE = "o que ela faz só se sabe com um banco"
DONE: tuple[tuple[type[ops.MigrateOperation], str, str], ...] = (
    (ops.CreateTableOp, "cria a tabela", "{0.table_name}"),
    (ops.DropTableOp, "apaga a tabela", "{0.table_name}"),
    (ops.RenameTableOp, "renomeia a tabela", "{0.table_name} para {0.new_table_name}"),
    (ops.AddColumnOp, "acrescenta a coluna", "{0.table_name}.{0.column.name}"),
    (ops.DropColumnOp, "apaga a coluna", "{0.table_name}.{0.column_name}"),
    (ops.AlterColumnOp, "altera a coluna", "{0.table_name}.{0.column_name}"),
    (ops.CreateIndexOp, "cria o índice", "{0.index_name}"),
    (ops.DropIndexOp, "apaga o índice", "{0.index_name}"),
    (ops.DropConstraintOp, "tira a restrição", "{0.constraint_name} de {0.table_name}"),
    (ops.AddConstraintOp, "cria a restrição", "{0.constraint_name}"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One migration, judged.

    Attributes:
        kind: ``expand`` where the code of the version before works on the schema it leaves, else ``contract``.
        does: What it does, one Portuguese sentence.
        breaks: What the version before could no longer do, Portuguese; empty for ``expand``.
        unused_since: The first release that did not use what is taken away, where its author says so.
        has_way_down: Whether it can be taken back at all.
        costs: What taking it back may lose.
    """

    revision: str
    kind: Kind
    does: str
    breaks: tuple[str, ...]
    unused_since: str
    has_way_down: bool
    costs: tuple[Cost, ...]


@dataclass
class Known:
    """What the migrations up to one have made, as far as the next must know it.

    Attributes:
        checks: The condition of each constraint, by table and name.
        unique: The names of unique indexes and constraints.
        raising: The functions that refuse something.
        functions: All functions.
        tables: The tables that this very migration made.
        columns: The columns that it added, by table and name, with whether they may be empty.
    """

    checks: dict[tuple[str, str], str] = field(default_factory=dict)
    unique: set[str] = field(default_factory=set)
    raising: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    tables: set[str] = field(default_factory=set)
    columns: dict[tuple[str, str], bool] = field(default_factory=dict)


@cache
def known_steps(folder: Path | None = None) -> tuple[Step, ...]:
    """Judge every migration of a version, oldest first.

    Args:
        folder: Where they are; those of this version by default.
    """
    known = Known()
    return tuple(_judged(migration, known) for migration in read_migrations(folder))


def _judged(migration: Migration, known: Known) -> Step:
    known.tables, known.columns = set(), {}
    if migration.up is None:
        breaks, does = [UNREADABLE], UNREADABLE
    else:
        breaks, does = list(_breaks(migration.up, known, migration.safe_because)), _sentence(migration.up)
    return Step(
        revision=migration.revision,
        kind="contract" if breaks else "expand",
        does=does,
        breaks=tuple(breaks),
        unused_since=migration.unused_since,
        has_way_down=migration.down is not None and bool(migration.down or not migration.up),
        costs=tuple(costs_of(migration.down or (), migration.up or ())),
    )


def _breaks(up: Sequence[ops.MigrateOperation], known: Known, safe_because: str) -> Iterator[str]:
    for operation in up:
        if isinstance(operation, ops.ExecuteSQLOp):
            statement = str(operation.sqltext)
            if (found := breaking_statement(statement, known)) and not (safe_because and author_may_judge(statement)):
                yield found
            _learn_function(statement, known)
        else:
            if found := _breaking(operation, known):
                yield found
            _learn(operation, known)


def _breaking(operation: ops.MigrateOperation, known: Known) -> str:  # noqa: C901, PLR0911, PLR0912  # one rule for each operation
    """Say what an operation takes from the version before; nothing of what it does not know, or of what loosens."""
    match operation:
        case ops.CreateTableOp() | ops.CreateTableCommentOp() | ops.DropTableCommentOp():
            return ""
        case ops.DropTableOp(table_name=table) | ops.RenameTableOp(table_name=table) if table not in known.tables:
            return f"a tabela {table} deixa de existir"
        case ops.AlterTableOp(table_name=table) if table in known.tables:
            return ""
        case ops.AddColumnOp(table_name=table, column=column):
            given = column.nullable or column.server_default is not None or column.computed or column.identity
            return "" if given else f"{table}.{column.name} é obrigatória, e a versão anterior não a preenche"
        case ops.DropColumnOp(table_name=table, column_name=column):
            return f"a coluna {table}.{column} deixa de existir"
        case ops.AlterColumnOp(table_name=table, column_name=column):
            return "" if (table, column) in known.columns else _altered(operation)
        case ops.CreateIndexOp(table_name=table, index_name=name, unique=True, columns=columns):
            return _new_key(known, str(table), str(name), columns)
        case ops.CreateUniqueConstraintOp(table_name=table, constraint_name=name, columns=columns):
            return _new_key(known, table, str(name), columns)
        case ops.CreateCheckConstraintOp(table_name=table, constraint_name=name, condition=condition):
            return _new_check(known, table, str(name), str(condition))
        case ops.CreateForeignKeyOp(source_table=table, local_cols=columns, constraint_name=name):
            fresh = table in known.tables or all((table, column) in known.columns for column in columns)
            return "" if fresh else f"a restrição {name} exige de {table} o que a versão anterior não cumpre"
        case ops.DropConstraintOp(table_name=table, constraint_name=name):
            return "" if (table, str(name)) in known.checks else f"a restrição {name} de {table} deixa de existir"
        case ops.DropIndexOp(index_name=name):
            return f"o índice único {name} deixa de existir" if name in known.unique else ""
        case ops.CreateIndexOp():
            return ""
        case _:
            return f"não se sabe o que {type(operation).__name__} muda para a versão anterior"


def _altered(operation: ops.AlterColumnOp) -> str:
    column = f"{operation.table_name}.{operation.column_name}"
    if operation.modify_name is not None:
        return f"a coluna {column} muda de nome"
    if operation.modify_type is not None:
        return f"a coluna {column} muda de tipo"
    if operation.modify_nullable is False:
        return f"a coluna {column} passa a ser obrigatória"
    if operation.modify_server_default is None:
        return f"a coluna {column} perde o valor padrão"
    return ""


def _new_key(known: Known, table: str, name: str, columns: Sequence[object]) -> str:
    """A key of a table that was there, unless a column that the version before leaves empty is part of it."""
    if table in known.tables or any(known.columns.get((table, str(column))) for column in columns):
        return ""
    return f"a chave única {name} recusa linhas de {table} que a versão anterior grava"


def _new_check(known: Known, table: str, name: str, condition: str) -> str:
    wanted = closed_set(condition)
    if table in known.tables or (wanted is not None and (table, wanted[0]) in known.columns):
        return ""
    before = closed_set(known.checks.get((table, name), ""))
    if wanted is not None and before is not None and wanted[0] == before[0] and before[1] <= wanted[1]:
        return ""
    return f"a restrição {name} recusa linhas de {table} que a versão anterior grava"


def _learn(operation: ops.MigrateOperation, known: Known) -> None:
    match operation:
        case ops.CreateTableOp(table_name=table, columns=items):
            known.tables.add(table)
            made = operation.to_table()
            known.checks |= {
                (table, str(one.name)): str(one.sqltext) for one in made.constraints if hasattr(one, "sqltext")
            }
            known.unique |= {str(one.name) for one in items if type(one).__name__ == "UniqueConstraint" and one.name}  # type: ignore[attr-defined]
        case ops.AddColumnOp(table_name=table, column=column):
            known.columns[table, column.name] = bool(column.nullable and column.server_default is None)
        case ops.CreateCheckConstraintOp(table_name=table, constraint_name=name, condition=condition):
            known.checks[table, str(name)] = str(condition)
        case ops.CreateIndexOp(index_name=name, unique=True) | ops.CreateUniqueConstraintOp(constraint_name=name):
            known.unique.add(str(name))


def _learn_function(statement: str, known: Known) -> None:
    if (name := function_of(statement)) is not None:
        known.functions.add(name)
        (known.raising.add if raises(statement) else known.raising.discard)(name)


def _sentence(up: Sequence[ops.MigrateOperation]) -> str:
    """Say what a migration does, the same verbs together and in the order they come first."""
    told: dict[str, list[str]] = {}
    for operation in up:
        verb, what = _done(operation)
        told.setdefault(verb, []).append(what)
    return "; ".join(f"{verb} {', '.join(dict.fromkeys(what))}" for verb, what in told.items()) or "não muda o esquema"


def _done(operation: ops.MigrateOperation) -> tuple[str, str]:
    if isinstance(operation, ops.ExecuteSQLOp):
        return does_statement(str(operation.sqltext))
    for kind, verb, pattern in DONE:
        if isinstance(operation, kind):
            return verb, pattern.format(operation)
    return "faz", type(operation).__name__
