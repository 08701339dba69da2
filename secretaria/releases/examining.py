"""Looks before anything is touched: machine, checkout, what runs, what comes, and what the migrations would mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from packaging.version import Version

from secretaria.errors import NotFound, PreflightRefused
from secretaria.machine import docker, git
from secretaria.machine.preflight import GIB, look_at_disk, look_at_engine, require_ready
from secretaria.machine.runner import CommandFailed
from secretaria.releases import ledger
from secretaria.releases.containers import Container, Image, containers_of, image_of
from secretaria.releases.host import VERSION_VARIABLE, Host
from secretaria.releases.plan import DOCKERFILE, Facts
from secretaria.releases.rolling import require_swarm
from secretaria.releases.stamping import PROGRAM
from secretaria.releases.switching import replicas_of
from secretaria.releases.version import Part, newest, next_version, parse_version, version_in
from secretaria.settings.env_file import read_value

OWN_FILES = ("secretaria.toml", "negocio")  # of the installation: its owner changes them at any time
ENGINES = ("postgres", "redis")
DISK_BYTES = 2 * GIB


@dataclass(frozen=True)
class Wish:
    """What was asked for.

    Attributes:
        part: Which part of the version moves on.
        tag: An existing version to take instead; empty makes a new one.
    """

    part: Part = "patch"
    tag: str = ""

    @property
    def kind(self) -> Literal["deploy", "promotion"]:
        """What it is called in the ledger."""
        return "promotion" if self.tag else "deploy"


@dataclass(frozen=True)
class Known:
    """What was found.

    Attributes:
        facts: What the plan is made of.
        running: The version and the image to go back to; None where none is known.
    """

    facts: Facts
    running: tuple[str, Image] | None


def examine(host: Host, wish: Wish) -> Known:
    """Look at everything that can be known without touching anything.

    Raises:
        PreflightRefused: Something must be mended first.
        NotFound: The tag does not exist.
    """
    if host.deploy.engine == "local":
        raise PreflightRefused(
            'esta instalação roda com [deploy] engine = "local"',
            'deploy e rollback são para engine = "compose" ou "swarm"; em local: git pull e secretaria up',
        )
    require_ready([*look_at_engine(host.runner()), look_at_disk(host.home, minimum_bytes=DISK_BYTES)])
    missing = [name for name in (*host.deploy.files, DOCKERFILE) if not (host.folder / name).is_file()]
    if missing or not host.env_file.is_file():
        listed = ", ".join([*missing, *([] if host.env_file.is_file() else [str(host.env_file)])])
        raise PreflightRefused(
            f"falta em {host.folder}: {listed}", "rode na pasta da instalação; ou: secretaria install"
        )
    if host.on_swarm:
        require_swarm(host)
    commit, version = _promoted(host, wish.tag) if wish.tag else _next(host, wish.part)
    running = running_release(host)
    services = () if host.on_swarm else host.runner("0.0.0").run(host.compose.services()).output.split()
    engines = tuple(name for name in ENGINES if name in services)
    before = running[0] if running else ""
    facts = Facts(str(version), before, commit, not wish.tag, replicas_of(host), engines)
    return Known(facts, running)


def running_release(host: Host) -> tuple[str, Image] | None:
    """Return the version to go back to: the last that passed its gate; before there was one, what runs.

    A version that a killed process left half switched to runs too, but never passed.
    """
    running: list[Container] = [one for one in containers_of(host, "api") if one.runs]
    last = ledger.current(ledger.read(host.ledger))
    if last is not None:
        image = image_of(host, last.image) if last.image else image_of(host, host.image(last.version))
        return (last.version, image) if image else None
    if not running:
        return None
    version = running[0].image.version or read_value(host.env_file, VERSION_VARIABLE)
    return version, running[0].image


def knows_most(host: Host, running: str) -> str:
    """Return the version to ask about the schema: after a way back, the database is ahead of the one that runs.

    Args:
        host: The machine.
        running: The version that runs; asked wherever no other that was tried here knows a newer migration.
    """
    tried = {one.version for one in ledger.read(host.ledger)}  # another environment may have newer images
    here = tried.intersection(host.runner().run(docker.images(host.deploy.image)).output.split())
    heads = {version: image.migration_head for version in here if (image := image_of(host, host.image(version)))}
    return max([running, *sorted(heads)], key=lambda version: heads.get(version, ""))


def _next(host: Host, part: Part) -> tuple[str, Version]:
    runner = host.runner()
    try:
        branch = runner.run(git.branch()).output.strip()
        changed = runner.run(git.status(*OWN_FILES)).output.splitlines()
        commit = runner.run(git.commit_of("HEAD")).output.strip()
        tags = runner.run(git.tags()).output.split()
        program = runner.run(git.show(commit, PROGRAM)).output
    except CommandFailed as failed:
        raise PreflightRefused(f"{host.folder} não é um repositório git: {failed.message}") from failed
    if branch != host.deploy.branch:
        raise PreflightRefused(
            f"o repositório está em {branch or 'nenhum ramo'}, e se publica de {host.deploy.branch}",
            f"git switch {host.deploy.branch}; ou mude [deploy] branch",
        )
    if changed:
        listed = ", ".join(line[3:] for line in changed[:5])
        raise PreflightRefused(f"há mudanças sem commit: {listed}", "faça o commit delas, ou guarde-as: git stash")
    return commit, next_version(newest(tags, version_in(program)), part)


def _promoted(host: Host, tag: str) -> tuple[str, Version]:
    runner, version = host.runner(), parse_version(tag)
    if host.deploy.remote:
        runner.run(git.fetch_tags(host.deploy.remote))
    try:
        return runner.run(git.commit_of(f"refs/tags/v{version}")).output.strip(), version
    except CommandFailed as failed:
        raise NotFound(
            f"a marca v{version} não existe neste repositório", "veja as que há: git tag -l 'v*'"
        ) from failed
