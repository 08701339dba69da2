"""The schema comes up from nothing, goes down and up again, and is never migrated by halves or by two."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, inspect, text
from sqlmodel import SQLModel

from secretaria.database import migrate
from secretaria.database.engine import build_engine
from secretaria.database.migrate import (
    MigrationBlocked,
    SchemaUnknown,
    current_revision,
    pending_revisions,
    schema_differences,
    upgrade,
    upgrade_sql,
)
from secretaria.database.transaction import DatabaseUnavailable

MIGRATE = """
import sys
from secretaria.database.engine import build_engine
from secretaria.database.migrate import upgrade
upgrade(build_engine(sys.argv[1]))
"""
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def address(engine: Engine) -> str:
    """Return the address of a database, complete."""
    return engine.url.render_as_string(hide_password=False)


def downgrade(engine: Engine) -> None:
    """Take every migration back."""
    config = migrate._config()  # noqa: SLF001  # going down is a release's business, the package has no function for it
    config.attributes["url"] = engine.url
    command.downgrade(config, "base")


def test_an_empty_database_comes_up_to_the_models(empty: Engine) -> None:
    """Migrating from nothing gives exactly the schema that the models describe."""
    assert current_revision(empty) is None
    expected = pending_revisions(empty)
    assert upgrade(empty) == expected != []
    assert (pending_revisions(empty), current_revision(empty)) == ([], expected[-1])
    assert schema_differences(empty) == []


def test_a_second_migration_has_nothing_to_do(empty: Engine) -> None:
    """Migrating again applies nothing and says so."""
    upgrade(empty)
    assert upgrade(empty) == []


def test_the_way_down_leaves_nothing_and_the_way_up_works_again(empty: Engine) -> None:
    """Every migration can be taken back, its functions too, and applied again."""
    upgrade(empty)
    downgrade(empty)
    with empty.connect() as connection:
        own = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        assert connection.execute(text(own)).all() == []
    assert inspect(empty).get_table_names() == ["alembic_version"]
    assert upgrade(empty) != []
    assert schema_differences(empty) == []


def test_a_difference_is_told(empty: Engine) -> None:
    """A column that no migration made is found."""
    upgrade(empty)
    with empty.begin() as connection:
        connection.execute(text("ALTER TABLE contact DROP COLUMN opted_out_at"))
    (difference,) = schema_differences(empty)
    assert "add_column" in difference
    assert "contact" in difference


def test_two_migrations_at_the_same_moment_both_end_well(empty: Engine) -> None:
    """The second waits for the first and finds nothing to do."""
    with empty.connect() as gate:
        gate.execute(text("SELECT pg_advisory_lock(7305414501)"))
        started = [
            subprocess.Popen([sys.executable, "-c", MIGRATE, address(empty)], stderr=subprocess.PIPE) for _ in range(2)
        ]
        deadline = time.monotonic() + 30
        while gate.execute(text(WAITING)).scalar_one() < len(started) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert gate.execute(text(WAITING)).scalar_one() == len(started)
        gate.execute(text("SELECT pg_advisory_unlock_all()"))
    assert [(process.communicate(timeout=30)[1], process.returncode) for process in started] == [(b"", 0)] * 2
    assert schema_differences(empty) == []


@pytest.mark.parametrize("position", [0, -1])
def test_a_migration_killed_in_the_middle_is_simply_run_again(empty: Engine, tmp_path: Path, position: int) -> None:
    """Killed with -9 between its statements and its commit it leaves the revision before, whole, and no lock."""
    revisions = pending_revisions(empty)
    armed = tmp_path / "crash"
    armed.write_text(f"K21 {revisions[position]}", encoding="utf-8")
    faults = {"SECRETARIA_FAULTS": "1", "SECRETARIA_CRASH_FILE": str(armed)}
    killed = subprocess.run(
        [sys.executable, "-c", MIGRATE, address(empty)], env={**os.environ, **faults}, timeout=60, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert pending_revisions(empty) == revisions[position:]
    assert upgrade(empty) == revisions[position:]
    assert schema_differences(empty) == []


def test_a_table_in_use_is_not_waited_for_longer_than_promised(empty: Engine) -> None:
    """A migration that does not get its lock leaves nothing half done, and works as soon as the table is free."""
    with empty.connect() as other:
        other.execute(text("CREATE TABLE contact (id bigint)"))
        begun = time.monotonic()
        with pytest.raises(MigrationBlocked):
            upgrade(empty)
        assert time.monotonic() - begun < 10
        other.rollback()
    assert SQLModel.metadata.tables.keys() & set(inspect(empty).get_table_names()) == set()
    assert upgrade(empty) != []


def test_a_database_of_a_newer_version_is_left_alone(empty: Engine) -> None:
    """A revision that this version never heard of is told by name, and nothing is applied."""
    upgrade(empty)
    with empty.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999_do_futuro'"))
    for ask in (pending_revisions, upgrade):
        with pytest.raises(SchemaUnknown, match="9999_do_futuro"):
            ask(empty)
    assert current_revision(empty) == "9999_do_futuro"


def test_a_database_that_is_away_is_told_as_such() -> None:
    """Nobody reads 'blocked' or 'empty' when PostgreSQL does not answer."""
    nowhere = build_engine("postgresql://ninguem@/nada?host=/nonexistent")
    for ask in (current_revision, pending_revisions, upgrade):
        with pytest.raises(DatabaseUnavailable):
            ask(nowhere)


def test_the_sql_for_whoever_runs_it_by_hand_is_complete(empty: Engine) -> None:
    """It names every table, and run by hand it leads to the same schema."""
    sql = upgrade_sql()
    assert [table for table in SQLModel.metadata.tables if f"CREATE TABLE {table} (" not in sql] == []
    by_hand = empty.raw_connection()
    by_hand.cursor().execute(sql)
    by_hand.close()
    assert pending_revisions(empty) == []
    assert schema_differences(empty) == []
