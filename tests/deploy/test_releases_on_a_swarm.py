"""The same commands on Docker Swarm, one machine of it: published, broken and taken back while customers write.

The story is told once, because each chapter needs the one before; the tests only read what was noted.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.deploy import stack
from tests.deploy.installation import VERSION, OpenInstallation
from tests.deploy.releasing import Heard, Operator, writing_customers

pytestmark = pytest.mark.long

WENT_BACK = 5
NEW_TOKEN = "ficha-nova-das-metricas-0001"
PER_SECOND = 5


@dataclass
class Story:
    """What was seen in each chapter.

    Attributes:
        operator: Who did it.
        ended: How each command ended.
        seconds: How long each took.
        versions: What ran after each: of api, of worker.
        heard: What the customers were answered while versions changed.
        kept: Their answers, read when the first version stood.
    """

    operator: Operator
    ended: dict[str, subprocess.CompletedProcess[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    versions: dict[str, tuple[list[str], list[str]]] = field(default_factory=dict)
    heard: Heard = field(default_factory=Heard)
    said_to_customer: list[str] = field(default_factory=list)

    def chapter(self, name: str, *command: str, answer: str = "") -> None:
        """Type a command and note what stands afterwards."""
        began, installation = time.monotonic(), self.operator.installation
        self.ended[name] = self.operator.type(*command, answer=answer)
        self.seconds[name] = time.monotonic() - began
        self.versions[name] = (stack.versions(installation, "api"), stack.versions(installation, "worker"))

    def said(self, name: str) -> str:
        """Return everything a command said, for who reads a failure."""
        return self.ended[name].stdout + self.ended[name].stderr


@pytest.fixture(scope="module")
def story(open_shop: OpenInstallation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Tell it."""
    with stack.one_machine_swarm(), stack.as_a_stack(open_shop()) as installation:
        operator = Operator(installation, tmp_path_factory.mktemp("home"))
        told = Story(operator)
        operator.build_quickly(VERSION)
        told.chapter("first", "deploy", "--yes", "--json")
        stack.wait_for(lambda: stack.answers(installation), 90, lambda: stack.told_by(installation))
        assert installation.post("5520900009201", "quanto custa a limpeza?").status_code == 202
        told.said_to_customer = installation.bubbles_to("5520900009201")
        with writing_customers(installation, per_second=PER_SECOND) as told.heard:
            told.chapter("minor", "deploy", "minor", "--yes", "--json")
            told.chapter("rollback", "rollback", "--yes", "--json")
            serve = operator.read("secretaria/cli/serve.py")
            broken = serve.replace("    from ", '    raise SystemExit("quebrei ao iniciar")\n    from ', 1)
            operator.commit({"secretaria/cli/serve.py": broken})
            told.chapter("crash", "deploy", "--yes")
            told.chapter("secret", "secrets", "set", "METRICS_TOKEN", answer=f"{NEW_TOKEN}\n")
        told.chapter("scaled", "scale", "worker=2")
        yield told


def test_first_deploy_brings_the_stack_up(story: Story) -> None:
    """Built, migrated, started, proven by an event over the overlay network, and marked."""
    assert story.ended["first"].returncode == 0, story.said("first")
    assert json.loads(story.ended["first"].stdout)["outcome"] == "released"
    assert story.versions["first"] == (["0.1.1"], ["0.1.1"])
    assert "v0.1.1" in story.operator.git("tag").split()


def test_stack_answers(story: Story) -> None:
    """What enters at the proxy leaves through Whaticket, as on one machine without Swarm."""
    assert "R$ 180" in " ".join(story.said_to_customer)


def test_next_version_takes_the_place_of_the_one_that_runs(story: Story) -> None:
    """With a copy of the database before it migrates."""
    assert story.ended["minor"].returncode == 0, story.said("minor")
    assert json.loads(story.ended["minor"].stdout)["backup"]
    assert story.versions["minor"] == (["0.2.0"], ["0.2.0"])


def test_rollback_brings_the_version_before(story: Story) -> None:
    """By the same gates."""
    assert story.ended["rollback"].returncode == 0, story.said("rollback")
    assert story.versions["rollback"] == (["0.1.1"], ["0.1.1"])


def test_version_that_crashes_at_its_start_goes_back(story: Story) -> None:
    """Swarm takes it back, and whoever published reads its last words."""
    assert story.ended["crash"].returncode == WENT_BACK, story.said("crash")
    assert "o Swarm desfez a troca de api" in story.said("crash")
    assert "quebrei ao iniciar" in story.said("crash")
    assert story.versions["crash"] == (["0.1.1"], ["0.1.1"])
    assert story.operator.ledger()[0]["outcome"] == "went_back"


def test_new_secret_reaches_the_tasks(story: Story) -> None:
    """They are made anew, of the same version, beside those that knew the old one."""
    assert story.ended["secret"].returncode == 0, story.said("secret")
    assert "serviço e workers já o usam" in story.said("secret")
    assert story.versions["secret"] == (["0.1.1"], ["0.1.1"])
    assert stack.told_to(story.operator.installation, "api", "METRICS_TOKEN") == [NEW_TOKEN]


def test_worker_is_scaled_and_that_is_noted(story: Story) -> None:
    """By Swarm's own command; who did it stands in the audit."""
    assert story.ended["scaled"].returncode == 0, story.said("scaled")
    assert story.versions["scaled"][1] == ["0.1.1", "0.1.1"]
    assert "a auditoria não foi escrita" not in story.said("scaled")


def test_no_event_is_refused_while_versions_change(story: Story) -> None:
    """Through a deploy, a rollback, a version that falls and a new secret."""
    assert story.heard.statuses == {202: story.heard.sent}, story.heard
