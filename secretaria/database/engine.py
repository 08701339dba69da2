"""Builds the SQLAlchemy engine from a PostgreSQL address."""

from __future__ import annotations

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from secretaria.errors import ConfigurationError

DRIVER = "postgresql+psycopg2"
ACCEPTED = ("postgres", "postgresql", DRIVER)
STATEMENT_TIMEOUT_MS = 15_000
LOCK_TIMEOUT_MS = 5_000


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
    return create_engine(
        address.set(drivername=DRIVER),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=connect_timeout,
        pool_pre_ping=True,  # a restarted PostgreSQL must not cost the first message after it
        hide_parameters=True,  # the text of an error would quote numbers and words of customers
        connect_args={
            "connect_timeout": connect_timeout,
            "application_name": "secretaria",
            "options": f"-c statement_timeout={statement_timeout_ms} -c lock_timeout={LOCK_TIMEOUT_MS} -c timezone=UTC",
        },
    )


_HINT = "use DATABASE_URL=postgresql://usuario:senha@servidor/secretaria"
