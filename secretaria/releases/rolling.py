"""One version in the place of another on Docker Swarm: the stack gets its file, and Swarm rolls or goes back by itself."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from typing import Any

from secretaria.crashpoints import crashpoint
from secretaria.errors import PreflightRefused
from secretaria.machine import swarm
from secretaria.machine.runner import CommandFailed
from secretaria.releases.containers import FELL, Image, NotReady, containers_of, last_lines, tasks_of
from secretaria.releases.host import Host
from secretaria.releases.stack import OF_ENGINES, of_version, stack_of
from secretaria.settings.env_file import read_value

STACK_FILE = "stack.json"
BY_NAME = ("DATABASE_URL", "REDIS_URL", "METRICS_TOKEN")
PUSH_SECONDS = 3600.0
WATCHED_SECONDS = 90.0  # Swarm watches a task for 10 s, and lets one of before end for 45
LOOK_SECONDS = 1.0
UNDONE = frozenset({"rollback_completed", "rollback_paused", "paused"})


def require_swarm(host: Host) -> None:
    """Refuse to publish where it could not be done soundly; nothing is touched.

    Raises:
        PreflightRefused: Something must be mended first.
    """
    runner, project = host.runner(), host.deploy.project
    if runner.run(swarm.manages(), seconds=30).output.strip() != "true":
        raise PreflightRefused(
            "esta máquina não administra um Swarm", "docker swarm init; ou publique da máquina que administra"
        )
    if len(runner.run(swarm.machines(), seconds=30).output.split()) > 1 and not from_registry(host):
        raise PreflightRefused(
            f"o Swarm tem outras máquinas, e a imagem {host.deploy.image} não chega a elas",
            'ponha o registro no nome: [deploy] image = "registro.exemplo.com.br/secretaria"',
        )
    missing = [name for name in BY_NAME if not read_value(host.env_file, name)]
    if missing:
        raise PreflightRefused(
            f"falta em {host.env_file.name}: {', '.join(missing)}",
            "no Swarm, PostgreSQL e Redis ficam fora da pilha, por endereço; veja docs/operacao/crescer.md",
        )
    kept = {f"{project}_{name}" for name in OF_ENGINES} & set(runner.run(swarm.services(), seconds=30).output.split())
    if kept:
        raise PreflightRefused(
            f"a pilha tem bancos próprios ({', '.join(sorted(kept))}), e publicar os removeria",
            "leve-os para fora da pilha (docs/operacao/crescer.md), ou siga à mão: secretaria stack --own-engines",
        )


def from_registry(host: Host) -> bool:
    """Say whether the image has a registry in its name, by Docker's own rule."""
    first, slash, _ = host.deploy.image.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")


def declared_count(host: Host, service: str) -> int:
    """Return how many tasks a service shall have; one where there is no such service."""
    try:
        told = json.loads(host.runner().run(swarm.inspect_service(host.deploy.project, service), seconds=30).output)
    except CommandFailed:
        return 1
    return int(told[0]["Spec"]["Mode"].get("Replicated", {}).get("Replicas", 1)) or 1


def roll(host: Host, version: str, image: Image, counts: Mapping[str, int]) -> None:
    """Bring the stack to a version and wait until Swarm has ended; done twice is done once.

    Args:
        host: The machine; .env already names the version.
        version: Its number.
        image: The image behind it.
        counts: How many tasks of each service.

    Raises:
        NotReady: Swarm went back by itself, or the tasks did not become well in time.
        CommandFailed: The engine refused something.
    """
    runner = host.runner(version)
    if from_registry(host):
        host.tell(f"   enviando {host.image(version)} ao registro")
        runner.run(swarm.push(host.image(version)), seconds=PUSH_SECONDS)
    config = json.loads(runner.run(host.compose.command("config", "--format", "json")).output)
    file = host.home / STACK_FILE
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as private:
        json.dump(of_version(stack_of(config), image, counts), private)
    try:
        runner.run(swarm.deploy_stack(host.deploy.project, str(file), from_registry=from_registry(host)))
    finally:
        file.unlink()  # it holds secrets
    crashpoint("deploy.switch.beside")
    for service, count in counts.items():
        host.tell(f"   {service}: o Swarm troca {count}, uma tarefa por vez")
        _await_rolled(host, service, image, count)
        crashpoint(f"deploy.switch.{service}")


def _await_rolled(host: Host, service: str, image: Image, count: int) -> None:
    deadline = time.monotonic() + (host.deploy.ready_seconds + WATCHED_SECONDS) * count
    while True:
        state, message, environment = _update_of(host, service)
        if state in UNDONE:
            raise NotReady(
                f"o Swarm desfez a troca de {service}: {message or state}", _lines_of_fallen(host, service, image)
            )
        tasks = containers_of(host, service)
        well = [one for one in tasks if one.runs and one.image.id == image.id and one.environment == environment]
        if state in {"", "completed"} and len(tasks) == len(well) >= count:
            return
        if time.monotonic() >= deadline:
            raise NotReady(
                f"{service}: {len(well)} de {count} ficaram prontas no prazo", _lines_of_fallen(host, service, image)
            )
        time.sleep(LOOK_SECONDS)


def _update_of(host: Host, service: str) -> tuple[str, str, tuple[str, ...]]:
    """Return how far Swarm is with its last change of a service, which each change forgets, what it says, and the variables."""
    ran = host.runner().run(swarm.inspect_service(host.deploy.project, service), seconds=30)
    (one,) = json.loads(ran.output)
    told: dict[str, Any] = one.get("UpdateStatus") or {}
    environment = tuple(one["Spec"]["TaskTemplate"]["ContainerSpec"].get("Env") or ())
    return str(told.get("State", "")), str(told.get("Message", "")), environment


def _lines_of_fallen(host: Host, service: str, image: Image) -> list[str]:
    """Return the last lines of the newest task of a version that fell, or else of the newest that is not well."""
    own = [task for task, _ in tasks_of(host, service) if task.image.id == image.id]
    fell = [task for task in own if task.state in FELL] or own
    return last_lines(host, fell[-1]) if fell else []
