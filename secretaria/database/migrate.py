"""Brings a database to the schema of this version, or says what is missing; Alembic does the work."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import islice

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlmodel import SQLModel

from secretaria.database.schema import migrations_folder
from secretaria.database.steps import Step, known_steps
from secretaria.database.transaction import DatabaseUnavailable
from secretaria.database.ways_down import Loss, count_losses, lock_tables
from secretaria.errors import Conflict, PreflightRefused, UsageInvalid

NO_PRIVILEGE = "42501"
GAVE_UP = ("55P03", "57014")  # lock time-out, statement time-out: by code, PostgreSQL may speak Portuguese


class MigrationBlocked(Conflict):
    """A statement waited too long for a table in use, or another migration is running."""

    def __init__(self) -> None:
        super().__init__(
            "a migração desistiu de esperar por uma tabela em uso",
            "nada foi alterado pela metade; tente de novo: secretaria migrate",
        )


class WayDownLoses(PreflightRefused):
    """Going back to an older schema would lose something, or cannot be done at all; nothing was touched."""

    def __init__(self, revision: str, losses: Sequence[Loss]) -> None:
        listed = "; ".join(loss.what if loss.rows is None else f"{loss.what} ({loss.rows})" for loss in losses)
        super().__init__(
            f"desfazer {revision} perderia: {listed}",
            "volte só o código, que roda no esquema novo, ou restaure a cópia de antes: secretaria restore",
        )
        self.losses = tuple(losses)


class RevisionNotBehind(UsageInvalid):
    """The revision that was named is not one that the database has."""

    def __init__(self, revision: str, current: str | None) -> None:
        super().__init__(
            f"{revision} não está atrás de {current or 'um banco vazio'}",
            "veja as revisões: secretaria migrate --plan",
        )


class MayNotMigrate(PreflightRefused):
    """The role that connects may not change the schema; a statement was refused, and nothing was left by halves."""

    def __init__(self, role: str | None) -> None:
        super().__init__(
            f"o papel {role} não pode mudar o esquema do banco",
            "com contêineres, secretaria migrate roda como o dono; com um PostgreSQL seu, preencha DATABASE_OWNER_URL",
        )


class SchemaUnknown(Conflict):
    """The database is at a revision that this version has never heard of: a newer version migrated it."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"o banco está na revisão {revision}, que esta versão não conhece",
            "instale a versão mais nova do programa ou volte o banco com a versão que o migrou",
        )


def upgrade(engine: Engine) -> list[str]:
    """Migrate to the newest revision.

    Returns:
        The revisions that were applied, oldest first; empty when there was nothing to do.

    Raises:
        DatabaseUnavailable: PostgreSQL does not answer.
        MayNotMigrate: The role that connects may not change the schema.
        MigrationBlocked: A lock was not to be had within its time limit.
        SchemaUnknown: The database is newer than this version.
    """
    pending = pending_revisions(engine)
    if pending:
        config = _config()
        config.attributes["url"] = engine.url
        try:
            command.upgrade(config, "head")
        except OperationalError as error:
            if getattr(error.orig, "pgcode", None) in GAVE_UP:
                raise MigrationBlocked from error
            raise DatabaseUnavailable from error
        except ProgrammingError as error:
            _refuse_stranger(engine, error)
            raise
    return pending


