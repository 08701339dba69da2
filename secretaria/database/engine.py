"""Builds the SQLAlchemy engine from a PostgreSQL address."""

from __future__ import annotations

import time
from typing import Any

import psycopg2
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from secretaria.errors import ConfigurationError

DRIVER = "postgresql+psycopg2"
ACCEPTED = ("postgres", "postgresql", DRIVER)
STATEMENT_TIMEOUT_MS = 15_000
LOCK_TIMEOUT_MS = 5_000
RESTED_SECONDS = 1.0


def build_engine(
    url: str, *, pool_size: int = 10, connect_timeout: int = 5, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS
) -> Engine:
    """Build the engine; nothing connects until it is first used.

    Args:
        url: ``postgresql://user:password@host/name``; a socket folder goes in ``?host=``.
        pool_size: Connections kept by this process.
        connect_timeout: Seconds to wait for a connection.
        statement_timeout_ms: Milliseconds after which PostgreSQL stops a statement of ours.

    Raises:
        ConfigurationError: The address is not one of PostgreSQL.
    """
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise ConfigurationError("DATABASE_URL não é um endereço válido", _HINT) from error
    if address.drivername not in ACCEPTED:
        raise ConfigurationError(f"DATABASE_URL começa com {address.drivername}://; só PostgreSQL é aceito", _HINT)
    engine = create_engine(
        address.set(drivername=DRIVER),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=connect_timeout,
        hide_parameters=True,  # the text of an error would quote numbers and words of customers
        connect_args={
            "connect_timeout": connect_timeout,
            "application_name": "secretaria",
            "options": f"-c statement_timeout={statement_timeout_ms} -c lock_timeout={LOCK_TIMEOUT_MS} -c timezone=UTC",
        },
    )
    event.listen(engine, "checkin", _note_return)
    event.listen(engine, "checkout", _refuse_dead)
    return engine


def _note_return(connection: object, entry: ConnectionPoolEntry) -> None:  # noqa: ARG001  # the pool's hook
    entry.info["returned_at"] = time.monotonic()


def _refuse_dead(connection: Any, entry: ConnectionPoolEntry, proxy: object) -> None:  # noqa: ANN401, ARG001  # the pool's hook
    """Ask a connection that has rested whether it lives: a restarted PostgreSQL must not cost the first message after it.

    One that was in use a second ago is not asked; a turn takes a dozen of them.
    """
    if time.monotonic() - entry.info.get("returned_at", time.monotonic()) < RESTED_SECONDS:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except psycopg2.Error as error:
        raise DisconnectionError from error


_HINT = "use DATABASE_URL=postgresql://usuario:senha@servidor/secretaria"
