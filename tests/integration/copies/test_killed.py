"""A proof or a restore is killed with SIGKILL in the middle: the database is whole, and the next one clears what was left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from secretaria.copies.archive import DRAFT
from secretaria.copies.backup import take_backup, verified_at
from secretaria.copies.finished import Backup, list_backups
from secretaria.copies.premises import Premises
from secretaria.copies.restoring import ASIDE, NEW
from secretaria.copies.trial import SCRATCH
from secretaria.local.engines import EngineUrls
from tests.builders import rows

ROOT = Path(__file__).parents[3]
YESTERDAY, TODAY = ["Ana", "Bia"], ["Bia", "outra"]


@pytest.fixture
def taken(premises: Premises, engine: Engine) -> Backup:
    """Copy the database; what a customer is called changes afterwards."""
    copy = take_backup(premises, reason="teste")
    with engine.begin() as connection:
        connection.execute(text("UPDATE contact SET name = 'outra' WHERE name = 'Ana'"))
    return copy


def run(verb: str, taken: Backup, engines: EngineUrls, folder: Path, kill_at: str = "") -> int:
    """Prove or restore it in a process of its own, and return how that ended."""
    armed = folder / "armed"
    armed.write_text(kill_at, encoding="utf-8")
    environment = {**os.environ, "SECRETARIA_FAULTS": "1", "SECRETARIA_CRASH_FILE": str(armed)}
    urls = (engines.database_url, engines.app_url)
    command = (sys.executable, "-m", "tests.killed_copying", verb, *urls, str(folder), str(taken.path))
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def left_of(premises: Premises) -> list[str]:
    """Return the databases and the folders that are nobody's."""
    databases = [name for prefix in (SCRATCH, NEW, ASIDE) for name in premises.postgres.databases(prefix)]
    return databases + [path.name for path in premises.copies.glob(f"{DRAFT}*")]


def names(who: Engine) -> list[str]:
    """Return what the customers are called, asked by a connection of now: a restore ends those of before."""
    who.dispose()
    return sorted(one["name"] for one in rows(who, "contact"))


def test_a_killed_proof_says_nothing_and_the_next_one_clears_it(
    premises: Premises, engines: EngineUrls, engine: Engine, tmp_path: Path, taken: Backup
) -> None:
    """What it leaves is a database beside the real one, and the copy unpacked; the copy does not count as proved."""
    assert run("verify", taken, engines, tmp_path, "copies.created") == -signal.SIGKILL
    assert (verified_at(taken.path), len(left_of(premises))) == (None, 2)
    assert run("verify", taken, engines, tmp_path) == 0
    assert verified_at(taken.path) is not None
    assert (left_of(premises), names(engine)) == ([], TODAY)


@pytest.mark.parametrize(
    ("point", "stands"),
    [
        ("copies.created", TODAY),
        ("restore.settled", TODAY),
        ("restore.swapped", YESTERDAY),
    ],
)
def test_a_killed_restore_leaves_a_whole_database_and_the_next_one_ends_it(
    premises: Premises,
    engines: EngineUrls,
    owner: Engine,
    tmp_path: Path,
    taken: Backup,
    point: str,
    stands: list[str],
) -> None:
    """That of before until the names are swapped, the restored one after; what was there first is copied in any case."""
    assert run("restore", taken, engines, tmp_path, point) == -signal.SIGKILL
    assert names(owner) == stands
    assert left_of(premises)
    assert len(list_backups(premises.copies)) == 2
    assert run("restore", taken, engines, tmp_path) == 0
    assert (left_of(premises), names(owner)) == ([], YESTERDAY)
