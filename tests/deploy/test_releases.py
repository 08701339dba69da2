"""One installation is published, broken, killed and taken back, while customers write; each test holds one promise of it.

The story is told once, because each chapter needs the one before; the tests only read what was noted.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.deploy.installation import VERSION, OpenInstallation
from tests.deploy.releasing import Heard, Operator, writing_customers

pytestmark = pytest.mark.long

KILLED, WENT_BACK, FAILED = -9, 5, 1
NEW_TABLE = '''"""A table that nobody needs yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it, and a column to a table in use: that waits for whoever holds the table."""
    op.create_table("novelty", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
    op.add_column("turn", sa.Column("novelty", sa.Text, nullable=True))


def downgrade() -> None:
    """Remove both."""
    op.drop_column("turn", "novelty")
    op.drop_table("novelty")
'''
STRICTER = '''"""A name that only versions before 0.1.1 left empty."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None
unused_since = "0.1.1"


def upgrade() -> None:
    """Ask for it."""
    op.alter_column("novelty", "name", existing_type=sa.Text(), nullable=False)


def downgrade() -> None:
    """Ask no more."""
    op.alter_column("novelty", "name", existing_type=sa.Text(), nullable=True)
'''


@dataclass
class Story:
    """What was seen in each chapter.

    Attributes:
        operator: Who did it.
        ended: How each command ended.
        versions: What ran after each: of api, of worker.
        tags: The tags after each.
        heard: What the customers were answered while it was published and taken back.
        kept: How many events of theirs the database holds.
    """

    operator: Operator
    ended: dict[str, subprocess.CompletedProcess[str]] = field(default_factory=dict)
    versions: dict[str, tuple[list[str], list[str]]] = field(default_factory=dict)
    tags: dict[str, list[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    heard: Heard = field(default_factory=Heard)
    kept: int = 0

    def chapter(self, name: str, *command: str, crash_at: str = "") -> None:
        """Type a command and note what stands afterwards."""
        began = time.monotonic()
        self.ended[name] = self.operator.type(*command, crash_at=crash_at)
        self.seconds[name] = time.monotonic() - began
        self.versions[name] = (self.operator.versions("api"), self.operator.versions("worker"))
        self.tags[name] = self.operator.git("tag").split()

    def count(self, query: str) -> int:
        """Ask the database for a number."""
        asked = ("psql", "--username", "secretaria", "--no-align", "--tuples-only", "--command", query)
        return int(self.operator.installation.inside("postgres", *asked))

    def said(self, name: str) -> str:
        """Return everything a command said, for who reads a failure."""
        return self.ended[name].stdout + self.ended[name].stderr


@pytest.fixture(scope="module")
def story(open_shop: OpenInstallation, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Tell it."""
    installation = open_shop(POSTGRES_APP_PASSWORD="")  # of before there was a role for service and workers
    settings = installation.folder / "secretaria.toml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace("[turns]", "watch_seconds = 1\n[turns]"), encoding="utf-8"
    )
    installation.start()
    told = Story(Operator(installation, tmp_path_factory.mktemp("home")))
    operator = told.operator
    operator.build_quickly(VERSION)
    told.chapter("patch", "deploy", "--yes", "--json")

    with changed(operator, {"docker/Dockerfile": "FROM scratch\nCOPY nothing-of-the-kind /\n"}):
        told.chapter("unbuildable", "deploy", "--yes")

    head = max(path.stem for path in (installation.folder / "migrations/versions").glob("[0-9]*.py"))
    grown, stricter = f"{int(head[:4]) + 1:04}_novelty", f"{int(head[:4]) + 2:04}_stricter"
    operator.commit(
        {
            f"migrations/versions/{grown}.py": NEW_TABLE.format(revision=grown, before=head),
            f"migrations/versions/{stricter}.py": STRICTER.format(revision=stricter, before=grown),
        }
    )
    with a_busy_table(operator):
        told.chapter("blocked migration", "deploy", "minor", "--yes")
    with writing_customers(installation) as told.heard:
        told.chapter("killed", "deploy", "minor", "--yes", crash_at="deploy.switch.drained")
        told.chapter("minor", "deploy", "minor", "--yes")
        told.chapter("refused rollback", "rollback", VERSION, "--yes")
        told.chapter("rollback", "rollback", "--yes", "--json")
    told.kept = told.count("SELECT count(*) FROM inbox_event")

    with changed(
        operator,
        {
            "secretaria/cli/serve.py": operator.read("secretaria/cli/serve.py").replace(
                "    from ", '    raise SystemExit("quebrei ao iniciar")\n    from ', 1
            )
        },
    ):
        told.chapter("crash", "deploy", "--yes")

    with changed(
        operator,
        {
            "secretaria/workers/main.py": operator.read("secretaria/workers/main.py").replace(
                "queues=set(section.queues)", 'queues=set(section.queues) - {"inbox"}', 1
            )
        },
    ):
        told.chapter("mute", "deploy", "--yes")
    return told


@contextmanager
def changed(operator: Operator, files: dict[str, str]) -> Iterator[None]:
    """Let the branch be broken for a while."""
    operator.commit(files)
    yield
    operator.take_back()


@contextmanager
def a_busy_table(operator: Operator) -> Iterator[None]:
    """Hold a table of the live database, so that a migration which needs it cannot go on."""
    held = "BEGIN; LOCK TABLE turn IN ROW EXCLUSIVE MODE; SELECT pg_sleep(120);"
    compose = [
        "docker",
        "compose",
        "--project-name",
        operator.installation.project,
        "--file",
        "docker-compose.prod.yml",
    ]
    asked = [*compose, "exec", "-T", "postgres", "psql", "--username", "secretaria", "--command", held]
    holder = subprocess.Popen(asked, cwd=operator.installation.folder, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        operator.installation.inside(
            "postgres", "psql", "--username", "secretaria", "--command",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(120)%' AND pid <> pg_backend_pid()",
        )  # fmt: skip
        holder.wait(timeout=30)


def test_first_deploy_is_the_next_patch(story: Story) -> None:
    """One command: built, switched, proven and marked."""
    assert story.ended["patch"].returncode == 0, story.said("patch")
    release = json.loads(story.ended["patch"].stdout)
    assert (release["version"], release["before"], release["outcome"]) == ("0.1.1", VERSION, "released")
    assert story.versions["patch"] == (["0.1.1"], ["0.1.1"])
    assert "v0.1.1" in story.tags["patch"]


def test_image_that_cannot_be_built_changes_nothing(story: Story) -> None:
    """What runs runs on, and no tag is made."""
    assert story.ended["unbuildable"].returncode == FAILED, story.said("unbuildable")
    assert story.versions["unbuildable"] == (["0.1.1"], ["0.1.1"])
    assert story.tags["unbuildable"] == story.tags["patch"]


def test_migration_that_fails_on_the_live_database_goes_back(story: Story) -> None:
    """It passed on the copy; the version before never stopped."""
    assert story.ended["blocked migration"].returncode == WENT_BACK, story.said("blocked migration")
    assert story.versions["blocked migration"] == (["0.1.1"], ["0.1.1"])
    assert story.tags["blocked migration"] == story.tags["patch"]


def test_kill_in_the_middle_of_the_switch_is_mended_by_the_next_deploy(story: Story) -> None:
    """The same version comes again, whole."""
    assert story.ended["killed"].returncode == KILLED, story.said("killed")
    assert story.ended["minor"].returncode == 0, story.said("minor")
    assert story.versions["minor"] == (["0.2.0"], ["0.2.0"])
    assert "v0.2.0" in story.tags["minor"]


def test_rollback_to_a_version_that_cannot_run_on_the_schema_is_refused(story: Story) -> None:
    """With what stands in the way and what would do; what runs runs on."""
    assert story.ended["refused rollback"].returncode == FAILED, story.said("refused rollback")
    assert "novelty.name" in story.said("refused rollback")
    assert "--with-database" in story.said("refused rollback")
    assert story.versions["refused rollback"] == (["0.2.0"], ["0.2.0"])


def test_rollback_crosses_a_schema_on_which_the_version_before_runs(story: Story) -> None:
    """The code goes back, the new table stays, and so does what its author says that version does not need."""
    assert story.ended["rollback"].returncode == 0, story.said("rollback")
    assert story.versions["rollback"] == (["0.1.1"], ["0.1.1"])
    assert story.count("SELECT count(*) FROM pg_tables WHERE tablename = 'novelty'") == 1


def test_no_event_is_refused_while_versions_change(story: Story) -> None:
    """Fifty signed events a second, through a deploy that is killed, one that ends it and a rollback."""
    assert story.heard.statuses == {202: story.heard.sent}, story.heard
    assert story.heard.sent / story.heard.seconds > 40, story.heard


def test_no_event_is_lost_while_versions_change(story: Story) -> None:
    """Each that was accepted stands in the database."""
    assert story.kept >= len(story.heard.events)


def test_version_that_crashes_at_its_start_goes_back(story: Story) -> None:
    """The one before serves on, and the last words of the new one are told."""
    assert story.ended["crash"].returncode == WENT_BACK, story.said("crash")
    assert "quebrei ao iniciar" in story.said("crash")
    assert story.versions["crash"] == (["0.1.1"], ["0.1.1"])


def test_version_that_is_healthy_and_answers_nothing_goes_back(story: Story) -> None:
    """Its workers live and take no event: the gate says at which step it stopped, and the one before answers."""
    assert story.ended["mute"].returncode == WENT_BACK, story.said("mute")
    assert "entrada:" in story.said("mute")
    assert story.versions["mute"] == (["0.1.1"], ["0.1.1"])
    assert story.tags["mute"] == story.tags["minor"]


def test_ledger_tells_it_all(story: Story) -> None:
    """From the one that was brought up by hand to the one that answered nothing."""
    told = [(one["version"], one["kind"], one["outcome"]) for one in reversed(story.operator.ledger())]
    assert told == [
        (VERSION, "install", "released"),
        ("0.1.1", "deploy", "released"),
        ("0.1.2", "deploy", "failed"),
        ("0.2.0", "deploy", "went_back"),
        ("0.2.0", "deploy", "failed"),
        ("0.2.0", "deploy", "released"),
        ("0.1.1", "rollback", "released"),
        ("0.2.1", "deploy", "went_back"),
        ("0.2.1", "deploy", "went_back"),
    ]
