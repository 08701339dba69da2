"""The code of the version before works on the newest schema: tried with that code itself, taken from the history.

While a version is rolled out both run, and a rollback puts the older one back without touching the schema. What is judged
by reading (``database/steps.py``) is shown here by running.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from secretaria.database.migrate import upgrade
from secretaria.database.schema import newest_revision
from secretaria.local.engines import EngineUrls
from tests.acceptance.commands import Ran

ROOT = Path(__file__).parents[3]
RELEASE = re.compile(r"v\d+\.\d+\.\d+")
# What stands for `secretaria rehearse` in versions from before there was one.
SCRIPTED = """
import os
from secretaria.database.engine import build_engine
from secretaria.evaluation.dialogues import run_scripted
from secretaria.evaluation.labelled import Bench
from secretaria.evaluation.scenarios import load_scenarios
from secretaria.simulation import SAMPLE_BUSINESS
engine = build_engine(os.environ["DATABASE_URL"])
result = run_scripted(Bench(engine, SAMPLE_BUSINESS), load_scenarios(SAMPLE_BUSINESS))
print(result.mismatches)
raise SystemExit(not result.passed)
"""


@dataclass(frozen=True)
class Before:
    """The version before, laid out in a folder."""

    name: str
    folder: Path

    def tries(self, database_url: str, redis_url: str) -> Ran:
        """Run its code on a database; it ends with 0 where all went as it must."""
        program = ["-m", "secretaria", "rehearse", "--json"]
        if not (self.folder / "secretaria/cli/rehearse.py").is_file():
            program = ["-c", SCRIPTED]
        given = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "SECRETARIA_HOME": str(self.folder / "home")}
        ended = subprocess.run(
            [sys.executable, *program],
            cwd=self.folder,
            env={**os.environ, **given, "PYTHONPATH": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        return Ran(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Before:
    """Lay the version before out: the newest release; before there was one, what the newest migration came after."""
    name, folder = version_before(), tmp_path_factory.mktemp("before")
    if name:
        archive = subprocess.run(["git", "archive", name], cwd=ROOT, capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
            packed.extractall(folder, filter="data")
    else:
        for part in ("secretaria", "migrations"):
            (folder / part).symlink_to(ROOT / part)
    return Before(name, folder)


def version_before() -> str:
    """Name the commit of the version before; empty where the history does not say, as in a shallow clone.

    Then this tree's own code is tried, which must work on its own schema at least; pipelines fetch the whole history.
    """
    if git("rev-parse", "--is-shallow-repository") != "false":
        return ""
    releases = [
        tag for tag in git("tag", "--list", "--merged", "HEAD", "--sort=-version:refname").split() if is_older(tag)
    ]
    if releases:
        return releases[0]
    newest = f"migrations/versions/{newest_revision()}.py"
    added = git("log", "--diff-filter=A", "--format=%H", "-1", "--", newest)
    return git("rev-parse", "--verify", f"{added or 'HEAD'}~1")


def is_older(tag: str) -> bool:
    """Say whether a tag is one of a release, and not of the very commit that is looked at."""
    return RELEASE.fullmatch(tag) is not None and git("rev-parse", f"{tag}^{{commit}}") != git("rev-parse", "HEAD")


def git(*arguments: str) -> str:
    """Ask git; nothing where there is none."""
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


@pytest.mark.usefixtures("engine")
def test_the_code_of_the_version_before_works_on_the_newest_schema(
    owner: Engine, before: Before, engines: EngineUrls
) -> None:
    """Customers are answered, persons respected and bookings made, as far as that version knows how."""
    ran = before.tries(owner.url.render_as_string(hide_password=False), engines.redis_url)
    assert ran.code == 0, (before.name, ran.out[-2000:], ran.err[-2000:])


def test_a_schema_that_took_something_away_would_be_noticed(empty: Engine, before: Before, engines: EngineUrls) -> None:
    """Without a column that it writes, the version before fails here, and not at a customer's."""
    upgrade(empty)
    with empty.begin() as connection:
        connection.execute(text("ALTER TABLE turn DROP COLUMN deadline_at"))
    ran = before.tries(empty.url.render_as_string(hide_password=False), engines.redis_url)
    assert ran.code != 0
