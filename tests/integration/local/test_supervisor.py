"""The supervisor with real programs."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil
import pytest

from secretaria.local.supervisor import Program, ProgramRefused, Supervisor

FOREVER = "import time; print('pronto', flush=True); time.sleep(60)"
STUBBORN = (
    "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    "print(child.pid, flush=True); time.sleep(60)"
)


@dataclass
class Heard:
    """What a supervisor told us."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    events: list[tuple[str, str]] = field(default_factory=list)

    def line(self, name: str, line: str) -> None:
        """Receive a line."""
        self.lines.append((name, line))

    def event(self, name: str, event: str) -> None:
        """Receive an event."""
        self.events.append((name, event))


@pytest.fixture
def heard() -> Heard:
    """Return an empty record."""
    return Heard()


def python(name: str, code: str, **environ: str) -> Program:
    """Return a program that runs a bit of Python."""
    return Program(name, (sys.executable, "-c", code), {**os.environ, **environ})


def supervise(heard: Heard, *programs: Program) -> Supervisor:
    """Return a supervisor that is heard."""
    return Supervisor(programs, heard.line, heard.event)


def wait_until(condition: Callable[[], object], supervisor: Supervisor | None = None) -> None:
    """Wait a few seconds for something to become true, with the supervisor at work where one is given."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        if supervisor is not None:
            supervisor.check()
        time.sleep(0.02)


def has_ended(pid: int) -> bool:
    """Say whether a process that is not ours to collect is gone."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_lines_arrive_with_the_name_of_who_wrote_them(heard: Heard) -> None:
    """Both outputs of every program are handed on line by line, and bytes that are not text do no harm."""
    code = (
        "import os, sys, time; print(os.environ['NOME'], flush=True);"
        "os.write(2, b'erro \\xff\\n'); os.write(1, 'sem fim de linha é'.encode()); os.close(1); os.close(2);"
        "time.sleep(60)"
    )
    supervisor = supervise(heard, python("web", code, NOME="um"), python("worker", code, NOME="dois"))

    supervisor.start()
    wait_until(lambda: len(heard.lines) == 6)
    supervisor.stop()

    assert [line for name, line in heard.lines if name == "web"] == ["um", "erro \ufffd", "sem fim de linha é"]
    assert [line for name, line in heard.lines if name == "worker"] == ["dois", "erro \ufffd", "sem fim de linha é"]


def test_programs_have_a_group_of_their_own(heard: Heard) -> None:
    """Ctrl-C in the terminal reaches only the supervisor, which then stops the others in order."""
    supervisor = supervise(heard, python("web", FOREVER))
    supervisor.start()
    pid = supervisor.statuses()["web"].pid
    assert pid is not None

    assert os.getpgid(pid) == pid != os.getpgid(0)

    supervisor.stop()


def test_a_program_that_dies_is_brought_back_after_growing_pauses(heard: Heard) -> None:
    """A crash is followed by half a second of pause, the next by a whole one; the other program is not disturbed."""
    supervisor = supervise(heard, python("frágil", "print('oi'); raise SystemExit(7)"), python("web", FOREVER))
    began = time.monotonic()
    supervisor.start()
    steady = supervisor.statuses()["web"]

    wait_until(lambda: supervisor.statuses()["frágil"].restarts == 2, supervisor)

    assert time.monotonic() - began >= 1.5
    assert supervisor.statuses()["web"] == steady
    told = [event for name, event in heard.events if name == "frágil" and "código" in event]
    assert told == ["encerrou com código 7; volta em 0,5 s", "encerrou com código 7; volta em 1 s"]
    supervisor.stop()


def test_a_killed_program_comes_back_without_its_old_children(heard: Heard) -> None:
    """After kill -9 the orphans of a program are gone before it starts again, so that they hold no port against it."""
    supervisor = supervise(heard, python("worker", STUBBORN))
    supervisor.start()
    wait_until(lambda: heard.lines)
    orphan = int(heard.lines[0][1])
    first = supervisor.statuses()["worker"].pid
    assert first is not None

    os.kill(first, signal.SIGKILL)
    wait_until(lambda: supervisor.statuses()["worker"].state == "waiting", supervisor)
    wait_until(lambda: has_ended(orphan))
    wait_until(lambda: supervisor.statuses()["worker"].state == "running", supervisor)

    assert ("worker", "foi encerrado pelo sinal 9; volta em 0,5 s") in heard.events
    assert supervisor.statuses()["worker"].pid != first
    supervisor.stop(grace_seconds=0.1)


def test_a_stop_lets_programs_finish(heard: Heard) -> None:
    """Told to stop, each program gets to say its last words, and run returns as soon as the event is set."""
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n    print('guardei tudo', flush=True); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end); print('pronto', flush=True); time.sleep(60)"
    )
    supervisor = supervise(heard, python("web", code), python("worker", code))
    stop = threading.Event()
    supervisor.start()
    running = threading.Thread(target=supervisor.run, args=(stop,))
    running.start()
    wait_until(lambda: len(heard.lines) == 2)

    stop.set()
    running.join(timeout=5)
    assert not running.is_alive()
    supervisor.stop()

    assert sorted(heard.lines[2:]) == [("web", "guardei tudo"), ("worker", "guardei tudo")]
    assert {status.state for status in supervisor.statuses().values()} == {"stopped"}
    assert {status.pid for status in supervisor.statuses().values()} == {None}
    assert heard.events[-2:] == [("web", "parado"), ("worker", "parado")]


def test_what_does_not_end_in_time_is_killed_with_its_children(heard: Heard) -> None:
    """A program deaf to SIGTERM, and whatever it started, is gone when the grace is over."""
    supervisor = supervise(heard, python("surdo", STUBBORN))
    supervisor.start()
    wait_until(lambda: heard.lines)
    pids = [supervisor.statuses()["surdo"].pid, int(heard.lines[0][1])]
    began = time.monotonic()

    supervisor.stop(grace_seconds=0.5)

    assert 0.5 <= time.monotonic() - began < 3
    wait_until(lambda: all(pid is not None and has_ended(pid) for pid in pids))


@pytest.mark.parametrize("code", [2, 3])
def test_a_refusal_is_final(heard: Heard, code: int) -> None:
    """A program that says its configuration or the machine is wrong is not tried again: all stop and its words remain."""
    refusing = f"import sys; print('erro: falta WEBHOOK_SECRET', file=sys.stderr); sys.exit({code})"
    supervisor = supervise(heard, python("web", FOREVER), python("worker", refusing))
    supervisor.start()
    web = supervisor.statuses()["web"].pid
    assert web is not None

    with pytest.raises(ProgramRefused, match="worker não pode rodar") as refused:
        supervisor.run(threading.Event())

    assert refused.value.exit_code == code
    assert refused.value.last_lines == ("erro: falta WEBHOOK_SECRET",)
    assert "falta WEBHOOK_SECRET" in refused.value.message
    assert has_ended(web)
    assert {status.state for status in supervisor.statuses().values()} == {"stopped"}


def test_a_command_that_does_not_exist_stops_the_others(heard: Heard) -> None:
    """Starting is all or nothing: when one command cannot be run, the ones already started are stopped."""
    supervisor = supervise(heard, python("web", FOREVER), Program("worker", ("/nao/existe",), {}))

    with pytest.raises(ProgramRefused, match="/nao/existe"):
        supervisor.start()

    assert {status.state for status in supervisor.statuses().values()} == {"stopped"}
    assert ("web", "parado") in heard.events
