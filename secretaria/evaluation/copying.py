"""The live database copied into another one by PostgreSQL's own programs; nothing is written on the way, to disk or to the source."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import make_url

from secretaria.errors import PreflightRefused, SecretariaError
from secretaria.local.binaries import EngineMissing, find_postgres

LOCK_WAIT = "10s"
ENDING_SECONDS = 10.0


class CopyFailed(SecretariaError):
    """One of PostgreSQL's programs could not do it."""


def copy_database(source: str, target: str) -> None:
    """Copy schema and rows; the source is read in one snapshot, and goes on working.

    Args:
        source: Address of the database that is read.
        target: Address of an empty database.

    Raises:
        PreflightRefused: The programs are not installed.
        CopyFailed: One of them could not do it; it is told in its own words.
    """
    dump = [str(_program("pg_dump")), "--format=custom", "--compress=0", "--no-owner", "--no-acl", "--no-comments"]
    dump += [f"--lock-wait-timeout={LOCK_WAIT}", f"--dbname={_address(source)}"]
    restore = [str(_program("pg_restore")), "--no-owner", "--no-acl", "--exit-on-error", f"--dbname={_address(target)}"]
    reading = subprocess.Popen(  # noqa: S603  # our own arguments, and no shell
        dump, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment(source)
    )
    try:
        writing = subprocess.run(  # noqa: S603  # the same
            restore, stdin=reading.stdout, capture_output=True, env=_environment(target), check=False
        )
        if reading.stdout is not None:
            reading.stdout.close()  # so that the reader of a writer that failed ends too
        _, complaint = reading.communicate(timeout=ENDING_SECONDS)
    finally:
        reading.kill()  # nothing happens to one that has ended
    if reading.returncode or writing.returncode:
        said = (complaint if complaint.strip() else writing.stderr).decode(errors="replace").strip().splitlines()
        raise CopyFailed(
            f"não consegui copiar o banco: {said[0] if said else 'sem explicação'}",
            "pg_dump e pg_restore precisam ser da mesma versão principal do servidor",
        )


def _program(name: str) -> Path:
    """Find a program of PostgreSQL: the one that belongs to the engine of this machine first, since it fits it."""
    try:
        beside = find_postgres().beside(name)
    except EngineMissing:
        beside = Path()
    found = str(beside) if beside.is_file() else shutil.which(name)
    if found is None:
        raise PreflightRefused(f"o programa {name} não está instalado", "apt install postgresql-client")
    return Path(found)


def _address(url: str) -> str:
    """Return an address as PostgreSQL's programs read it, without the password, which all users could see."""
    address = make_url(url)
    return address._replace(drivername="postgresql", password=None).render_as_string()


def _environment(url: str) -> dict[str, str]:
    password = make_url(url).password
    return {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
