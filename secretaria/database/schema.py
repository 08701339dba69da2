"""Can this version work on that database? Answered with one query, because health checks ask it all the time."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

import secretaria
from secretaria.database.transaction import DatabaseUnavailable
from secretaria.errors import PreflightRefused


class SchemaBehind(PreflightRefused):
    """The database lacks migrations of this version."""

    def __init__(self) -> None:
        super().__init__("o banco não tem o esquema desta versão", "rode: secretaria migrate")


def require_schema(engine: Engine) -> None:
    """Refuse a database that this version cannot work on.

    A database that a newer version has migrated is accepted: migrations are safe for the version before, which must
    go on working while the newer one is rolled out.

    Raises:
        SchemaBehind: Migrations are missing.
        DatabaseUnavailable: PostgreSQL does not answer.
    """
    if missing_revisions(engine):
        raise SchemaBehind


def missing_revisions(engine: Engine) -> list[str]:
    """Return the revisions of this version that the database lacks, oldest first.

    Raises:
        DatabaseUnavailable: PostgreSQL does not answer.
    """
    current = current_revision(engine) or ""
    return [revision for revision in known_revisions() if revision > current]


def current_revision(engine: Engine) -> str | None:
    """Return the newest migration that a database has; None where nothing was ever migrated.

    Raises:
        DatabaseUnavailable: PostgreSQL does not answer.
    """
    try:
        with engine.connect() as connection:
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    except ProgrammingError:  # no such table: nothing was ever migrated
        return None
    except (OperationalError, InterfaceError, PoolTimeoutError) as error:
        raise DatabaseUnavailable from error


def newest_revision() -> str:
    """Return the newest revision of this version."""
    return known_revisions()[-1]


@cache
def known_revisions() -> tuple[str, ...]:
    """Return the revisions of this version, oldest first; they are named as their files, which are numbered."""
    return tuple(sorted(path.stem for path in (migrations_folder() / "versions").glob("[0-9]*.py")))


def migrations_folder() -> Path:
    """Return where the migrations are: inside an installed package, or beside it in a checkout."""
    package = Path(secretaria.__file__).parent
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parent / "migrations"
