"""What the migrations do, as Alembic's own operations: each is run against nothing, and what it asks for is noted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Never

from alembic.config import Config
from alembic.operations import Operations
from alembic.operations.ops import CreateTableOp, MigrateOperation
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from secretaria.database.schema import migrations_folder

Noted = tuple[MigrateOperation, ...]


class LooksAtRows(Exception):
    """A migration asked for a connection; what it does depends on what it would have read."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration as it is written.

    Attributes:
        revision: Its name, which is that of its file.
        up: What it asks for; None where that cannot be told without a database.
        down: What takes it back; None where nothing does, or where it cannot be told.
        safe_because: What its author says of operations that nobody can judge from outside; empty for most.
        unused_since: The first release that did not use what it takes away, by its author's word; empty for most.
    """

    revision: str
    up: Noted | None
    down: Noted | None
    safe_because: str
    unused_since: str


@cache
def read_migrations(folder: Path | None = None) -> tuple[Migration, ...]:
    """Read every migration of a version, oldest first; nothing is connected to.

    Args:
        folder: Where they are; those of this version by default.
    """
    config = Config()
    config.set_main_option("script_location", str(folder or migrations_folder()))
    config.set_main_option("path_separator", "os")
    scripts = list(ScriptDirectory.from_config(config).walk_revisions())
    return tuple(
        Migration(
            script.revision,
            _noted(getattr(script.module, "upgrade", None)),
            _noted(getattr(script.module, "downgrade", None)),
            str(getattr(script.module, "safe_because", "")),
            str(getattr(script.module, "unused_since", "")),
        )
        for script in reversed(scripts)
    )


def _noted(run: Callable[[], None] | None) -> Noted | None:
    """Run one way of a migration against nothing; None where it is not there, or looks at rows before it decides."""
    if run is None:
        return None
    nothing = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True})
    noted: list[MigrateOperation] = []

    def note(operation: MigrateOperation) -> object:
        noted.append(operation)
        return operation.to_table(nothing) if isinstance(operation, CreateTableOp) else None

    def refuse() -> Never:
        raise LooksAtRows

    with Operations.context(nothing) as operations:
        operations.invoke = note  # type: ignore[method-assign,assignment]  # it hears all of them, and does none
        operations.get_bind = refuse  # type: ignore[method-assign]
        try:
            run()
        except Exception:  # noqa: BLE001  # whatever stops it here, what it does cannot be told
            return None
    return tuple(noted)
