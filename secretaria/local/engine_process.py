"""One engine in the background: started until it answers, stopped cleanly, and found again after a killed parent."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from secretaria.errors import Unavailable
from secretaria.local.privileges import launch

START_SECONDS = 60.0
HELD_BACK_SECONDS = 10.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.02
LAST_BYTES = 4096


class EngineFailed(Unavailable):
    """An engine ended, or stayed silent, instead of answering."""


class EngineProcess:
    """A server we start, watch and stop.

    Attributes:
        name: What operators call it.
    """

    def __init__(
        self, name: str, argv: Sequence[str], log: Path, stop_signal: signal.Signals, answers: Callable[[], bool]
    ) -> None:
        self.name = name
        self._argv = tuple(argv)
        self._log = log
        self._stop_signal = stop_signal
        self._answers = answers
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the server while it lives."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Start the server and wait until it answers.

        What is left of a killed server may hold a new one back, so one that ends at once is tried again for a while.

        Raises:
            EngineFailed: It did not come up.
        """
        began = time.monotonic()
        self._launch()
        while not (self.pid and self._answers()):
            waited = time.monotonic() - began
            if self.pid is None:
                if waited > HELD_BACK_SECONDS:
                    raise self._failed("encerrou ao iniciar")
                time.sleep(POLL_SECONDS * 10)
                self._launch()
            elif waited > START_SECONDS:
                self.stop()
                raise self._failed("não respondeu a tempo")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Stop the server cleanly, or by force when it does not end in time."""
        if self._process is None:
            return
        self._process.send_signal(self._stop_signal)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _launch(self) -> None:
        with self._log.open("ab") as log:
            self._log.chmod(0o600)
            self._process = launch(self._argv, log)

    def _failed(self, what: str) -> EngineFailed:
        lines = self._log.read_bytes()[-LAST_BYTES:].decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "sem explicação")
        return EngineFailed(f"o {self.name} {what}: {last}", f"veja o registro em {self._log}")


def stop_leftover(pid_file: Path, mark: str, stop_signal: signal.Signals) -> None:
    """Stop the server that a killed parent left running, and forget a process id that now belongs to another program.

    Args:
        pid_file: Where the server wrote its process id, first line.
        mark: What only the command line of our server contains; readable even where its folders are not.
        stop_signal: What makes it end cleanly.
    """
    if not pid_file.exists():
        return
    with suppress(ValueError, psutil.NoSuchProcess, psutil.AccessDenied):  # unreadable, gone, or somebody else's
        process = psutil.Process(int(pid_file.read_text(encoding="utf-8").split("\n", 1)[0]))
        if mark in " ".join(process.cmdline()):
            process.send_signal(stop_signal)
            if not _ended(process, STOP_SECONDS):
                process.kill()
                _ended(process, STOP_SECONDS)
    pid_file.unlink(missing_ok=True)


def _ended(process: psutil.Process, seconds: float) -> bool:
    """Wait for a process that is not our child; a zombie nobody collects has ended too."""
    deadline = time.monotonic() + seconds
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
