"""The steps of an installation without containers: one service that brings its own engines, kept by systemd or by hand."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from secretaria.installing.steps import Outcome, Step, wait_until
from secretaria.machine.commands import Argv
from secretaria.machine.preflight import GIB, Finding, look_at_clock, look_at_disk, look_at_memory, look_at_port
from secretaria.machine.runner import Runner

READY_SECONDS, WORKERS_SECONDS = 90.0, 60.0
ANSWER_SECONDS, OK = 5.0, 200
DISK_BYTES = 2 * GIB


@dataclass(frozen=True)
class Door:
    """Where the service of an installation answers.

    Attributes:
        host: The address it listens on.
        port: Its port.
    """

    host: str
    port: int

    def answers(self, path: str) -> bool:
        """Ask the service for one of its health pages."""
        reached = "127.0.0.1" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104  # compared, not served
        connection = http.client.HTTPConnection(reached, self.port, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def look_at_machine(runner: Runner, home: Path, door: Door) -> Iterator[Finding]:
    """Look at what an installation without containers needs."""
    yield look_at_disk(home, minimum_bytes=DISK_BYTES)
    yield look_at_memory()
    yield look_at_clock(runner)
    yield look_at_port(door.port, ours=lambda _: door.answers("/livez"))


def run_beside_step(runner: Runner, up: Argv, door: Door, stack: ExitStack) -> Step:
    """Run the service beside the installation, unless it runs; it ends with the stack.

    Args:
        runner: Starts it.
        up: What runs it.
        door: Where it answers.
        stack: Ends it.
    """

    def take() -> Outcome:
        if door.answers("/readyz"):
            return Outcome(f"já atende na porta {door.port}", before=True)
        beside = stack.enter_context(runner.beside(up))
        seconds = await_door(door, beside.require_alive)
        return Outcome(f"atende na porta {door.port}, pronto em {seconds:.1f} s")

    return Step("serviço", take)


def await_door(door: Door, look: Callable[[], None]) -> float:
    """Wait until the service is ready and a worker lives.

    Args:
        door: Where it answers.
        look: Looked at in between; raises where waiting has become vain.

    Returns:
        How many seconds it took.

    Raises:
        Unavailable: It took too long.
    """

    def open_to(path: str) -> Callable[[], bool]:
        def is_open() -> bool:
            look()
            return door.answers(path)

        return is_open

    hint = "veja o que dizem os processos: secretaria logs"
    seconds = wait_until(
        open_to("/readyz"), READY_SECONDS, f"o serviço não ficou pronto em {READY_SECONDS:.0f} s", hint
    )
    return seconds + wait_until(open_to("/healthz"), WORKERS_SECONDS, "nenhum worker apareceu", hint)
