"""The finished copies of an installation: where they are, how they are named, which is the newest; no copy is opened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from secretaria.errors import NotFound
from secretaria.settings import Settings, root_of

PREFIX = "secretaria-"
STAMP = "%Y%m%dT%H%M%SZ"
LOCKED = ".age"


class CopyNotFound(NotFound):
    """There is no copy."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"nenhuma cópia em {folder}", "faça uma com: secretaria backup")


@dataclass(frozen=True)
class Backup:
    """A finished copy.

    Attributes:
        path: The file.
        bytes: Its size.
        taken_at: The moment it shows.
        migration_head: Revision of the schema in it; empty where only the file's name was read.
        seconds: How long it took; 0 where it was found.
    """

    path: Path
    bytes: int
    taken_at: datetime
    migration_head: str = ""
    seconds: float = 0.0


def copies_folder(settings: Settings) -> Path:
    """Return where the copies are: in the local data, or in the folder of an installation of containers.

    A service of systemd may write to the local data only; in compose the host keeps none.
    """
    base = settings.home if settings.deploy.engine == "local" else root_of(settings)
    return base / settings.backup.folder.expanduser()


def latest_backup(folder: Path) -> Backup:
    """Return the newest finished copy in a folder.

    Raises:
        CopyNotFound: There is none.
    """
    found = list_backups(folder)
    if not found:
        raise CopyNotFound(folder)
    return found[0]


def list_backups(folder: Path) -> list[Backup]:
    """Return the finished copies in a folder, the newest first; only their names are read."""
    found = []
    for path in folder.glob(f"{PREFIX}*.tar*"):
        stamp, _, rest = path.name.removeprefix(PREFIX).partition(".")
        if rest not in {"tar", f"tar{LOCKED}"}:
            continue
        try:
            taken_at = datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
        except ValueError:
            continue
        found.append(Backup(path, path.stat().st_size, taken_at))
    return sorted(found, key=lambda backup: backup.taken_at, reverse=True)
