"""The publishing process is killed on a real engine, and a second deploy ends what it left; what came of it is promoted.

One installation goes through it all: each kill finds what the one before made of it. ``--every-kill`` takes every point.
"""

from __future__ import annotations

import json
import secrets
import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from packaging.version import Version

from secretaria.releases.version import Part, next_version
from tests.acceptance.commands import free_port
from tests.deploy.installation import VERSION, Installation, OpenInstallation
from tests.deploy.releasing import Operator
from tests.deploy.standins import docker
from tests.kill_points import AFTER_MIGRATE, PARTS, is_noted


@pytest.fixture(scope="module")
def operator(open_shop: OpenInstallation, tmp_path_factory: pytest.TempPathFactory) -> Operator:
    """Sit at an installation whose versions are made and proven quickly."""
    installation = open_shop()
    settings = installation.folder / "secretaria.toml"
    told = settings.read_text(encoding="utf-8")
    settings.write_text(told.replace("[turns]", "watch_seconds = 0\n[turns]", 1), encoding="utf-8")
    installation.start()
    sitting = Operator(installation, tmp_path_factory.mktemp("home"))
    sitting.build_quickly(VERSION)
    return sitting


@pytest.fixture(scope="module")
def production(operator: Operator) -> Iterator[Installation]:
    """Lay out an environment of that name beside the installation, of which nothing runs yet."""
    shop = operator.installation
    net, project = secrets.randbelow(200) + 20, f"{shop.project}-production"
    ports = {"HTTP_PORT": f"127.0.0.1:{free_port()}", "HTTPS_PORT": f"127.0.0.1:{free_port()}"}
    nets = {"EDGE_SUBNET": f"10.216.{net}.0/25", "INTERNAL_SUBNET": f"10.216.{net}.128/25"}
    lines = {**shop.env, **ports, **nets, "SECRETARIA_TOML": "./secretaria.production.toml"}
    (shop.folder / ".env.production").write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
    settings = (shop.folder / "secretaria.toml").read_text(encoding="utf-8")
    settings = settings.replace(f'project = "{shop.project}"', f'project = "{project}"')
    (shop.folder / "secretaria.production.toml").write_text(
        settings.replace("[turns]", '[backup]\nfolder = "production-copies"\n[turns]', 1), encoding="utf-8"
    )
    exclude = shop.folder / ".git/info/exclude"
    exclude.write_text(exclude.read_text() + "secretaria.production.toml\n.env.production\n", encoding="utf-8")
    with ExitStack() as undone:
        named = ("--project-name", project, "--env-file", ".env.production")
        undone.callback(shop.compose, *named, "down", "--volumes", "--remove-orphans", "--timeout", "5")
        yield shop


def test_second_deploy_ends_what_a_kill_left(operator: Operator, kill_point: str) -> None:
    """One version runs, ledger and tags agree, and nothing of the killed one lies around."""
    part = PARTS.get(kill_point, "patch")
    killed = operator.type("deploy", part, "--yes", crash_at=kill_point)
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
    wanted = after(operator, part)
    if is_noted(kill_point):
        part, wanted = "patch", next_version(newest_passed(operator), "patch")
    if kill_point == AFTER_MIGRATE:
        move_the_lock_to_a_machine_that_is_gone(operator)
    second = operator.type("deploy", part, "--yes")
    assert second.returncode == 0, second.stdout + second.stderr
    assert (operator.versions("api"), operator.versions("worker")) == ([str(wanted)], [str(wanted)])
    tags = set(operator.git("tag").split())
    assert {f"v{one['version']}" for one in operator.ledger() if one["outcome"] == "released"} == tags
    assert f"v{wanted}" in tags
    assert not (operator.home / "release-tree").exists()
    assert not (operator.home / "deploy.lock").exists()


@pytest.mark.long
def test_tag_is_promoted_to_production(operator: Operator, production: Installation) -> None:
    """The image that staging proved, by its id, in an environment of its own; nothing is built, and no tag is made."""
    before = operator.git("tag"), operator.versions("api")
    proven = operator.ledger()[0]
    at_production = Operator(production, operator.home / "production")
    typed = at_production.type("deploy", "--tag", f"v{proven['version']}", "--env", "production", "--yes", "--json")
    assert typed.returncode == 0, typed.stdout + typed.stderr
    promoted = json.loads(typed.stdout)
    assert (promoted["kind"], promoted["environment"], promoted["image"]) == (
        "promotion",
        "production",
        proven["image"],
    )
    running = f"label=com.docker.compose.project={production.project}-production"
    service = ("--filter", "label=com.docker.compose.service=api", "--quiet")
    (container,) = docker("ps", "--filter", running, *service).split()
    assert docker("inspect", "--format", "{{.Image}}", container).strip() == proven["image"]
    assert (operator.git("tag"), operator.versions("api")) == before


def after(operator: Operator, part: Part) -> Version:
    """Return the version that comes after what is tagged."""
    return next_version(max(Version(tag) for tag in operator.git("tag").split()), part)


def newest_passed(operator: Operator) -> Version:
    """Return the newest version that the ledger says passed, tagged or not yet."""
    return max(Version(one["version"]) for one in operator.ledger() if one["outcome"] == "released")


def move_the_lock_to_a_machine_that_is_gone(operator: Operator) -> None:
    """Let nobody here know whether its holder lives: only its last sign of life, a minute ago, tells."""
    file = operator.home / "deploy.lock"
    held = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**held, "host": "outra", "seen": held["seen"] - 60}), encoding="utf-8")
