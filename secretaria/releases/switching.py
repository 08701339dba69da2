"""Puts one version in the place of whatever runs: new containers beside old ones, ready before those drain.

Nothing is remembered: which containers are of which version is read from the engine each time, so a switch that was cut
short anywhere is ended by the next one, in either direction.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from secretaria.crashpoints import crashpoint
from secretaria.machine import docker
from secretaria.machine.runner import Runner
from secretaria.releases.containers import (
    Container,
    Image,
    NotReady,
    containers_of,
    fallen,
    last_lines,
    restarts_of,
    wanted_count,
)
from secretaria.releases.host import VERSION_VARIABLE, Host
from secretaria.releases.rolling import declared_count, roll
from secretaria.settings.env_file import write_value

PROXY_SLOTS = 8  # docker/proxy/haproxy.cfg, server-template
PROXY_SECONDS = 4.0  # the proxy asks for names once a second, and a copy is in use after one good check
STOP_SECONDS = 60  # above stop_grace_period of both services
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Replicas:
    """How many containers of each service there shall be."""

    api: int
    worker: int


def replicas_of(host: Host) -> Replicas:
    """Return how many containers run now of each, as the engine tells it; one where none does."""
    if host.on_swarm:
        return Replicas(declared_count(host, "api"), declared_count(host, "worker"))
    return Replicas(wanted_count(containers_of(host, "api")), wanted_count(containers_of(host, "worker")))


def switch(host: Host, version: str, image: Image, replicas: Replicas) -> None:
    """Make a version the one that runs, and no other; done twice is done once.

    Args:
        host: The machine.
        version: Its number, which compose takes from .env.
        image: The image behind it.
        replicas: How many containers of each service.

    Raises:
        NotReady: A new container did not become ready; those of the version before still serve.
        CommandFailed: The engine refused something.
    """
    write_value(host.env_file, VERSION_VARIABLE, version)
    crashpoint("deploy.switch.env")
    if host.on_swarm:
        roll(host, version, image, {"api": replicas.api, "worker": replicas.worker})
        return
    runner = host.runner(version)
    _bury_stopped(host, runner)
    restarts = {**restarts_of(containers_of(host, "api")), **restarts_of(containers_of(host, "worker"))}
    while True:
        containers = containers_of(host, "api")
        new = [one for one in containers if one.image.id == image.id]
        old = [one for one in containers if one.image.id != image.id]
        missing = replicas.api - len(new)
        if missing > 0:
            room = max(PROXY_SLOTS - len(containers), 1)
            host.tell(f"   subindo {min(missing, room)} api da {version} ao lado de {len(old)} que atende")
            runner.run(host.compose.beside("api", len(containers) + min(missing, room)))
            crashpoint("deploy.switch.beside")
        ready = _await_ready(host, runner, image, "api", restarts)
        if old:
            _drain(host, runner, old if len(ready) >= replicas.api else old[: len(ready)])
        elif len(ready) >= replicas.api:
            break
    crashpoint("deploy.switch.api")
    host.tell(f"   workers: param de pegar, terminam o que têm e dão lugar à {version}")
    runner.run(host.compose.replace("worker", replicas.worker))
    crashpoint("deploy.switch.worker")
    _await_ready(host, runner, image, "worker", restarts)


def settle(host: Host, version: str) -> None:
    """Bring what else the compose files describe to what they say, one service at a time and the proxy last.

    Together they would not do: compose stops whatever depends on a service that it makes anew, and so the proxy.

    Raises:
        CommandFailed: The engine refused something.
    """
    if host.on_swarm:
        return  # the stack was brought to its file as a whole
    runner = host.runner(version)
    wanted = set(runner.run(host.compose.hashes()).output.splitlines())
    there = set(runner.run(docker.hashes(host.deploy.project)).output.splitlines())
    changed = {line.split()[0] for line in wanted - there} - {"api", "worker"}
    for service in sorted(changed, key=lambda name: (name == "proxy", name)):
        host.tell(f"   {service} mudou: é feito de novo" + (", e a porta fecha por um instante" * (service == "proxy")))
        runner.run(host.compose.alone(service))


def _bury_stopped(host: Host, runner: Runner) -> None:
    """Remove containers that ended: compose would count them among those that serve."""
    for service in ("api", "worker"):
        for container in containers_of(host, service):
            if not container.runs:
                runner.run(docker.remove(container.id))


def _await_ready(
    host: Host, runner: Runner, image: Image, service: str, restarts: Mapping[str, int]
) -> list[Container]:
    seconds = host.deploy.ready_seconds
    deadline = time.monotonic() + seconds
    while True:
        containers = [one for one in containers_of(host, service) if one.image.id == image.id]
        fell = fallen(containers, restarts)
        if fell is not None:
            raise NotReady(f"{fell.name} caiu ao iniciar", last_lines(host, fell))
        waiting = [one for one in containers if not _is_ready(runner, one, service)]
        if containers and not waiting:
            return containers
        if time.monotonic() >= deadline:
            lines = last_lines(host, waiting[0]) if waiting else []
            name = waiting[0].name if waiting else service
            raise NotReady(f"{name} não ficou pronto em {seconds:.0f} s", lines)
        time.sleep(LOOK_SECONDS)


def _is_ready(runner: Runner, container: Container, service: str) -> bool:
    program = () if service == "api" else (service,)
    return runner.succeeds(docker.inside(container.id, "secretaria", "healthcheck", *program), seconds=10)


def _drain(host: Host, runner: Runner, old: Sequence[Container]) -> None:
    """Give the proxy time to find the new ones; then each old one says that it is going, ends its requests, and goes."""
    time.sleep(PROXY_SECONDS)
    for container in old:
        host.tell(f"   {container.name} ({container.image.version or 'sem versão'}) termina e sai")
        runner.run(docker.stop(container.id, STOP_SECONDS), seconds=STOP_SECONDS + 30)
        crashpoint("deploy.switch.drained")
        runner.run(docker.remove(container.id))
