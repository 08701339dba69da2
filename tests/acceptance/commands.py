"""Runs our own command as a person would, and says what came of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from secretaria.settings import ALIASES, ENVIRONMENT_NAMES, OVERRIDE_PREFIX


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


def secretaria(
    *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None, stdin: str = "", seconds: float = 60
) -> Ran:
    """Run ``secretaria`` in a folder with nothing of the caller's configuration but what is given."""
    ended = subprocess.run(
        [sys.executable, "-m", "secretaria", *arguments],
        cwd=cwd,
        env=clean_environment(environment),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr)


def clean_environment(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of this process without any configuration of ours but what is given."""
    own = {*ENVIRONMENT_NAMES, *ALIASES, "SECRETARIA_CONFIG", "SECRETARIA_HOME", "PROMETHEUS_MULTIPROC_DIR"}
    clean = {k: v for k, v in os.environ.items() if k not in own and not k.startswith(OVERRIDE_PREFIX)}
    return {**clean, **(given or {})}


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
