"""Restores the parts of a copy into a database beside the real one and compares it, row by row, with what the copy says."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from secretaria.copies.manifest import CopyDamaged, Manifest, survey
from secretaria.copies.postgres import SAME_TEXT, Postgres
from secretaria.crashpoints import crashpoint
from secretaria.machine.runner import CommandFailed

DUMP = "database.dump"
SCRATCH = "secretaria_conferencia_"
SHOWN = 5


def try_aside(postgres: Postgres, manifest: Manifest, contents: Path, now: datetime) -> None:
    """Restore a copy into a scratch database, which is gone afterwards.

    Raises:
        CopyDamaged: It does not restore, or restores to something else.
        CommandFailed: PostgreSQL is away.
    """
    clear_scratch(postgres, SCRATCH)
    name = f"{SCRATCH}{now:%Y%m%d%H%M%S}"
    try:
        fill_aside(postgres, name, manifest, contents)
    finally:
        postgres.drop(name)


def clear_scratch(postgres: Postgres, prefix: str) -> None:
    """Drop the databases that a killed process left."""
    for left in postgres.databases(prefix):
        postgres.drop(left)


def fill_aside(postgres: Postgres, name: str, manifest: Manifest, contents: Path) -> None:
    """Restore the dump of a copy into a new database and compare it; the caller drops it.

    Raises:
        CopyDamaged: It does not restore, or restores to something else.
    """
    postgres.create(name)
    crashpoint("copies.created")
    try:
        with (contents / DUMP).open("rb") as dump:
            postgres.fill(name, dump)
    except CommandFailed as error:
        raise CopyDamaged(f"o PostgreSQL não a aceitou: {error.lines[-1] if error.lines else ''}") from error
    found = differences(postgres, name, manifest)
    if found:
        more = f" e mais {len(found) - SHOWN}" if len(found) > SHOWN else ""
        raise CopyDamaged(f"restaurada, ela difere em {', '.join(found[:SHOWN])}{more}")


def differences(postgres: Postgres, name: str, manifest: Manifest) -> list[str]:
    """Return the tables of a database that are not as a copy says; their content counts on the same major only."""
    tables, _, server = survey(lambda sql: postgres.tell(f"{SAME_TEXT} {sql}", database=name))
    same_major = server.split(".")[0] == manifest.postgresql.split(".")[0]
    return [
        table
        for table in sorted({*tables, *manifest.tables})
        if (here := tables.get(table)) is None
        or (said := manifest.tables.get(table)) is None
        or here.rows != said.rows
        or (same_major and here.mark != said.mark)
    ]
