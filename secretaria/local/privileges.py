"""Who the engines run as: ourselves, or nobody when we are root, because PostgreSQL refuses root."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from secretaria.errors import PreflightRefused

NOBODY = 65534
TRAVERSE = 0o1
READ_AND_TRAVERSE = 0o5
ENGINE_ENVIRON = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}  # a PGPORT or TZ of the operator changes nothing


def launch(argv: Sequence[str], log: IO[bytes], stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """Start a program of an engine as the user the engines run as, in its own session.

    Args:
        argv: The command, with an absolute program.
        log: Where both of its outputs are written.
        stdin: What it reads, as ``Popen`` takes it.

    Raises:
        PreflightRefused: The machine does not let us start it.
    """
    nobody = NOBODY if os.geteuid() == 0 else None
    try:
        return subprocess.Popen(  # noqa: S603 - the program is one we looked up, and no shell reads the arguments
            list(argv),
            user=nobody,
            group=nobody,
            extra_groups=None if nobody is None else [],
            umask=0o077,
            cwd="/",
            env=ENGINE_ENVIRON,
            stdin=stdin,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal is for us; the engines stop last
        )
    except OSError as error:
        raise PreflightRefused(f"não consegui iniciar {argv[0]}: {error.strerror or error}") from error


def engine_uid() -> int:
    """Return the user id the engines run as."""
    return NOBODY if os.geteuid() == 0 else os.geteuid()


def closed_part(path: Path) -> Path | None:
    """Return the first part of a path, as far as it exists, that the engines may not pass; None where it is open."""
    if engine_uid() == os.geteuid():
        return None
    for part in (part for part in reversed([path, *path.parents]) if part.exists()):
        needed = READ_AND_TRAVERSE if part == path and part.is_file() else TRAVERSE
        if _granted(part.stat()) & needed != needed:
            return part
    return None


def own_privately(folder: Path) -> None:
    """Make a folder, where it is missing, that only the engines may enter.

    Raises:
        PreflightRefused: Something that is not a folder of the engines' user stands there.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), engine_uid()}:
        raise PreflightRefused(
            f"{folder} pertence a outro usuário",
            "rode com o usuário dono da pasta ou escolha outra: export SECRETARIA_HOME=/outra/pasta",
        )
    if found.st_uid != engine_uid():
        os.chown(folder, NOBODY, NOBODY, follow_symlinks=False)
    folder.chmod(0o700)


def _granted(found: os.stat_result) -> int:
    if found.st_uid == NOBODY:
        return found.st_mode >> 6
    return found.st_mode >> 3 if found.st_gid == NOBODY else found.st_mode
