"""The folder of local data: where each engine keeps its things, and the lock that leaves it to one instance."""

from __future__ import annotations

import fcntl
import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from secretaria.errors import PreflightRefused
from secretaria.local.privileges import closed_part, engine_uid, own_privately

POSTGRES_PORT = 5432  # only part of the socket's name: nothing listens on the network
POSTGRES_SOCKET = f".s.PGSQL.{POSTGRES_PORT}"
VALKEY_SOCKET = "valkey.sock"
MAXIMUM_SOCKET_BYTES = 100
SHORT_FOLDER = Path("/tmp")  # noqa: S108 - short, and open to the engines' user; what we make in it is private
ANOTHER_HOME_HINT = "escolha outra pasta: export SECRETARIA_HOME=/outra/pasta"


@dataclass(frozen=True, slots=True)
class EngineHome:
    """Paths of the engines inside the folder of local data.

    Attributes:
        root: The folder itself, without symbolic links.
    """

    root: Path

    @property
    def postgres_data(self) -> Path:
        """Data of PostgreSQL."""
        return self.root / "postgres"

    @property
    def valkey_data(self) -> Path:
        """Data of Valkey."""
        return self.root / "valkey"

    @property
    def logs(self) -> Path:
        """What the engines say."""
        return self.root / "logs"

    @property
    def copies(self) -> Path:
        """Copies of programs that the engines' user could not reach."""
        return self.root / "engines"

    @property
    def sockets(self) -> Path:
        """Folder of the sockets: inside the home, or a short one named after it where that path does not do."""
        inside = self.root / "run"
        fits = len(os.fsencode(inside / POSTGRES_SOCKET)) < MAXIMUM_SOCKET_BYTES
        if fits and "," not in str(inside):  # to libpq a comma separates two hosts
            return inside
        name = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        return SHORT_FOLDER / f"secretaria-{engine_uid()}-{name}"

    @property
    def valkey_socket(self) -> Path:
        """Where Valkey listens."""
        return self.sockets / VALKEY_SOCKET


def take_home(home: EngineHome) -> IO[str]:
    """Make the folder of local data ready and keep it to ourselves.

    Returns:
        The lock; the home is ours until it is closed or we die.

    Raises:
        PreflightRefused: It cannot be written, another instance uses it, or the engines could not enter it.
    """
    _refuse_closed(home.root.parent)
    try:
        _make_root(home.root)
        lock = _lock(home.root / "engines.lock")
        try:
            _open_for_engines(home)
        except BaseException:
            lock.close()
            raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise PreflightRefused(f"não consigo gravar em {home.root}: {reason}", ANOTHER_HOME_HINT) from error
    return lock


def give_back(home: EngineHome, lock: IO[str]) -> None:
    """Leave the home to whoever starts next, and nothing of ours outside of it."""
    if home.sockets.parent == SHORT_FOLDER:
        with suppress(OSError):  # a server killed by force leaves its socket; the next start clears it
            home.sockets.rmdir()
    lock.close()


def _refuse_closed(path: Path) -> None:
    closed = closed_part(path)
    if closed is not None and closed.is_dir():
        raise PreflightRefused(
            f"os servidores locais não rodam como root e não conseguem entrar em {closed}",
            f"abra a passagem com: chmod o+x {closed}; ou {ANOTHER_HOME_HINT}",
        )


def _make_root(root: Path) -> None:
    """Make the home; an empty one of ours was made for us, so opening a passage through it surprises nobody."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = root.stat()
    if os.geteuid() == 0 and found.st_uid == 0 and not any(root.iterdir()):
        root.chmod(found.st_mode | 0o011)


def _lock(path: Path) -> IO[str]:
    lock = path.open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        holder = lock.read().strip()
        lock.close()
        raise PreflightRefused(
            f"a pasta {path.parent} já está em uso por outra secretaria (processo {holder or 'desconhecido'})",
            f"pare a outra ou {ANOTHER_HOME_HINT}",
        ) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _open_for_engines(home: EngineHome) -> None:
    _refuse_closed(home.root)
    home.logs.mkdir(mode=0o700, exist_ok=True)
    own_privately(home.sockets)
