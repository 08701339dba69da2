"""Valkey of a local home: the server of the Redis protocol that answers on a private socket and keeps its log on disk."""

from __future__ import annotations

import signal
import socket
from urllib.parse import quote

from secretaria.local.binaries import Programs
from secretaria.local.engine_process import EngineProcess, stop_leftover
from secretaria.local.home import EngineHome
from secretaria.local.privileges import own_privately

CLEAN_STOP = signal.SIGTERM
ANSWER_SECONDS = 5.0
OPTIONS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
    "daemonize": "no",
}


def redis_url(home: EngineHome) -> str:
    """Return where Valkey of this home answers, whether or not it does now."""
    return f"unix://{quote(str(home.valkey_socket))}"


def prepare_valkey(home: EngineHome) -> None:
    """Make the data folder ready and clear what a killed parent left.

    Raises:
        PreflightRefused: The folder is another user's.
    """
    own_privately(home.valkey_data)
    stop_leftover(home.sockets / "valkey.pid", f"unixsocket:{home.valkey_socket}", CLEAN_STOP)


def valkey_server(programs: Programs, home: EngineHome) -> EngineProcess:
    """Describe the server: every write in the append-only file, nothing evicted, no snapshots."""
    own = {
        "unixsocket": str(home.valkey_socket),
        "dir": str(home.valkey_data),
        "pidfile": str(home.sockets / "valkey.pid"),
    }
    argv = [str(programs.path)]
    argv += [argument for key, value in (own | OPTIONS).items() for argument in (f"--{key}", value)]
    return EngineProcess("Valkey", argv, home.logs / "valkey.log", CLEAN_STOP, lambda: _answers(home))


def _answers(home: EngineHome) -> bool:
    """Ask in the words of the protocol: the client library would be the largest thing that a supervisor keeps in memory."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWER_SECONDS)
        try:
            connection.connect(str(home.valkey_socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")  # -LOADING while it reads its file
        except OSError:  # not listening yet
            return False
