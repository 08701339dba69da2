"""The gate behind the switch: one event all the way through, then the errors of the new version for a while."""

from __future__ import annotations

import json

from secretaria.errors import SecretariaError
from secretaria.machine.runner import CommandFailed
from secretaria.releases.containers import Container, Image, containers_of, fallen, last_lines, restarts_of
from secretaria.releases.host import Host
from secretaria.releases.plan import examine_command, watch_command

EXAMINE_SECONDS = 240.0  # above the way's own limit, so that it ends by itself and cleans up


class ProofFailed(SecretariaError):
    """The version that was switched to does not do what it must.

    Attributes:
        lines: The last lines of what failed, oldest first.
    """

    def __init__(self, what: str, lines: list[str]) -> None:
        super().__init__(what)
        self.lines = tuple(lines)


def prove(host: Host, image: Image) -> None:
    """Let the new version show that it answers, workers included, and that it makes no more errors than allowed.

    Raises:
        ProofFailed: It does not, or does.
    """
    running = [one for one in containers_of(host, "api") if one.image.id == image.id and one.runs]
    if not running:
        raise ProofFailed("nenhuma api da nova versão está de pé", [])
    services = ("api", "worker")
    restarts = {name: restarts_of(containers_of(host, name)) for name in services}
    _walk_once(host, running[-1])
    if host.deploy.watch_seconds:
        host.tell(f"   {host.deploy.watch_seconds} s olhando os erros da nova versão")
        _watch(host, running[-1])
    for name in services:
        fell = fallen([one for one in containers_of(host, name) if one.image.id == image.id], restarts[name])
        if fell is not None:
            raise ProofFailed(f"{fell.name} caiu depois da troca", last_lines(host, fell))


def _walk_once(host: Host, container: Container) -> None:
    try:
        image = container.image
        examined = examine_command(host, container.id, image.id, image.version, container.address)
        host.runner().run(examined, seconds=EXAMINE_SECONDS)
    except CommandFailed as failed:
        raise ProofFailed(f"o exame de ponta a ponta não passou: {_first_failure(failed)}", _logs(host)) from failed


def _watch(host: Host, container: Container) -> None:
    seconds = host.deploy.watch_seconds + EXAMINE_SECONDS
    try:
        host.runner().run(watch_command(host, container.id, container.image.id), seconds=seconds)
    except CommandFailed as failed:
        last = failed.lines[-1] if failed.lines else failed.message
        raise ProofFailed(f"erros demais depois da troca: {last}", _logs(host)) from failed


def _first_failure(failed: CommandFailed) -> str:
    for line in failed.lines:
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict) and told.get("status") == "falha":
            return f"{told.get('name')}: {told.get('found')}"
    return failed.lines[-1] if failed.lines else failed.message


def _logs(host: Host) -> list[str]:
    """Return the last lines of both services, since either may be the one that fails."""
    return [
        f"{one.name} | {line}"
        for service in ("api", "worker")
        for one in containers_of(host, service)[-1:]
        for line in last_lines(host, one, 15)
    ]
