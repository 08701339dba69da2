"""A database of its own for tests that change the schema."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import Engine, make_url, text

from secretaria.database.engine import build_engine
from secretaria.local.engines import EngineUrls


@pytest.fixture
def empty(engines: EngineUrls) -> Iterator[Engine]:
    """Connect to a new database without any table."""
    server = build_engine(engines.database_url).execution_options(isolation_level="AUTOCOMMIT")
    name = f"vazio_{uuid4().hex}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    own = build_engine(make_url(engines.database_url).set(database=name).render_as_string(hide_password=False))
    yield own
    own.dispose()
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()
