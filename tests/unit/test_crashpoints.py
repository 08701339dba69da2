"""Crash points: nothing without the switch, one death with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from secretaria.crashpoints import FAULTS_VARIABLE, FILE_VARIABLE

PASSES = "from secretaria.crashpoints import crashpoint; crashpoint('K1'); print('passed')"


@pytest.mark.parametrize(
    ("faults", "armed", "died"), [("1", "K1", True), ("1", "K2", False), ("1", None, False), ("", "K1", False)]
)
def test_only_an_armed_point_kills(tmp_path: Path, faults: str, armed: str | None, *, died: bool) -> None:
    """A process dies only where faults are switched on and the file names this very point, and takes the file away."""
    file = tmp_path / "crash"
    if armed is not None:
        file.write_text(armed, encoding="utf-8")
    environment = {**os.environ, FAULTS_VARIABLE: faults, FILE_VARIABLE: str(file)}
    ended = subprocess.run(
        [sys.executable, "-c", PASSES], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert (ended.returncode == -signal.SIGKILL) is died
    assert ("passed" in ended.stdout) is not died
    assert [path.name for path in tmp_path.iterdir()] == ([] if died or armed is None else ["crash"])
