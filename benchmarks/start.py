"""How long everything takes to begin, and the demo to end: the help, the imports of the service and of a worker, the demo."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Figure, Section, run

HELPS, IMPORTS, DEMOS = 9, 5, 3
DEMO_SECONDS = 60.0
SECRETARIA = str(Path(sys.executable).with_name("secretaria"))
TYPER = (sys.executable, "-c", "import typer")
LIBRARIES = (sys.executable, "-c", "import litestar, sqlmodel, uvicorn, redis")
SERVICE = (sys.executable, "-c", "import secretaria.web.app")
WORKER = (sys.executable, "-c", "import secretaria.workers.main")


def measure(*, short: bool) -> Section:
    """Start each many times, in turns with what it is measured against."""
    helps = [_seconds((SECRETARIA, "--help")) / _seconds(TYPER) for _ in range(HELPS)]
    figures = [Figure.of("`secretaria --help`, against `python -c 'import typer'`", helps, at_most=2.5)]
    if short:
        return Section("Starting", figures)
    turns = [[_seconds(command) for command in (LIBRARIES, SERVICE, WORKER)] for _ in range(IMPORTS)]
    demos = [_demo() for _ in range(DEMOS)]
    figures += [
        Figure.of("import of the service, against its libraries alone", [turn[1] / turn[0] for turn in turns]),
        Figure.of("import of the service", [turn[1] for turn in turns], unit="s"),
        Figure.of("import of a worker", [turn[2] for turn in turns], unit="s"),
        Figure.of("`demo`: start to first reply", [first for first, _ in demos], unit="s", at_most=5.0),
        Figure.of("`demo`: shut down", [end for _, end in demos], unit="s", at_most=5.0),
    ]
    return Section("Starting", figures, [NOTE])


NOTE = "The libraries alone are litestar, sqlmodel, uvicorn and redis. All is warm: files were read before."


def _seconds(command: Sequence[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def _demo() -> tuple[float, float]:
    """Return the seconds until the first reply, and those from Ctrl-C until all of it has ended."""
    begun = time.perf_counter()
    environment = {name: value for name, value in os.environ.items() if name != "LLM_API_KEY"}
    command = (SECRETARIA, "demo", "--once", "--json")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as demo:
        first = _wait_for_reply(demo, begun)
        demo.send_signal(signal.SIGINT)
        asked = time.perf_counter()
        demo.wait(DEMO_SECONDS)
        return first, time.perf_counter() - asked


def _wait_for_reply(demo: subprocess.Popen[bytes], begun: float) -> float:
    for line in demo.stdout or ():
        if line.startswith(b"{") and json.loads(line).get("sender") not in (None, "customer"):
            return time.perf_counter() - begun
    raise SystemExit("the demo ended without a reply")


if __name__ == "__main__":
    run(measure)
