"""Keeps programs running until Ctrl-C or SIGTERM, then stops them cleanly."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterable

from secretaria.local.supervisor import Program, Supervisor

NAME_WIDTH = 8


def supervise(
    programs: Iterable[Program],
    on_line: Callable[[str, str], None],
    *,
    grace_seconds: float,
    on_event: Callable[[str, str], None] | None = None,
    every_second: Callable[[], None] | None = None,
) -> None:
    """Run programs until this process is told to stop.

    Args:
        programs: What to keep running.
        on_line: Receives the name and each line a program writes.
        grace_seconds: How long they may take to stop.
        on_event: Receives the name and what happened to it.
        every_second: Looked at about once a second, for instance to bring back an engine.

    Raises:
        ProgramRefused: A program said that it cannot run as things are.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    supervisor = Supervisor(programs, on_line, on_event)
    try:
        supervisor.start()
        while not stopping.wait(1.0):
            supervisor.check()
            if every_second is not None:
                every_second()
    finally:
        supervisor.stop(grace_seconds)


def tell(name: str, line: str) -> None:
    """Say a line of one of the programs, on the terminal that all of them share."""
    sys.stderr.write(f"{name:<{NAME_WIDTH}} | {line}\n")
    sys.stderr.flush()
