"""The nine steps of a release as data: what each runs, and what is done where it, or one after it, fails."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from secretaria.machine import docker, git, swarm
from secretaria.machine.commands import Argv
from secretaria.releases.host import VERSION_VARIABLE, Host
from secretaria.releases.rolling import STACK_FILE, from_registry
from secretaria.releases.switching import STOP_SECONDS, Replicas

DOCKERFILE = "docker/Dockerfile"
WAY_SECONDS = "200"
SERVICE_PORT = 8000  # docker/Dockerfile
AFFECTED = "a partir daqui o atendimento é afetado"
STEPS = ("preflight", "version", "build", "tests", "backup", "migrate", "switch", "gate", "record")
FIRST_THAT_GOES_BACK = STEPS.index("migrate")


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        name: One of ``STEPS``.
        says: What happens, one Portuguese sentence.
        commands: What is run; where it depends on what is found, the usual case.
        goes_back: What is done if it fails, Portuguese.
        affects: Whether customers may notice it.
    """

    name: str
    says: str
    commands: tuple[Argv, ...]
    goes_back: str
    affects: bool = False


@dataclass(frozen=True)
class Facts:
    """What is known before anything is done.

    Attributes:
        version: The one to come.
        before: The one that runs; empty where none does.
        commit: From which it is built.
        stamped: Whether a release commit is made on it; a tag that exists is taken as it is.
        replicas: How many containers there shall be.
        engines: The services of the files that keep data.
    """

    version: str
    before: str
    commit: str
    stamped: bool
    replicas: Replicas
    engines: tuple[str, ...]


def build_commands(host: Host, version: str, revision: str, migration_head: str) -> tuple[Argv, ...]:
    """Return what builds the image of a version from the release tree, and fetches those of others."""
    tree = str(host.release_tree)
    arguments = {"VERSION": version, "REVISION": revision, "MIGRATION_HEAD": migration_head}
    labels = {docker.VERSION_LABEL: version, docker.REVISION_LABEL: revision, docker.HEAD_LABEL: migration_head}
    pulled = () if host.on_swarm else (host.compose.pull(),)  # each machine of a swarm fetches what it runs
    return (docker.build(host.image(version), tree, f"{tree}/{DOCKERFILE}", arguments, labels), *pulled)


def test_commands(host: Host, version: str) -> tuple[Argv, ...]:
    """Return what asks the new image about itself; nothing of it serves anybody yet."""
    return (
        host.once(version, "config", "check"),
        host.once(version, "migrate", "--plan", "--json"),
        host.once(version, "rehearse"),
    )


def migrate_command(host: Host, version: str) -> Argv:
    """Return what brings the database to the schema of the new version."""
    return host.once(version, "migrate")


def engine_commands(host: Host, engines: tuple[str, ...]) -> tuple[Argv, ...]:
    """Return what starts the services that keep data; where they are reached by URL there is nothing to start."""
    return (host.compose.engines(*engines),) if engines else ()


def switch_commands(host: Host, replicas: Replicas, leaving: str) -> tuple[Argv, ...]:
    """Return what puts a version in the place of the one that leaves, in the usual case."""
    if host.on_swarm:
        pushed = (swarm.push(host.image("VERSÃO")),) if from_registry(host) else ()
        deployed = swarm.deploy_stack(
            host.deploy.project, str(host.home / STACK_FILE), from_registry=from_registry(host)
        )
        inspected = (swarm.inspect_service(host.deploy.project, name) for name in ("api", "worker"))
        return (*pushed, deployed, *inspected)
    return (
        host.compose.beside("api", replicas.api * 2),
        docker.stop(leaving, STOP_SECONDS),
        docker.remove(leaving),
        host.compose.replace("worker", replicas.worker),
        host.compose.alone("OUTRO_QUE_MUDOU"),
    )


