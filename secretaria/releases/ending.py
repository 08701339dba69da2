"""How a release ends: noted and marked, or taken back and noted; and how the next one ends what a kill left open."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from secretaria.crashpoints import crashpoint
from secretaria.errors import SecretariaError
from secretaria.machine import docker, swarm
from secretaria.machine.runner import CommandFailed
from secretaria.releases import ledger, tree
from secretaria.releases.containers import Image, NotReady, containers_of
from secretaria.releases.hooks import Moment
from secretaria.releases.host import VERSION_VARIABLE, Host
from secretaria.releases.ledger import Release
from secretaria.releases.notifying import notify
from secretaria.releases.switching import settle, switch
from secretaria.releases.version import parse_version
from secretaria.settings.env_file import read_value

if TYPE_CHECKING:
    from secretaria.releases.examining import Known

KILLED = "o processo que publicava morreu"
Hook = Callable[[Moment], None]


class WayBackBlocked(SecretariaError):
    """A version did not pass, and the one before could not be put back either: a person must look."""


def finish(host: Host, release: Release, image: Image, hook: Hook) -> Release:
    """Note a release that passed, mark it in git, tell everybody and tidy up.

    The ledger comes first: what it says happened, and the next run does what is missing of the rest.
    """
    ledger.append(host.ledger, release)
    crashpoint("deploy.record.noted")
    _complete(host, release)
    for problem in (_audit(host, release, image), notify(host.monitoring_url, release)):
        if problem:
            host.tell(f"aviso: {problem}")
    hook("post-rollback" if release.kind == "rollback" else "post-deploy")
    _forget_old_images(host)
    host.tell(f"versão {release.version} no ar em {release.seconds:.0f} s; para voltar: secretaria rollback")
    return release


def go_back(host: Host, release: Release, known: Known | None, hook: Hook) -> None:
    """Put back what was before a release that did not pass, and note how it ended.

    Args:
        host: The machine.
        release: As it ended.
        known: What was there before; None where it was never touched.
        hook: Runs the owner's program.

    Raises:
        WayBackBlocked: The version before could not be put back.
    """
    try:
        if known is not None:
            _restore(host, known)
    except (CommandFailed, NotReady) as error:
        ledger.append(host.ledger, replace(release, outcome="failed", reason=f"{release.reason}; {error.message}"))
        looked = f"docker stack ps {host.deploy.project}" if host.on_swarm else "docker compose ps"
        raise WayBackBlocked(
            f"a versão {release.version} não passou e a {release.before} também não voltou: {error.message}",
            f"veja {looked} e os logs; depois: secretaria rollback {release.before}",
        ) from error
    ledger.append(host.ledger, release)
    crashpoint("deploy.went_back")
    running = [one for one in containers_of(host, "api") if one.runs]
    problems = [notify(host.monitoring_url, release)]
    if release.outcome == "went_back":
        problems.append(_audit(host, release, running[-1].image) if running else "")
    for problem in filter(None, problems):
        host.tell(f"aviso: {problem}")
    if known is not None:
        hook("post-rollback")


def mend(host: Host) -> None:
    """End what a killed process left open; whoever calls holds the lock, so nobody is at it."""
    releases = ledger.read(host.ledger)
    for one in releases:
        if one.outcome == "began":
            host.tell(
                f"a {one.kind} da {one.version}, de {one.began_at}, foi interrompida; sigo do que o Docker mostra"
            )
            ledger.append(host.ledger, replace(one, outcome="failed", reason=KILLED))
    tree.clear_tree(host)
    last = ledger.current(releases)
    if last is not None and last.kind == "deploy" and last.revision and not tree.tag_exists(host, last.version):
        host.tell(f"a {last.version} passou e não chegou a ser marcada: marco agora")
        _complete(host, last)


def adopt(host: Host) -> None:
    """Note a version that was brought up by hand before there was a ledger, so that it can be gone back to."""
    running = [one for one in containers_of(host, "api") if one.runs]
    if not running or ledger.current(ledger.read(host.ledger)) is not None:
        return
    image = running[0].image
    version = image.version or read_value(host.env_file, VERSION_VARIABLE)
    asked = host.once(version, "migrate", "--plan", "--json")
    try:
        head = str(json.loads(host.runner(version).run(asked, seconds=120).output.splitlines()[-1])["head"])
    except (CommandFailed, ValueError, KeyError, IndexError):
        return
    now = datetime.now(UTC).isoformat(timespec="seconds")
    found = Release(uuid4().hex, "install", version, "", "released", now, host.who, image.id, image.revision, head)
    ledger.append(host.ledger, found)


def told_lines(error: BaseException) -> Iterator[str]:
    """Return the last lines of what failed, wherever in the chain of causes they are."""
    cause: BaseException | None = error
    while cause is not None:
        lines = getattr(cause, "lines", ())
        if lines:
            yield from lines
            return
        cause = cause.__cause__


def _complete(host: Host, release: Release) -> None:
    if release.kind == "deploy":
        for problem in tree.mark(host, release.version, release.revision):
            host.tell(f"aviso: {problem}")
        crashpoint("deploy.record.marked")
    tree.clear_tree(host)


def _restore(host: Host, known: Known) -> None:
    if known.running is None and host.on_swarm:
        host.runner().run(swarm.remove_services(host.deploy.project, "api", "worker"))
        return
    if known.running is None:
        for service in ("api", "worker"):
            for container in containers_of(host, service):
                host.runner().run(docker.remove(container.id))
        return
    version, image = known.running
    host.runner().run(docker.tag_image(image.id, host.image(version)))
    switch(host, version, image, known.facts.replicas)
    settle(host, version)


def _audit(host: Host, release: Release, image: Image) -> str:
    """Note the release in the database, by the version that runs; say why it could not be."""
    running = [one for one in containers_of(host, "api") if one.image.id == image.id and one.runs]
    if not running:
        return "a auditoria não foi escrita: nenhuma api de pé"
    told = json.dumps(asdict(release), ensure_ascii=False)
    try:
        host.runner().run(host.at_service(running[-1].id, image.id, "releases", "note", told), seconds=60)
    except CommandFailed as failed:
        return f"a auditoria não foi escrita: {failed.message}"
    return ""


def _forget_old_images(host: Host) -> None:
    """Keep the images of the newest versions that passed, and those that run or may be gone back to."""
    runner = host.runner()
    releases = ledger.read(host.ledger)
    current = ledger.current(releases)
    kept = {current.version, current.before} if current else set()
    passed = {one.version for one in releases if one.outcome == "released"}
    versions = [tag for tag in runner.run(docker.images(host.deploy.image)).output.split() if tag in passed]
    for old in sorted(versions, key=parse_version, reverse=True)[host.deploy.kept_images :]:
        if old not in kept:
            runner.succeeds(docker.remove_image(host.image(old)))
