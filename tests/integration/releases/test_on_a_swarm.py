"""The same commands on Docker Swarm: the stack gets its file, Swarm rolls, and whoever publishes waits for how it ends."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from secretaria.cli.container_secrets import holds, reach_containers
from secretaria.errors import GateFailed, PreflightRefused
from secretaria.releases.deploying import deploy
from secretaria.releases.examining import Wish, examine
from secretaria.releases.host import Host
from secretaria.releases.ledger import Release
from secretaria.releases.plan import steps_of
from secretaria.releases.rolling_back import roll_back
from secretaria.releases.scaling import scale
from secretaria.settings.env_file import write_value
from tests.recorded_installation import Installation, make_installation

SECRET = "not-to-be-read"
LINES = f"DATABASE_URL=postgresql://loja:{SECRET}@db.example/loja\nREDIS_URL=redis://:{SECRET}@db.example\nMETRICS_TOKEN={SECRET}\n"


def on_swarm(shop: Installation, **changes: Any) -> Host:  # noqa: ANN401  # any key of [deploy]
    """Look at it as a release on a swarm does."""
    return shop.host(engine="swarm", **changes)


def publish(shop: Installation) -> Release:
    """Publish the next version."""
    return deploy(on_swarm(shop), Wish(), copy=lambda _: "backups/copy.tar")


@pytest.fixture(scope="session")
def first_stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish 0.1.1 as a stack, once for the whole run."""
    made = make_installation(tmp_path_factory.mktemp("stack") / "shop")
    with (made.folder / "checkout/.env").open("a", encoding="utf-8") as env:
        env.write(LINES)
    publish(made)
    return made.folder


@pytest.fixture
def stack(first_stack: Path, tmp_path: Path) -> Installation:
    """Copy the installation whose stack runs 0.1.1."""
    shutil.copytree(first_stack, tmp_path / "shop", symlinks=True)
    return Installation(tmp_path / "shop")


def test_version_runs_everywhere_and_is_noted(stack: Installation) -> None:
    """Tasks, tag, ledger and audit all say the same."""
    publish(stack)
    assert (stack.versions("api"), stack.versions("worker")) == (["0.1.2"], ["0.1.2"])
    assert stack.tags() == ["v0.1.1", "v0.1.2"]
    assert [one["version"] for one in stack.engine["notes"]] == ["0.1.1", "0.1.2"]


def test_compose_only_reads_its_files(stack: Installation) -> None:
    """Beside the stack it would make a second installation of the same name."""
    publish(stack)
    calls = [call for call in stack.engine["calls"] if call[0] == "compose"]
    assert {"config", "version"} >= {
        next(word for word in call if word in {"config", "version", "up", "run", "exec"}) for call in calls
    }


def test_secrets_stand_in_no_command(stack: Installation) -> None:
    """Whoever lists the processes of the machine would read them; nor does the stack's file stay."""
    publish(stack)
    assert not any(SECRET in word for call in stack.engine["calls"] for word in call)
    assert not (stack.folder / "home/stack.json").exists()


@pytest.mark.parametrize("service", ["api", "worker"])
def test_version_that_swarm_takes_back_has_failed(stack: Installation, service: str) -> None:
    """The last lines of the task that fell are told, and the version before runs alone."""
    stack.change_engine(faults=[f"crash.{service}:0.1.2"])
    with pytest.raises(GateFailed, match=f"o Swarm desfez a troca de {service}: task failed"):
        publish(stack)
    assert (stack.versions("api"), stack.versions("worker")) == (["0.1.1"], ["0.1.1"])
    assert any(line.startswith(f"   | the last words of {service}") for line in stack.told)
    assert (stack.tags(), stack.ledger[-1].outcome) == (["v0.1.1"], "went_back")


@pytest.mark.parametrize("fault", ["doctor", "releases watch"])
def test_version_that_does_not_prove_itself_goes_back(stack: Installation, fault: str) -> None:
    """Swarm saw nothing wrong with it."""
    stack.change_engine(faults=[f"{fault}:0.1.2"])
    with pytest.raises(GateFailed):
        publish(stack)
    assert (stack.versions("api"), stack.versions("worker")) == (["0.1.1"], ["0.1.1"])


def test_event_is_sent_to_a_task_of_the_new_version(stack: Installation) -> None:
    """By the network that service and workers share, wherever the task is."""
    publish(stack)
    (*_, walked) = [call for call in stack.engine["calls"] if "--e2e" in call]
    assert walked[walked.index("--network") + 1] == "shop_outside"
    assert walked[-2:] == ["--url", "http://10.0.2.5:8000"]


def test_scaled_service_stays_scaled(stack: Installation) -> None:
    """The file of the stack would bring it back to one."""
    stack.change_engine(stack={**stack.engine["stack"], "worker": {**stack.engine["stack"]["worker"], "count": 3}})
    publish(stack)
    assert len(stack.versions("worker")) == 3


