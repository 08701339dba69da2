"""A secret that changes where containers run: they read it when they are made, so they are made anew, without a gap."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from secretaria.errors import UsageInvalid
from secretaria.settings.env_file import read_value

if TYPE_CHECKING:
    from secretaria.releases.containers import Container
    from secretaria.releases.host import Host

ENGINE_PASSWORDS = ("POSTGRES_PASSWORD", "POSTGRES_APP_PASSWORD", "REDIS_PASSWORD")
START_SECONDS = 300.0


def containers_host() -> Host | None:
    """Return the installation whose containers must hear of a new secret; None where processes read .env themselves."""
    from secretaria.cli.forwarding import compose_host
    from secretaria.cli.publishing import find_host

    if compose_host() is not None:
        return find_host()[0]
    if os.environ.get("DATABASE_URL"):
        return None  # this is such a container itself
    host, _ = find_host()
    return host if host.on_swarm else None


def refuse_engine_password(name: str) -> None:
    """Refuse to change in .env alone what an engine was made with: the service would be locked out.

    Raises:
        UsageInvalid: The password stands in the engine too.
    """
    if name in ENGINE_PASSWORDS:
        raise UsageInvalid(
            f"{name} vale também dentro do banco; trocar só o .env deixaria o serviço de fora",
            "veja docs/operacao/instalar.md, Trocar senhas dos bancos",
        )


def reach_containers(host: Host) -> None:
    """Make service and workers anew where .env says something else than they do.

    Compose makes them in place, and the proxy lets events wait meanwhile; Swarm starts new ones beside them.

    Raises:
        LockHeld: A release is under way.
        CommandFailed: The engine refused; the containers from before may have ended.
        NotReady: Swarm took the change back.
    """
    from secretaria.releases.containers import containers_of
    from secretaria.releases.host import VERSION_VARIABLE
    from secretaria.releases.lock import held
    from secretaria.releases.rolling import roll
    from secretaria.releases.switching import replicas_of

    with held(host.lock, host.who, "troca de segredo"):
        running = containers_of(host, "api")
        if not running:
            return  # nothing runs yet; it will begin with what stands in .env
        count = replicas_of(host)
        if host.on_swarm:
            version = read_value(host.env_file, VERSION_VARIABLE)
            roll(host, version, running[-1].image, {"api": count.api, "worker": count.worker})
            return
        scales = ("--scale", f"api={count.api}", "--scale", f"worker={count.worker}")
        argv = host.compose.command("up", "--detach", "--no-deps", "--wait", *scales, "api", "worker")
        host.runner().run(argv, seconds=START_SECONDS)


def holds(host: Host, name: str, value: str) -> bool:
    """Say whether the service that runs was made with a value; where none runs there is nothing that could refuse it."""
    from secretaria.machine.runner import CommandFailed
    from secretaria.releases.containers import containers_of

    running = containers_of(host, "api")
    if not running:
        return True
    if host.on_swarm:
        return all(value in _told_to(task, name).split(",") for task in running)
    try:
        told = host.runner().run(host.compose.inside("api", "printenv", name), seconds=60).output
    except CommandFailed:
        return False
    return value in told.strip().split(",")


def _told_to(task: Container, name: str) -> str:
    """Return what a task of Swarm was made with of a variable."""
    return dict(one.partition("=")[::2] for one in task.environment).get(name, "")


def note_inside(host: Host, action: str, name: str, *, before: bool, after: bool) -> None:
    """Note a change in the audit, which only a container reaches.

    Raises:
        CommandFailed: It could not be written.
    """
    from secretaria.cli.forwarding import ComposeHost, container_command

    told = [
        "secrets",
        "noted",
        action,
        name,
        "--before" if before else "--no-before",
        "--after" if after else "--no-after",
    ]
    host.runner().run(container_command(ComposeHost(host.folder, host.compose), told, terminal=False))
