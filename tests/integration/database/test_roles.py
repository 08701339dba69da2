"""Who connects as service and workers do uses rows and changes no schema; who migrates is somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from secrets import token_hex

import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from secretaria.cli.examination import examine
from secretaria.database.engine import build_engine
from secretaria.database.migrate import MayNotMigrate, current_revision, downgrade, pending_revisions, upgrade
from secretaria.database.roles import RoleMissing, is_let_in, let_in, may_change_schema
from secretaria.database.steps import known_steps
from secretaria.local.engines import EngineUrls

DEFINITIONS = (
    "CREATE TABLE intruder (id int)",
    "CREATE TEMPORARY TABLE intruder (id int)",
    "CREATE SCHEMA intruder",
    "CREATE FUNCTION intruder() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE ROLE intruder",
    "CREATE DATABASE intruder",
    "ALTER TABLE message ADD COLUMN intruder int",
    "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
    "CREATE INDEX intruder ON message (id)",
    "DROP TABLE message",
    "TRUNCATE message",
    "UPDATE alembic_version SET version_num = '0001_spine'",
    "COPY (SELECT 1) TO PROGRAM 'true'",
)


@pytest.fixture
def served(engine: Engine, engines: EngineUrls) -> Iterator[Engine]:  # noqa: ARG001  # it empties the database first
    """Connect as service and workers do."""
    database = build_engine(engines.app_url, pool_size=1)
    yield database
    database.dispose()


@pytest.fixture
def app_url(empty: Engine) -> Iterator[str]:
    """Name a role of the database, which is not there yet, with a password of its own."""
    role = f"loja_{token_hex(4)}"
    yield empty.url.set(username=role, password="palavra'da-loja").render_as_string(hide_password=False)
    with empty.begin() as connection:
        if connection.execute(text("SELECT count(*) FROM pg_roles WHERE rolname = :role"), {"role": role}).scalar_one():
            connection.execute(text(f"DROP OWNED BY {role}"))
            connection.execute(text(f"DROP ROLE {role}"))


@pytest.mark.parametrize("statement", DEFINITIONS)
def test_it_changes_no_schema(served: Engine, statement: str) -> None:
    """Each statement that would define, change or take away something is refused for want of a privilege."""
    refused: list[str] = []
    with served.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        try:
            connection.execute(text(statement))
        except ProgrammingError as error:
            refused.append(str(getattr(error.orig, "pgcode", None)))
    assert refused == ["42501"]


def test_who_owns_the_schema_is_told_apart(served: Engine, owner: Engine) -> None:
    """The doctor can say of a connection whether it could change the schema."""
    assert (may_change_schema(owner), may_change_schema(served)) == (True, False)


def test_the_doctor_advises_where_one_role_does_everything(
    engines: EngineUrls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With the owner's address alone all goes on as before, and the doctor says what to read; with the other one all is well."""
    monkeypatch.chdir(tmp_path)
    told = {}
    for url in (engines.database_url, engines.app_url):
        monkeypatch.setenv("DATABASE_URL", url)
        told[url] = next(one for one in examine() if one.name == "papel no banco")
    assert (told[engines.database_url].status, told[engines.app_url].status) == ("aviso", "ok")
    assert "docs/operacao/instalar.md" in told[engines.database_url].mend


def test_the_role_is_made_and_let_in(empty: Engine, app_url: str) -> None:
    """What is not there is made; afterwards it reads and writes rows, and knows which schema there is."""
    upgrade(empty)
    assert not is_let_in(app_url)
    let_in(empty, app_url)
    app = build_engine(app_url, pool_size=1)
    with app.begin() as connection:
        connection.execute(text("UPDATE message SET id = id"))
        connection.execute(text("DELETE FROM message"))
    assert is_let_in(app_url)
    assert current_revision(app) == current_revision(empty)
    app.dispose()


def test_a_later_migration_is_open_to_it_at_once(empty: Engine, app_url: str) -> None:
    """A table that the owner makes afterwards is used without anything being granted again: what runs meanwhile needs it."""
    upgrade(empty)
    let_in(empty, app_url)
    with empty.begin() as connection:
        connection.execute(text("CREATE TABLE later (id bigserial PRIMARY KEY)"))
    app = build_engine(app_url, pool_size=1)
    with app.begin() as connection:
        assert connection.execute(text("INSERT INTO later DEFAULT VALUES RETURNING id")).scalar_one() == 1
    app.dispose()


def test_an_installation_from_before_is_let_in_where_it_stands(empty: Engine, app_url: str) -> None:
    """Tables that were there before the role lose nothing and are open to it."""
    upgrade(empty)
    with empty.begin() as connection:
        connection.execute(text("CREATE TABLE before_it AS SELECT 7 AS kept"))
    let_in(empty, app_url)
    app = build_engine(app_url, pool_size=1)
    with app.connect() as connection:
        assert connection.execute(text("SELECT kept FROM before_it")).scalar_one() == 7
    app.dispose()


def test_letting_in_again_or_twice_at_once_changes_nothing(empty: Engine, app_url: str) -> None:
    """Two migrations at the same moment let in the same role; neither fails."""
    upgrade(empty)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(let_in, empty, app_url) for _ in range(8)]:
            done.result()
    assert is_let_in(app_url)


def test_one_address_for_both_is_left_as_it_is(empty: Engine) -> None:
    """Where the address is the owner's own, nothing is made, granted or revoked."""
    upgrade(empty)
    privileges = "SELECT coalesce(nspacl::text, '') FROM pg_namespace WHERE nspname = 'public'"
    with empty.connect() as connection:
        before = connection.execute(text(privileges)).scalar_one()
    let_in(empty, empty.url.render_as_string(hide_password=False))
    with empty.connect() as connection:
        assert connection.execute(text(privileges)).scalar_one() == before


def test_an_owner_who_may_make_no_roles_says_what_is_missing(empty: Engine, app_url: str) -> None:
    """The administrator of a server of others makes the role; until then the command says so, and nothing is changed."""
    owner = f"dono_{token_hex(4)}"
    with empty.begin() as connection:
        connection.execute(text(f"CREATE ROLE {owner} LOGIN"))
        connection.execute(text(f"ALTER DATABASE {empty.url.database} OWNER TO {owner}"))
    theirs = build_engine(empty.url.set(username=owner).render_as_string(hide_password=False), pool_size=1)
    try:
        upgrade(theirs)
        with pytest.raises(RoleMissing):
            let_in(theirs, app_url)
        with empty.begin() as connection:
            connection.execute(text(f"CREATE ROLE {make_url(app_url).username} LOGIN"))
        let_in(theirs, app_url)
        assert is_let_in(app_url)
    finally:
        theirs.dispose()
        with empty.begin() as connection:
            connection.execute(text(f"REASSIGN OWNED BY {owner} TO {empty.url.username}"))
            connection.execute(text(f"DROP OWNED BY {owner}"))
            connection.execute(text(f"DROP ROLE {owner}"))


def test_who_may_not_migrate_is_told_so(empty: Engine, app_url: str) -> None:
    """Migrating, forward or back, as the role of service and workers is refused with what to do, and changes nothing."""
    upgrade(empty)
    let_in(empty, app_url)
    app = build_engine(app_url, pool_size=1)
    newest, before = known_steps()[-1].revision, known_steps()[-2].revision
    with pytest.raises(MayNotMigrate):
        downgrade(app, before)
    assert current_revision(empty) == newest
    downgrade(empty, before)
    assert pending_revisions(app) == [newest]
    with pytest.raises(MayNotMigrate):
        upgrade(app)
    app.dispose()
