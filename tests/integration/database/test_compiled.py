"""Statements that go past SQLAlchemy: what they give back, and what is known of it when they fail."""

from __future__ import annotations

import gc
import importlib
import pkgutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, Table, bindparam
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session

import secretaria
from secretaria.database.compiled import CompiledStatement
from secretaria.database.engine import build_engine
from secretaria.database.spent import counting_statements
from secretaria.database.transaction import DatabaseUnavailable, plain_transaction, transaction

Opened = Callable[[Engine], AbstractContextManager[Session | Connection]]
ECHO = CompiledStatement("SELECT CAST(:id AS uuid) AS id, CAST(:at AS timestamptz) AS at, :words || '100 %' AS words")
NUMBERS = CompiledStatement("SELECT n FROM generate_series(1, :count) AS n ORDER BY n")
ERASED = CompiledStatement("INSERT INTO erased_contact (subject, erased_at, tally) VALUES (:subject, :now, '{}')")


def test_rows_have_names_and_types(engine: Engine) -> None:
    """Moments stay aware, ids are ids, a percent sign is no place for a value."""
    values = {"id": uuid4(), "at": datetime(2026, 11, 25, 12, tzinfo=UTC), "words": "a:b "}
    with transaction(engine) as session:
        row = ECHO.one(session, values)
    assert (row.id, row.at, row.words) == (values["id"], values["at"], "a:b 100 %")


def test_all_and_first_and_none(engine: Engine) -> None:
    """As many rows as there are; the first one; nothing where there is none, which ``one`` takes for a fault."""
    with plain_transaction(engine) as connection:
        assert [row.n for row in NUMBERS.all(connection, {"count": 3})] == [1, 2, 3]
        assert NUMBERS.first(connection, {"count": 3}).n == 1
        assert NUMBERS.first(connection, {"count": 0}) is None
        with pytest.raises(LookupError):
            NUMBERS.one(connection, {"count": 0})


@pytest.mark.parametrize("opened", [transaction, plain_transaction])
def test_what_it_writes_is_committed(engine: Engine, opened: Opened) -> None:
    """With the block's end, in both kinds of transaction."""
    subject = uuid4().hex
    with opened(engine) as where:
        ERASED.run(where, {"subject": subject, "now": datetime.now(UTC)})
    found = CompiledStatement("SELECT count(*) AS count FROM erased_contact WHERE subject = :subject")
    with plain_transaction(engine) as connection:
        assert found.one(connection, {"subject": subject}).count == 1


def test_a_refusal_is_sqlalchemys_and_tells_no_value(engine: Engine) -> None:
    """Whoever catches what a session raises catches this too, and its text quotes nobody."""
    row = {"subject": f"canario-{uuid4().hex}", "now": datetime.now(UTC)}
    with transaction(engine) as session:
        ERASED.run(session, row)
    with transaction(engine) as session, pytest.raises(IntegrityError) as caught:
        ERASED.run(session, row)
    assert "canario" not in str(caught.value).replace(str(caught.value.orig), "")


@pytest.mark.parametrize("opened", [transaction, plain_transaction])
def test_a_lost_connection_is_an_outage(engine: Engine, opened: Opened) -> None:
    """The transaction says so, and the next one has a living connection, as have those that rested in the pool."""
    with plain_transaction(engine) as one, plain_transaction(engine) as other:
        pids = [NUMBERS.one(connection, {"count": 1}) and _pid(connection) for connection in (one, other)]
    _end(engine, pids)
    with pytest.raises(DatabaseUnavailable), opened(engine) as where:
        NUMBERS.one(where, {"count": 1})
    for _ in range(3):
        with opened(engine) as where:
            assert NUMBERS.one(where, {"count": 1}).n == 1


def test_a_statement_that_fails_leaves_the_connection(engine: Engine) -> None:
    """It is the caller's to roll back, to a savepoint for instance, and to go on."""
    with transaction(engine) as session:
        NUMBERS.run(session, {"count": 1})
        session.connection().exec_driver_sql("SAVEPOINT here")
        with pytest.raises(DBAPIError) as caught:
            CompiledStatement("SELECT 1 / :nothing").run(session, {"nothing": 0})
        assert not caught.value.connection_invalidated
        session.connection().exec_driver_sql("ROLLBACK TO SAVEPOINT here")
        assert NUMBERS.one(session, {"count": 1}).n == 1


def test_it_is_counted(engine: Engine) -> None:
    """The line of a request tells of it as of any other statement."""
    with counting_statements() as spent, transaction(engine) as session:
        NUMBERS.one(session, {"count": 1})
    assert spent.statements == 1
    assert spent.seconds > 0


def test_postgresql_knows_the_type_of_each_value(engine: Engine) -> None:
    """All statements of the program that are written this way can be planned before their values are known."""
    for module in pkgutil.walk_packages(secretaria.__path__, "secretaria."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    written = [one for one in gc.get_objects() if isinstance(one, CompiledStatement)]
    assert len(written) > 20
    refused = {}
    with plain_transaction(engine) as connection:
        for statement in written:
            if not statement.prepare:
                continue
            connection.exec_driver_sql("SAVEPOINT one")
            try:
                connection.exec_driver_sql(statement.prepare.replace("%", "%%"))
            except DBAPIError as error:
                refused[statement.sql] = str(error.orig)
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT one")
            connection.exec_driver_sql("DEALLOCATE ALL")
    assert refused == {}


def test_a_list_in_brackets_is_refused() -> None:
    """Its places would have to be written anew for each length."""
    table = Table("anything", MetaData(), Column("id", Integer))
    with pytest.raises(ValueError, match="array"):
        CompiledStatement(table.select().where(table.c.id.in_(bindparam("ids", expanding=True))))


def _pid(connection: Connection) -> int:
    return int(CompiledStatement("SELECT pg_backend_pid() AS pid").one(connection, {}).pid)


def _end(engine: Engine, pids: list[int]) -> None:
    """End the sessions of a pool, from outside of it."""
    outside = build_engine(engine.url.render_as_string(hide_password=False))
    with plain_transaction(outside) as connection:
        CompiledStatement("SELECT pg_terminate_backend(pid) FROM unnest(CAST(:pids AS int[])) AS pid").all(
            connection, {"pids": pids}
        )
    outside.dispose()


def test_what_cannot_even_be_planned_leaves_its_savepoint(engine: Engine) -> None:
    """The caller goes back to it, and keeps what was written before."""
    subject, told = uuid4().hex, {"now": datetime.now(UTC)}
    missing = CompiledStatement("INSERT INTO nothing_of_the_kind (at) VALUES (:now)", savepoint="here")
    with transaction(engine) as session:
        ERASED.run(session, {"subject": subject, **told})
        with pytest.raises(DBAPIError):
            missing.run(session, told)
        session.connection().exec_driver_sql("ROLLBACK TO SAVEPOINT here")
    found = CompiledStatement("SELECT count(*) AS count FROM erased_contact WHERE subject = :subject")
    with plain_transaction(engine) as connection:
        assert found.one(connection, {"subject": subject}).count == 1
