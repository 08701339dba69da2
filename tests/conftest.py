"""What every tier shares: the embedded engines, one migrated database a run, emptied before each test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest
import redis
from sqlalchemy import Engine

from secretaria.clock import HeldClock
from secretaria.database.engine import build_engine
from secretaria.database.migrate import upgrade
from secretaria.database.roles import let_in
from secretaria.local.engines import EmbeddedEngines, EngineUrls
from secretaria.queue.broker import build_redis
from tests.builders import PublishedNudges
from tests.emptied import empty

# The same examples in every run, so that a change fails for what it changed (HYPOTHESIS_PROFILE=default looks for new ones),
# and no deadline: a busy machine is no reason to fail.
hypothesis.settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


@pytest.fixture(scope="session")
def engines() -> Iterator[EngineUrls]:
    """Run PostgreSQL and Valkey for the whole test run, migrated and on paths that they may enter."""
    home = Path(tempfile.mkdtemp(prefix="secretaria-test-", dir="/tmp"))
    home.chmod(0o755)
    with EmbeddedEngines(home, durable=False) as running:
        database = build_engine(running.urls.database_url)
        upgrade(database)
        let_in(database, running.urls.app_url)
        database.dispose()
        yield running.urls
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def owner(engines: EngineUrls) -> Iterator[Engine]:
    """Connect as the owner of the schema, as migrations do."""
    database = build_engine(engines.database_url, pool_size=1)
    yield database
    database.dispose()


@pytest.fixture
def engine(engines: EngineUrls, owner: Engine) -> Iterator[Engine]:
    """Connect to an empty, migrated database; that service and workers need no more than their role is held where they run."""
    database = build_engine(engines.database_url, pool_size=5)
    empty(owner)
    owner.dispose()  # whoever counts who is at work finds nobody
    yield database
    database.dispose()


@pytest.fixture
def valkey(engines: EngineUrls) -> Iterator[redis.Redis]:
    """Connect to an empty Valkey."""
    client = build_redis(engines.redis_url, timeout_seconds=5.0)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def clock() -> HeldClock:
    """Hold the time on a Tuesday morning of the sample clinic."""
    return HeldClock(datetime(2026, 8, 11, 13, 0, tzinfo=UTC))


@pytest.fixture
def nudges() -> PublishedNudges:
    """Record what would be put on the queue."""
    return PublishedNudges()
