"""Keeps a few programs running by command name: reads what they say, brings back what dies, stops them all cleanly."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Literal

from secretaria.errors import SecretariaError

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
GOOD_RUN_SECONDS = 60.0
CHECK_SECONDS = 0.1
LAST_LINES = 5
FINAL_EXIT_CODES = frozenset({2, 3})  # wrong usage or configuration, machine not ready: starting again changes nothing

State = Literal["running", "waiting", "stopped"]


class ProgramRefused(SecretariaError):
    """A program said that it cannot run as things are.

    Attributes:
        exit_code: What it ended with, fit to be ours.
        last_lines: What it said last.
    """

    def __init__(self, name: str, exit_code: int, last_lines: tuple[str, ...]) -> None:
        said = "\n".join(last_lines) or "(não disse nada)"
        super().__init__(f"{name} não pode rodar (código {exit_code}) e parei os outros; disse por último:\n{said}")
        self.exit_code = exit_code
        self.last_lines = last_lines


@dataclass(frozen=True, slots=True)
class Program:
    """A command to keep running.

    Attributes:
        name: What operators call it.
        argv: The command and its arguments.
        environ: Its whole environment.
    """

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ProgramStatus:
    """How a program is doing.

    Attributes:
        pid: Its process id while it runs.
        restarts: How many times it was brought back.
        state: Running, waiting for its pause to end, or stopped on purpose.
    """

    pid: int | None
    restarts: int
    state: State


@dataclass(slots=True)
class _Child:
    program: Program
    process: subprocess.Popen[str] | None = None
    reader: threading.Thread | None = None
    said: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_LINES))
    state: State = "stopped"
    started_at: float = 0.0
    due_at: float = 0.0
    failures: int = 0
    restarts: int = 0


class Supervisor:
    """Runs programs side by side, each in its own process group so that Ctrl-C reaches only us."""

    def __init__(
        self,
        programs: Iterable[Program],
        on_line: Callable[[str, str], None],
        on_event: Callable[[str, str], None] | None = None,
    ) -> None:
        """Describe the programs without starting them.

        Args:
            programs: What to run; names are unique.
            on_line: Receives the name and each line a program writes, from other threads.
            on_event: Receives the name and what happened to it, in Portuguese; never while ``on_line`` runs.
        """
        self._children = [_Child(program) for program in programs]
        self._on_line = on_line
        self._on_event = on_event
        self._speaking = threading.Lock()

    def start(self) -> None:
        """Start every program.

        Raises:
            ProgramRefused: A command does not exist or cannot be run; the others are stopped.
        """
        for child in self._children:
            self._launch(child)

    def run(self, stop: threading.Event) -> None:
        """Watch the programs until told to stop; stopping them is left to the caller.

        Raises:
            ProgramRefused: A program ended with a final exit code; all are stopped.
        """
        while not stop.wait(CHECK_SECONDS):
            self.check()

    def check(self) -> None:
        """Look at every program once: notice who died, bring back whose pause is over.

        Raises:
            ProgramRefused: A program ended with a final exit code; all are stopped.
        """
        for child in self._children:
            if child.state == "running" and child.process is not None and child.process.poll() is not None:
                self._bury(child, child.process.returncode)
            elif child.state == "waiting" and time.monotonic() >= child.due_at:
                child.restarts += 1
                self._launch(child)

    def stop(self, grace_seconds: float = 30.0) -> None:
        """Ask every program to end, wait, and kill with its children whatever remains.

        Args:
            grace_seconds: How long all of them together may take.
        """
        deadline = time.monotonic() + grace_seconds
        running = [(child, child.process) for child in self._children if child.process is not None]
        for _, process in running:
            process.terminate()
        for child, process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(deadline - time.monotonic(), 0))
            _kill_group(process)
            self._forget(child)
            self._tell(child, "parado")
        for child in self._children:
            child.state = "stopped"

    def statuses(self) -> dict[str, ProgramStatus]:
        """Return how each program is doing, by name."""
        return {
            child.program.name: ProgramStatus(
                pid=child.process.pid if child.process is not None else None,
                restarts=child.restarts,
                state=child.state,
            )
            for child in self._children
        }

    def _launch(self, child: _Child) -> None:
        program = child.program
        try:
            child.process = subprocess.Popen(  # noqa: S603 - our own commands, and no shell reads the arguments
                program.argv,
                env=program.environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            self.stop()
            raise ProgramRefused(program.name, 127, (f"{program.argv[0]}: {error.strerror}",)) from error
        child.said.clear()
        child.reader = threading.Thread(target=self._read, args=(child, child.process.stdout), daemon=True)
        child.reader.start()
        child.started_at = time.monotonic()
        child.state = "running"
        self._tell(child, f"iniciado (processo {child.process.pid})")

    def _read(self, child: _Child, output: IO[str]) -> None:
        with output:
            for line in output:
                text = line.rstrip("\n")
                child.said.append(text)
                with self._speaking:
                    self._on_line(child.program.name, text)

    def _bury(self, child: _Child, exit_code: int) -> None:
        if child.process is not None:
            _kill_group(child.process)  # its own children would hold its ports against the next one
        self._forget(child)
        if exit_code in FINAL_EXIT_CODES:
            self.stop()
            raise ProgramRefused(child.program.name, exit_code, tuple(child.said))
        child.failures = failures_after(child.failures, time.monotonic() - child.started_at)
        pause = pause_seconds(child.failures)
        child.due_at = time.monotonic() + pause
        child.state = "waiting"
        self._tell(child, f"{_ending(exit_code)}; volta em {pause:g} s".replace(".", ","))

    def _forget(self, child: _Child) -> None:
        if child.reader is not None:
            child.reader.join(timeout=1.0)  # what it said last arrives before the news of its end
        child.process = child.reader = None
        child.state = "stopped"

    def _tell(self, child: _Child, event: str) -> None:
        if self._on_event is not None:
            with self._speaking:
                self._on_event(child.program.name, event)


def failures_after(failures: int, ran_seconds: float) -> int:
    """Count one more failure in a row, or the first again after a good run."""
    return 1 if ran_seconds >= GOOD_RUN_SECONDS else failures + 1


def pause_seconds(failures: int) -> float:
    """Return how long to wait before starting a program again after so many failures in a row, one or more."""
    return float(min(FIRST_PAUSE_SECONDS * 2 ** min(failures - 1, 16), LONGEST_PAUSE_SECONDS))


def _ending(exit_code: int) -> str:
    if exit_code >= 0:
        return f"encerrou com código {exit_code}"
    return f"foi encerrado pelo sinal {-exit_code}"


def _kill_group(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
