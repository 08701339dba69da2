"""Named places at which a test may kill the process that passes; nothing at all unless ``SECRETARIA_FAULTS=1``."""

from __future__ import annotations

import os
import signal
from pathlib import Path

FAULTS_VARIABLE = "SECRETARIA_FAULTS"
FILE_VARIABLE = "SECRETARIA_CRASH_FILE"
_ARMED = Path(os.environ.get(FILE_VARIABLE, "")) if os.environ.get(FAULTS_VARIABLE) == "1" else None


def crashpoint(name: str) -> None:
    """End this process with SIGKILL if the armed file names this point; whoever takes the file away is the only one."""
    if _ARMED is None:
        return
    try:
        if _ARMED.read_text(encoding="utf-8") != name:
            return
        spent = _ARMED.rename(f"{_ARMED}.{os.getpid()}")
    except OSError:  # nothing is armed, or another process was quicker
        return
    spent.unlink()
    os.kill(os.getpid(), signal.SIGKILL)
