"""Engines of its own for an evaluation: started in a temporary folder, migrated, and thrown away with it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, text
from sqlmodel import SQLModel

from secretaria.context.prompt import is_base_whole
from secretaria.database.engine import build_engine
from secretaria.database.migrate import upgrade
from secretaria.database.transaction import transaction
from secretaria.knowledge.folder import load_business_folder
from secretaria.knowledge.library import publish_folder
from secretaria.knowledge.snapshot import Business
from secretaria.knowledge.store import load_business
from secretaria.local.engines import EmbeddedEngines

POOL = 4
BUSINESS_TABLES = frozenset({"business_version", "business_publication", "knowledge_chunk"})


@contextmanager
def scratch_database() -> Iterator[Engine]:
    """Run a PostgreSQL of its own; the one of the installation is not even known here.

    Raises:
        EngineMissing: The programs of the engines are not installed.
    """
    home = Path(tempfile.mkdtemp(prefix="secretaria-eval-"))
    home.chmod(0o755)  # the engines, which never run as root, must be able to pass
    try:
        with EmbeddedEngines(home, durable=False) as running:
            engine = build_engine(running.urls.database_url, pool_size=POOL)
            upgrade(engine)
            try:
                yield engine
            finally:
                engine.dispose()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def scratch_business(folder: Path, now: datetime) -> Iterator[tuple[Business, Engine | None]]:
    """Read a folder; one whose base is too large to be told whole is published where it can be searched.

    Args:
        folder: The business.
        now: The present moment.

    Yields:
        The business, and the database that holds it, where one is needed.

    Raises:
        BusinessInvalid: The folder is no business.
        EngineMissing: The programs of the engines are not installed.
    """
    business = load_business_folder(folder)
    if is_base_whole(business):
        yield business, None
        return
    with scratch_database() as engine:
        version_id = publish_folder(engine, folder, now)
        with transaction(engine) as session:
            business = load_business(session, version_id)
        yield business, engine


def forget_everything(engine: Engine, *, but_business: bool = False) -> None:
    """Empty the tables, so that conversations cannot help or spoil one another.

    Args:
        engine: Of a scratch database.
        but_business: Whether what the owner published stays.
    """
    kept = BUSINESS_TABLES if but_business else frozenset()
    tables = ", ".join(table.name for table in SQLModel.metadata.sorted_tables if table.name not in kept)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
