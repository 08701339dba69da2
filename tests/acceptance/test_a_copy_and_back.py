"""An owner without containers copies, proves and restores with the commands, while the secretary works and while she does not."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from secretaria.database.engine import build_engine
from secretaria.database.migrate import current_revision, downgrade, upgrade
from secretaria.local.engines import EmbeddedEngines
from tests.acceptance.commands import Ran, secretaria

WROTE = "INSERT INTO contact (identity_key, number, name, created_at) VALUES ('552000000301', '5520900000301', :name, now())"


class Home:
    """An installation in a folder, whose engines nobody runs.

    Attributes:
        folder: Where its secretaria.toml and .env would be.
        home: Its local data.
    """

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder, self.home = folder, home

    def typed(self, *arguments: str) -> Ran:
        """Type a command of ours."""
        environment = {"SECRETARIA_HOME": str(self.home), "PRIVACY_KEY": "0123456789abcdef" * 4}
        return secretaria(*arguments, cwd=self.folder, environment=environment, seconds=120)

    def said(self, query: str) -> list[str]:
        """Run a statement and return the first column of what it answers."""
        with EmbeddedEngines(self.home, durable=False) as engines:
            engine = build_engine(engines.urls.database_url)
            with engine.begin() as connection:
                answered = connection.execute(text(query))
                found = [str(row[0]) for row in answered] if answered.returns_rows else []
            engine.dispose()
        return found


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Home]:
    """Make an installation in which somebody wrote."""
    with tempfile.TemporaryDirectory(prefix="secretaria-home-", dir="/tmp") as home:
        Path(home).chmod(0o755)
        with EmbeddedEngines(Path(home), durable=False) as engines:
            engine = build_engine(engines.urls.database_url)
            upgrade(engine)
            with engine.begin() as connection:
                connection.execute(text(WROTE), {"name": "Ana"})
            engine.dispose()
        yield Home(tmp_path, Path(home))


def test_what_was_copied_comes_back(installed: Home) -> None:
    """Copy, prove, list, lose and restore, with nothing else running; without --yes nothing is restored."""
    taken = json.loads(installed.typed("backup", "--json").out)
    proved = installed.typed("backup", "verify")
    assert (proved.code, "restaura" in proved.out) == (0, True)
    (listed,) = json.loads(installed.typed("backup", "list", "--json").out)
    assert (listed["file"], listed["verified_at"] is not None) == (taken["file"], True)
    installed.said("DELETE FROM contact")
    asked = installed.typed("restore", taken["file"])
    assert (asked.code, installed.said("SELECT name FROM contact")) == (6, [])
    done = installed.typed("restore", Path(taken["file"]).name, "--yes", "--json")
    assert (done.code, done.err) == (0, "")
    assert installed.said("SELECT name FROM contact") == ["Ana"]
    assert Path(json.loads(done.out)["safety"]).is_file()


def test_a_copy_of_an_older_version_is_brought_to_this_one(installed: Home) -> None:
    """What was copied before an update comes back after it."""
    with EmbeddedEngines(installed.home, durable=False) as engines:
        engine = build_engine(engines.urls.database_url)
        newest = current_revision(engine)
        downgrade(engine, "0015_drafts")
        engine.dispose()
    taken = json.loads(installed.typed("backup", "--json").out)
    assert installed.typed("restore", taken["file"], "--yes").code == 0
    assert installed.said("SELECT version_num FROM alembic_version") == [newest]


def test_while_she_works_there_are_copies_but_no_restore(installed: Home) -> None:
    """Nobody is put on another database in the middle of a sentence."""
    with EmbeddedEngines(installed.home, durable=False):
        taken = installed.typed("backup", "--json")
        refused = installed.typed("restore", json.loads(taken.out)["file"], "--yes")
    assert (taken.code, refused.code) == (0, 3)
    assert "está no ar" in refused.err


def test_the_daily_copy_is_made_once_and_proved(installed: Home) -> None:
    """Whoever asks again the same day changes nothing."""
    first, second = installed.typed("backup", "--if-due"), installed.typed("backup", "--if-due")
    assert (first.code, second.code, second.out) == (0, 0, "")
    (copy,) = json.loads(installed.typed("backup", "list", "--json").out)
    assert copy["verified_at"] is not None


def test_where_nothing_is_installed_that_is_said(tmp_path: Path) -> None:
    """And what to type instead."""
    ran = secretaria("backup", cwd=tmp_path, environment={"SECRETARIA_HOME": str(tmp_path / "nada")})
    assert (ran.code, "secretaria up" in ran.err) == (3, True)
