"""The publishing process is killed at each step: a second deploy finds its way by what the engine shows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kill_points import POINTS, is_noted
from tests.recorded_installation import Installation

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("point", POINTS)
def test_second_deploy_ends_what_a_kill_left(shop: Installation, point: str) -> None:
    """One version runs, the ledger and the tags agree, and nothing of the killed one lies around."""
    armed = shop.folder / "armed"
    armed.write_text(point, encoding="utf-8")
    environment = {**os.environ, "SECRETARIA_FAULTS": "1", "SECRETARIA_CRASH_FILE": str(armed)}
    command = (sys.executable, "-m", "tests.recorded_installation", str(shop.folder))
    killed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    version = shop.deploy().version
    assert version == ("0.1.3" if is_noted(point) else "0.1.2")
    assert (shop.versions("api"), shop.versions("worker")) == ([version], [version])
    assert f"v{version}" in shop.tags()
    assert {f"v{one.version}" for one in shop.ledger if one.outcome == "released"} == set(shop.tags())
    assert not (shop.folder / "home/release-tree").exists()
    assert not (shop.folder / "home/deploy.lock").exists()


def test_second_deploy_that_fails_goes_back_to_what_last_passed(shop: Installation) -> None:
    """Not to the version that the killed process left half switched."""
    armed = shop.folder / "armed"
    armed.write_text("deploy.gate", encoding="utf-8")
    environment = {**os.environ, "SECRETARIA_FAULTS": "1", "SECRETARIA_CRASH_FILE": str(armed)}
    command = (sys.executable, "-m", "tests.recorded_installation", str(shop.folder))
    subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert shop.versions("api") == ["0.1.2"]
    shop.change_engine(faults=["doctor"])
    with pytest.raises(Exception, match=r"a 0\.1\.1 está de volta"):
        shop.deploy()
    assert (shop.versions("api"), shop.versions("worker")) == (["0.1.1"], ["0.1.1"])