def downgrade(engine: Engine, revision: str) -> list[str]:
    """Take migrations back to an older revision, in one transaction; only where nothing is lost.

    Args:
        engine: The database.
        revision: The one that is the newest afterwards.

    Returns:
        The revisions that were taken back, newest first; empty when there was nothing to do.

    Raises:
        DatabaseUnavailable: PostgreSQL does not answer.
        MayNotMigrate: The role that connects may not change the schema.
        MigrationBlocked: A lock was not to be had within its time limit.
        RevisionNotBehind: The revision is not one that the database has.
        SchemaUnknown: The database is newer than this version.
        WayDownLoses: Rows or values would be lost, or a migration has no way down.
    """
    back = steps_back(engine, revision)
    waiting = iter(back)

    def look(connection: Connection) -> None:
        """Look at the step that comes next, as the one before has left the schema."""
        for step in islice(waiting, 1):
            lock_tables(connection, step.costs)
            _refuse_loss(connection, step)

    if back:
        config = _config()
        config.attributes |= {"url": engine.url, "before_step": look}
        try:
            command.downgrade(config, revision)
        except OperationalError as error:
            if getattr(error.orig, "pgcode", None) in GAVE_UP:
                raise MigrationBlocked from error
            raise DatabaseUnavailable from error
        except ProgrammingError as error:
            _refuse_stranger(engine, error)
            raise
    return [step.revision for step in back]


def pending_revisions(engine: Engine) -> list[str]:
    """Return the revisions this version knows and the database lacks, oldest first.

    Raises:
        DatabaseUnavailable: PostgreSQL does not answer.
        SchemaUnknown: The database is newer than this version.
    """
    current = current_revision(engine)
    script = ScriptDirectory.from_config(_config())
    try:
        newer = list(script.iterate_revisions("head", current or "base"))
    except RevisionError as error:
        raise SchemaUnknown(current or "") from error
    return [revision.revision for revision in reversed(newer)]


def steps_back(engine: Engine, revision: str) -> list[Step]:
    """Return the steps that lead back to an older revision, newest first.

    Raises:
        DatabaseUnavailable: PostgreSQL does not answer.
        RevisionNotBehind: The revision is not one that the database has.
        SchemaUnknown: The database is newer than this version.
    """
    current = current_revision(engine)
    pending_revisions(engine)
    applied = [step for step in known_steps() if current is not None and step.revision <= current]
    if revision not in {step.revision for step in applied}:
        raise RevisionNotBehind(revision, current)
    return [step for step in reversed(applied) if step.revision > revision]


def losses_of(engine: Engine, step: Step) -> list[Loss]:
    """Return what taking a step back would lose now, counted where it can be; empty where nothing.

    Raises:
        DatabaseUnavailable: PostgreSQL does not answer.
    """
    try:
        with engine.connect() as connection:
            return _losses(connection, step)
    except OperationalError as error:
        raise DatabaseUnavailable from error


def is_known(revision: str) -> bool:
    """Say whether this version knows a revision of the schema."""
    try:
        return ScriptDirectory.from_config(_config()).get_revision(revision) is not None
    except (RevisionError, CommandError):
        return False


def current_revision(engine: Engine) -> str | None:
    """Return the revision the database is at; None for an empty one."""
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except OperationalError as error:
        raise DatabaseUnavailable from error
    except ProgrammingError:
        return None


def schema_differences(engine: Engine) -> list[str]:
    """Return how the migrated schema differs from the models, one line each; this is ``alembic check``.

    The caller imports the models it wants compared.
    """
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        return [str(difference) for difference in compare_metadata(context, SQLModel.metadata)]


def upgrade_sql() -> str:
    """Return the SQL that brings an empty database to the newest revision, for whoever runs it by hand."""
    config = _config()
    config.output_buffer = io.StringIO()
    command.upgrade(config, "head", sql=True)
    return config.output_buffer.getvalue()


def _refuse_stranger(engine: Engine, error: ProgrammingError) -> None:
    if getattr(error.orig, "pgcode", None) == NO_PRIVILEGE:
        raise MayNotMigrate(engine.url.username) from error


def _refuse_loss(connection: Connection, step: Step) -> None:
    if losses := _losses(connection, step):
        raise WayDownLoses(step.revision, losses)


def _losses(connection: Connection, step: Step) -> list[Loss]:
    if not step.has_way_down:
        return [Loss("o esquema de antes: não há caminho de volta", None)]
    return count_losses(connection, step.costs)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.set_main_option("path_separator", "os")
    return config