def test_swarm_is_told_how_many(stack: Installation) -> None:
    """By its own command; who did it is noted from beside the service."""
    scale(on_swarm(stack), {"worker": 6})
    assert stack.engine["stack"]["worker"]["count"] == 6
    assert stack.engine["notes"][-1] == ["worker", "1", "6", "dora@loja"]


def test_new_secret_reaches_tasks_of_the_same_version(stack: Installation) -> None:
    """Tasks read .env when they are made, so new ones take their place; compose touches nothing."""
    host = on_swarm(stack)
    write_value(host.env_file, "WEBHOOK_TOKEN", "novo,antigo")
    before = [one["Id"] for one in stack.engine["containers"]]
    assert not holds(host, "WEBHOOK_TOKEN", "novo")
    reach_containers(host)
    assert holds(host, "WEBHOOK_TOKEN", "novo")
    assert (stack.versions("api"), stack.versions("worker")) == (["0.1.1"], ["0.1.1"])
    assert not {one["Id"] for one in stack.engine["containers"]} & set(before)
    assert not any("up" in call for call in stack.engine["calls"])


def test_install_names_the_command_that_brings_up_a_stack(stack: Installation) -> None:
    """It would make a second installation beside it, by compose."""
    checkout = stack.folder / "checkout"
    (checkout / "secretaria.toml").write_text('[deploy]\nengine = "swarm"\n', encoding="utf-8")
    command = (str(Path(sys.executable).parent / "secretaria"), "install", "--yes")
    ended = subprocess.run(
        command, cwd=checkout, env={**os.environ, **stack.environment}, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, "secretaria deploy" in ended.stderr) == (3, True), ended.stderr


def test_version_built_twice_replaces_the_one_of_the_same_name(stack: Installation) -> None:
    """A killed process left it switched to: Swarm would see the same name and leave its tasks alone."""
    publish(stack)
    stack.git("tag", "--delete", "v0.1.2")
    stack.git("reset", "--quiet", "--hard", "v0.1.1")
    (stack.folder / "home/releases.jsonl").write_text(
        (stack.folder / "home/releases.jsonl")
        .read_text(encoding="utf-8")
        .partition(stack.ledger[-1].id)[0]
        .rpartition("\n")[0]
        + "\n",
        encoding="utf-8",
    )
    before = stack.engine["containers"][-1]["Image"]
    stack.commit("news.txt", "news")
    publish(stack)
    assert stack.engine["containers"][-1]["Image"] != before


def test_going_back(stack: Installation) -> None:
    """The image that ran then, by the same gates."""
    publish(stack)
    copy = ("backups/old.tar", datetime.now(UTC))
    release = roll_back(on_swarm(stack), "", lambda: copy, with_database=False)
    assert (release.version, stack.versions("api"), stack.versions("worker")) == ("0.1.1", ["0.1.1"], ["0.1.1"])


def test_first_version_that_fails_leaves_nothing_running(fresh_shop: Installation) -> None:
    """There is nothing to go back to."""
    with (fresh_shop.folder / "checkout/.env").open("a", encoding="utf-8") as env:
        env.write(LINES)
    fresh_shop.change_engine(faults=["doctor"])
    with pytest.raises(GateFailed):
        publish(fresh_shop)
    assert (fresh_shop.engine["containers"], fresh_shop.engine["stack"]) == ([], {})


@pytest.mark.parametrize(
    ("engine", "told"),
    [
        ({"manages": "false"}, "não administra um Swarm"),
        ({"machines": ["one", "two"]}, "a imagem secretaria não chega a elas"),
        ({"stack": {"postgres": {}}}, r"bancos próprios \(shop_postgres\)"),
    ],
)
def test_what_could_not_be_done_soundly_is_refused(stack: Installation, engine: dict[str, Any], told: str) -> None:
    """Before anything is touched, with what to do instead."""
    stack.change_engine(**engine)
    with pytest.raises(PreflightRefused, match=told):
        examine(on_swarm(stack), Wish())


def test_engines_without_an_address_are_refused(fresh_shop: Installation) -> None:
    """There is no database in the stack."""
    with pytest.raises(PreflightRefused, match=r"falta em \.env: DATABASE_URL, REDIS_URL, METRICS_TOKEN"):
        examine(on_swarm(fresh_shop), Wish())


def test_image_of_a_registry_is_sent_there_and_pinned(stack: Installation) -> None:
    """So that every machine runs the same."""
    host = on_swarm(stack, image="registro.loja.example/secretaria")
    switch = next(step for step in steps_of(host, examine(host, Wish()).facts) if step.name == "switch")
    assert switch.commands[0][:2] == ("docker", "push")
    assert switch.commands[1][switch.commands[1].index("--resolve-image") + 1] == "always"
