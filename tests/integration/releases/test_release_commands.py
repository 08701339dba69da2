"""The commands as a person types them: what they print, and how they end."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from secretaria.releases.lock import Holder
from tests.recorded_installation import Installation


def typed(shop: Installation, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Type a command in the folder of an installation, without a terminal."""
    (shop.folder / "checkout/secretaria.toml").write_text(
        '[deploy]\nengine = "compose"\nproject = "shop"\n', encoding="utf-8"
    )
    home = str(shop.folder / "home")
    environment = {**os.environ, **shop.environment, "SECRETARIA_HOME": home}
    command = (str(Path(sys.executable).parent / "secretaria"), *arguments)  # -m would find the shop's own package
    return subprocess.run(
        command, cwd=shop.folder / "checkout", env=environment, capture_output=True, text=True, check=False
    )


def test_dry_run_tells_plan_and_reversal_and_touches_nothing(shop: Installation) -> None:
    """Nine steps, each with what is done if it fails."""
    before = shop.engine["containers"]
    plan = json.loads(typed(shop, "deploy", "minor", "--dry-run", "--json").stdout)
    assert (plan["version"], plan["before"], len(plan["steps"])) == ("0.2.0", "0.1.1", 9)
    assert all(step["if_it_fails"] for step in plan["steps"])
    assert [step["name"] for step in plan["steps"] if step["affects_customers"]] == ["migrate", "switch", "gate"]
    assert (shop.engine["containers"], len(shop.ledger)) == (before, 1)


@pytest.mark.parametrize("command", [("deploy",), ("rollback",)])
def test_nobody_agreed(shop: Installation, command: tuple[str, ...]) -> None:
    """Without a terminal --yes is needed."""
    shop.deploy()
    assert typed(shop, *command).returncode == 6


def test_held_lock_ends_with_its_own_code(shop: Installation) -> None:
    """And is taken away only by who means it."""
    now = time.time()
    held = Holder("t", "rui@filial", f"not-{socket.gethostname()}", 1, 0.0, "publicação", "9.0.0", now, now)
    (shop.folder / "home/deploy.lock").write_text(json.dumps(vars(held)), encoding="utf-8")
    refused = typed(shop, "deploy", "--yes")
    assert (refused.returncode, "rui@filial" in refused.stderr) == (4, True)
    assert typed(shop, "releases", "unlock", "--yes").returncode == 0
    assert not (shop.folder / "home/deploy.lock").exists()


def test_version_that_answers_nothing_ends_with_its_own_code(fresh_shop: Installation) -> None:
    """Five: it was taken back; nothing ran before it, so nothing runs."""
    fresh_shop.change_engine(faults=["doctor"], database="")
    ended = typed(fresh_shop, "deploy", "--yes")
    assert (ended.returncode, "rodada: a rodada está ausente" in ended.stderr) == (5, True)
    assert fresh_shop.engine["containers"] == []


def test_list_marks_what_runs(shop: Installation) -> None:
    """One line for each attempt."""
    assert typed(shop, "releases").stdout.startswith("→ 0.1.1     publicação no ar")


def test_way_back_can_be_looked_at(shop: Installation) -> None:
    """Which version, and that the database stays."""
    shop.deploy()
    told = json.loads(typed(shop, "rollback", "--dry-run", "--json").stdout)
    assert (told["version"], told["before"], told["undone"]) == ("0.1.1", "0.1.2", [])


def test_unknown_tag_is_told(shop: Installation) -> None:
    """Nothing is built from a guess."""
    refused = typed(shop, "deploy", "--tag", "v7.7.7", "--yes")
    assert (refused.returncode, "a marca v7.7.7 não existe" in refused.stderr) == (1, True)
