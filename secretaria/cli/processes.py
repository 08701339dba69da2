"""What the commands that start processes share: what must be configured, a free port, a folder for metrics."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from secretaria.errors import PreflightRefused

ENGINES_REQUIRED = ("DATABASE_URL", "REDIS_URL")
DOOR_SECRETS_REQUIRED = ("WEBHOOK_SECRET|WEBHOOK_TOKEN",)
OUTSIDE_REQUIRED = ("WHATICKET_URL", "WHATICKET_TOKEN", "LLM_API_KEY")
DOOR_REQUIRED = (*ENGINES_REQUIRED, *DOOR_SECRETS_REQUIRED)
WORKER_REQUIRED = (*ENGINES_REQUIRED, *OUTSIDE_REQUIRED)
MULTIPROCESS_DIR = "PROMETHEUS_MULTIPROC_DIR"
PARENT_VARIABLE = "SECRETARIA_PARENT"
PARENT_WATCH_SECONDS = 1.0
BACKLOG = 2048


class PortBusy(PreflightRefused):
    """Another program listens on the port we were given."""

    def __init__(self, host: str, port: int, option: str) -> None:
        super().__init__(
            f"não consegui escutar em {host}:{port}: a porta está ocupada ou não é permitida",
            f"escolha outra com {option}, ou veja quem a usa: ss -ltnp 'sport = :{port}'",
        )


def own_command(*arguments: str) -> tuple[str, ...]:
    """Return the argument list that runs a command of ours with this very Python."""
    return (sys.executable, "-m", "secretaria", *arguments)


def supervised(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment that makes a program of ours end when this process is gone, even killed with -9."""
    return {**environ, PARENT_VARIABLE: str(os.getpid())}


def end_with_parent() -> None:
    """End this process as SIGTERM would, once whoever supervises it is gone; without a supervisor, do nothing."""
    parent = os.environ.get(PARENT_VARIABLE)
    if parent is None:
        return

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(PARENT_WATCH_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()


@contextmanager
def ending_as_interrupted() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, so that what it made for the moment is cleared away."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else is built.

    Raises:
        PortBusy: It is not free.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off; without it each answer waits 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise PortBusy(host, port, "--port") from error
    listener.set_inheritable(True)
    return listener


@contextmanager
def own_metrics_folder() -> Iterator[bool]:
    """Give this command and its processes a fresh folder for their counters, unless whoever started it gave one.

    Yields:
        Whether the folder is our own. It must exist before prometheus_client is imported.
    """
    if os.environ.get(MULTIPROCESS_DIR):
        yield False
        return
    folder = tempfile.mkdtemp(prefix="secretaria-metrics-")
    os.environ[MULTIPROCESS_DIR] = folder
    try:
        yield True
    finally:
        shutil.rmtree(folder, ignore_errors=True)
