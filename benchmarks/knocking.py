"""Knocks at a door with wrk: distinct events with a real signature from so many clients, and what came of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_suffix(".lua")
SECRET = "segredo-da-medida-com-mais-de-32-bytes"  # noqa: S105  # invented


@dataclass(frozen=True, slots=True)
class Knocked:
    """Requests a second, and milliseconds at the middle and near the end."""

    per_second: float
    p50: float
    p99: float


def require_wrk() -> None:
    """Say what is missing.

    Raises:
        SystemExit: wrk is not installed.
    """
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing, which makes the load: apt-get install wrk")


def knock(url: str, clients: int, seconds: int) -> Knocked:
    """Post for some seconds; every answer must be a success.

    Raises:
        SystemExit: One was not, or wrk failed.
    """
    load = ["--threads", "1", "--connections", str(clients), "--duration", f"{seconds}s", "--timeout", "10s"]
    command = ["wrk", *load, "--script", str(SCRIPT), url, "--", SECRET, os.urandom(6).hex().upper()]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    line = next((line for line in told.stdout.splitlines() if line.startswith("KNOCKED ")), None)
    if line is None:
        raise SystemExit(f"wrk failed: {told.stderr or told.stdout}")
    requests, microseconds, p50, p99, errors = (int(word) for word in line.split()[1:])
    if errors:
        raise SystemExit(f"{errors} of {requests} requests at {url} failed")
    return Knocked(requests / microseconds * 1e6, p50 / 1000, p99 / 1000)
