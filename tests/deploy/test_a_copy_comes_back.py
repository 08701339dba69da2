"""Backup, wipe, restore, verify: on real containers, with the commands an operator types in the folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.installation import Installation, OpenInstallation

pytestmark = pytest.mark.long

ASKED, ERASED, LATER = "5520900009101", "5520900009102", "5520900009103"


def typed(shop: Installation, *arguments: str, code: int = 0) -> str:
    """Type a command of ours in the folder of the installation and return its stdout."""
    ran = subprocess.run(
        [sys.executable, "-m", "secretaria", *arguments],
        cwd=shop.folder, env={**os.environ, "SECRETARIA_HOME": str(shop.folder / "casa")},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ran.returncode == code, f"{arguments}\n{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}"
    return ran.stdout


def asked(shop: Installation, query: str) -> str:
    """Ask the database of the project, in its container."""
    psql = ("psql", "--host", "/var/run/postgresql", "--username", "secretaria")
    return shop.inside("postgres", *psql, "-Atc", query).strip()


def contacts(shop: Installation) -> set[str]:
    """Return the numbers of those who are known."""
    return set(asked(shop, "SELECT number FROM contact").split())


@pytest.fixture(scope="module")
def shop(open_shop: OpenInstallation) -> Installation:
    """Run an installation in which two customers were answered, and copy it."""
    opened = open_shop()
    opened.start()
    for number in (ASKED, ERASED):
        opened.post(number, "quanto custa a limpeza?")
        opened.bubbles_to(number)
    return opened


@pytest.fixture(scope="module")
def copy(shop: Installation) -> Path:
    """Copy it from the host, while it runs."""
    return Path(json.loads(typed(shop, "backup", "--json"))["file"])


def test_a_copy_of_containers_is_proved_from_the_host(shop: Installation, copy: Path) -> None:
    """It restores beside the database of the project to the same rows, and nothing is left of that."""
    proved = json.loads(typed(shop, "backup", "verify", str(copy), "--json"))
    assert proved["rows"] > 0
    assert "conferencia" not in asked(shop, "SELECT datname FROM pg_database")


def test_a_restore_asks_first(shop: Installation, copy: Path) -> None:
    """Without a terminal and without --yes nothing is done."""
    typed(shop, "restore", str(copy), code=6)
    assert contacts(shop) == {ASKED, ERASED}


def test_what_came_later_goes_and_the_erased_do_not_come_back(shop: Installation, copy: Path) -> None:
    """The installation answers again; who was erased since is not in it, and nobody is told anything twice."""
    shop.post(LATER, "quanto custa a limpeza?")
    shop.bubbles_to(LATER)
    typed(shop, "conversations", "erase", ERASED, "--yes")
    said = len(shop.ledger.sent(ASKED))
    done = json.loads(typed(shop, "restore", str(copy), "--yes", "--json"))
    assert done["settled"]["erased"] == 1
    shop.wait_until_ready()
    assert contacts(shop) == {ASKED}
    shop.post(LATER, "tem estacionamento?")
    shop.bubbles_to(LATER)
    assert len(shop.ledger.sent(ASKED)) == said


def test_after_a_wipe_the_copy_brings_the_database_back(shop: Installation, copy: Path) -> None:
    """With the volumes gone, one command on the same folder, and a new message is answered."""
    shop.compose("down", "--volumes", "--timeout", "5")
    typed(shop, "restore", str(copy), "--yes")
    shop.compose("up", "--detach", "proxy", "api", "worker")
    shop.wait_until_ready()
    assert ASKED in contacts(shop)
    before = len(shop.ledger.sent(ASKED))
    shop.post(ASKED, "e o clareamento, quanto é?")
    assert shop.ledger.wait_for(lambda sent: sum(one.number == ASKED for one in sent) > before, timeout=60)
    typed(shop, "backup", "verify")