def steps_of(host: Host, facts: Facts) -> tuple[Step, ...]:
    """Lay out a release."""
    version, before, tree = facts.version, facts.before or "nada", str(host.release_tree)
    nothing = "nada: só o que esta publicação criou é apagado"
    stays = f"nada: a {before} continua a atender, e roda também no esquema novo"
    returns = f"a {before} volta do mesmo modo: sobe ao lado, fica pronta, e a {version} sai"
    api, worker = facts.replicas.api, facts.replicas.worker
    stamped = (git.stage(tree), git.commit(tree, f"Release {version}")) if facts.stamped else ()
    marked = (git.fast_forward("COMMIT"), git.tag(f"v{version}", "COMMIT", f"Secretaria {version}"))
    pushed = (git.push(host.deploy.remote, host.deploy.branch, f"v{version}"),) if host.deploy.remote else ()
    return (
        Step("preflight", "confere máquina, repositório e configuração", (docker.answers(), git.status()), nothing),
        Step(
            "version",
            f"prepara a {version} (antes: {before})",
            (git.add_worktree(tree, facts.commit), *stamped),
            "a pasta da publicação é apagada; nenhum commit fica num ramo e nenhuma marca é feita",
        ),
        Step("build", f"constrói {host.image(version)}", build_commands(host, version, "COMMIT", "MIGRAÇÃO"), nothing),
        Step("tests", "examina a imagem antes de qualquer troca", test_commands(host, version), nothing),
        Step("backup", f"copia o banco; {AFFECTED}", engine_commands(host, facts.engines), "a cópia fica"),
        Step("migrate", "migra o banco, só acrescentando", (migrate_command(host, version),), stays, affects=True),
        Step(
            "switch",
            f"troca {api} api e {worker} worker sem recusar nenhum evento",
            switch_commands(host, facts.replicas, "API_ANTERIOR"),
            returns,
            affects=True,
        ),
        Step(
            "gate",
            f"um evento de ponta a ponta, e {host.deploy.watch_seconds} s olhando os erros",
            (
                examine_command(host, "API", host.image(version), version),
                watch_command(host, "API", host.image(version)),
            ),
            returns,
            affects=True,
        ),
        Step(
            "record",
            f"anota e marca v{version}" if facts.stamped else f"anota; a marca v{version} já existe",
            (*marked, *pushed) if facts.stamped else (),
            "a versão fica; o que faltou anotar é anotado na próxima publicação",
        ),
    )


def examine_command(host: Host, container: str, image: str, version: str, address: str = "API") -> Argv:
    """Return what sends one event all the way, and sees that only this version touched it.

    Args:
        host: The machine.
        container: Of the service.
        image: Of that container.
        version: What must have touched it; empty takes any.
        address: Of that container, where the event is sent from beside it.
    """
    expected = ("--version", version) if version else ()
    towards = ("--url", f"http://{address}:{SERVICE_PORT}") if host.on_swarm else ()
    examined = ("doctor", "--e2e", "--json", *expected, "--timeout", WAY_SECONDS, *towards)
    return host.at_service(container, image, *examined)


def watch_command(host: Host, container: str, image: str) -> Argv:
    """Return what watches the errors of the new version from inside its network."""
    limits = ("--seconds", str(host.deploy.watch_seconds), "--ratio", str(host.deploy.watch_error_ratio))
    return host.at_service(container, image, "releases", "watch", *limits)


def told(steps: tuple[Step, ...], version: str) -> Iterator[str]:
    """Tell the steps and their reversal as lines for people; compose takes the version from the environment."""
    for number, step in enumerate(steps, start=1):
        yield f"{number}. {step.says}"
        for argv in step.commands:
            chosen = f"{VERSION_VARIABLE}={version} " if argv[:2] == ("docker", "compose") else ""
            yield f"     {chosen}{shlex.join(argv)}"
        yield f"     se falhar: {step.goes_back}"


def as_json(steps: tuple[Step, ...], facts: Facts) -> Mapping[str, Any]:
    """Tell the same as one JSON object."""
    return {
        "version": facts.version,
        "before": facts.before,
        "commit": facts.commit,
        "steps": [
            {
                "name": step.name,
                "says": step.says,
                "commands": [list(argv) for argv in step.commands],
                "if_it_fails": step.goes_back,
                "affects_customers": step.affects,
            }
            for step in steps
        ],
    }
