"""A transaction is kept whole or not at all, and what waits for it runs only if it was kept."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session

from secretaria.conversations.models import Contact
from secretaria.database.engine import build_engine
from secretaria.database.transaction import DatabaseUnavailable, after_commit, transaction
from secretaria.errors import ConfigurationError
from secretaria.local.engines import EngineUrls
from tests.builders import NUMBER, rows


def add_contact(session: Session, name: str | None = None) -> None:
    """Add a person."""
    session.add(Contact(identity_key=NUMBER, number=NUMBER, name=name, created_at=datetime(2026, 8, 11, tzinfo=UTC)))
    session.flush()


def test_what_waits_for_the_commit_finds_it(engine: Engine) -> None:
    """An action runs after the commit, in the order given, and sees from outside what was kept."""
    seen = []
    with transaction(engine) as session:
        after_commit(session, lambda: seen.append(("first", len(rows(engine, "contact")))))
        add_contact(session)
        after_commit(session, lambda: seen.append(("second", len(rows(engine, "contact")))))
        assert seen == []
    assert seen == [("first", 1), ("second", 1)]


def test_nothing_runs_after_a_rollback(engine: Engine) -> None:
    """A block that fails keeps nothing, runs nothing and tells its own error."""
    ran = []

    def fail(session: Session) -> None:
        add_contact(session)
        after_commit(session, lambda: ran.append(1))
        raise KeyError("ours")

    with pytest.raises(KeyError, match="ours"), transaction(engine) as session:
        fail(session)
    assert (ran, rows(engine, "contact")) == ([], [])


@pytest.mark.parametrize(
    "url", ["postgresql://ninguem@/nada?host=/nonexistent", "postgresql://ninguem@127.0.0.1:1/nada"]
)
def test_a_database_that_is_away_is_unavailable(url: str) -> None:
    """A socket or a port where nobody listens is told as what it is."""
    engine = build_engine(url)
    with pytest.raises(DatabaseUnavailable), transaction(engine) as session:
        add_contact(session)
    engine.dispose()


def test_a_connection_that_drops_is_unavailable_and_the_next_one_works(engine: Engine) -> None:
    """A backend that PostgreSQL ends costs its own transaction, not the one after it."""
    with pytest.raises(DatabaseUnavailable), transaction(engine) as session:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    with transaction(engine) as session:
        add_contact(session)
    assert len(rows(engine, "contact")) == 1


def test_a_database_that_can_only_be_read_is_unavailable(engine: Engine) -> None:
    """On a standby nothing can be kept: the caller must try again later, as with one that is away."""

    def write_nevertheless(session: Session) -> None:
        session.execute(text("SET TRANSACTION READ ONLY"))
        add_contact(session)

    with pytest.raises(DatabaseUnavailable), transaction(engine) as session:
        write_nevertheless(session)


def test_a_busy_pool_is_unavailable(engines: EngineUrls) -> None:
    """When every connection is taken the caller waits no longer than to connect."""
    engine = build_engine(engines.database_url, pool_size=1, connect_timeout=1)
    with engine.connect(), engine.connect(), pytest.raises(DatabaseUnavailable), transaction(engine) as session:
        add_contact(session)
    engine.dispose()


def test_our_own_mistake_is_no_outage(engine: Engine) -> None:
    """A statement that PostgreSQL refuses keeps its own error, whose text does not quote what was to be stored."""
    with pytest.raises(IntegrityError) as caught, transaction(engine) as session:
        session.execute(
            text("INSERT INTO contact (identity_key, number, name) VALUES (:a, :b, :c)"),
            {"a": "X", "b": "Y", "c": "palavra-secreta"},
        )
    assert isinstance(caught.value, DBAPIError)
    assert "[parameters:" not in str(caught.value)


@pytest.mark.parametrize("url", ["", "banana", "sqlite:///secretaria.db", "mysql://localhost/secretaria"])
def test_only_postgresql_is_accepted(url: str) -> None:
    """Another database is refused before anything is stored in it."""
    with pytest.raises(ConfigurationError):
        build_engine(url)
