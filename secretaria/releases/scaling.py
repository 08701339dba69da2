"""Use case: change how many containers of a service run, one change of the installation at a time, and note who did."""

from __future__ import annotations

from collections.abc import Mapping

from secretaria.machine import swarm
from secretaria.machine.runner import CommandFailed
from secretaria.releases.containers import containers_of
from secretaria.releases.host import Host
from secretaria.releases.lock import held
from secretaria.releases.switching import replicas_of

NOTE_SECONDS = 60.0


def scale(host: Host, counts: Mapping[str, int]) -> None:
    """Bring services to so many containers; those that run go on.

    Args:
        host: The machine.
        counts: How many of ``api`` and ``worker``; what is not named stays.

    Raises:
        LockHeld: Somebody else changes the installation.
        CommandFailed: The engine refused something.
    """
    with held(host.lock, host.who, "mudança de quantidade"):
        before = replicas_of(host)
        for service, count in counts.items():
            on_swarm = swarm.scale_service(host.deploy.project, service, count)
            host.runner().run(on_swarm if host.on_swarm else host.compose.beside(service, count))
            host.tell(f"{service}: {count}")
            if problem := _audit(host, service, before.api if service == "api" else before.worker, count):
                host.tell(f"aviso: {problem}")


def _audit(host: Host, service: str, before: int, after: int) -> str:
    """Note the change in the database, by a version that runs; say why it could not be."""
    running = [one for one in containers_of(host, "api") if one.runs]
    if not running:
        return "a auditoria não foi escrita: nenhuma api de pé"
    told = ("releases", "scaled", service, str(before), str(after), host.who)
    try:
        host.runner().run(host.at_service(running[-1].id, running[-1].image.id, *told), seconds=NOTE_SECONDS)
    except CommandFailed as failed:
        return f"a auditoria não foi escrita: {failed.message}"
    return ""
