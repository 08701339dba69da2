"""The steps of an installation with containers: machine, image, engines, everything, and its first line in the ledger."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from secretaria.errors import PreflightRefused, SecretariaError
from secretaria.installing.steps import Outcome, Step, wait_until
from secretaria.machine import docker, git
from secretaria.machine.preflight import (
    Finding,
    engine_folder,
    look_at_clock,
    look_at_disk,
    look_at_engine,
    look_at_memory,
    look_at_name,
    look_at_port,
    published_by_us,
)
from secretaria.machine.runner import CommandFailed
from secretaria.releases import ledger
from secretaria.releases.containers import containers_of, image_of, last_lines
from secretaria.releases.host import Host
from secretaria.releases.ledger import Release
from secretaria.releases.plan import DOCKERFILE
from secretaria.releases.stamping import PROGRAM
from secretaria.releases.switching import replicas_of
from secretaria.releases.version import version_in
from secretaria.settings.env_file import read_value

BUILD_SECONDS, START_SECONDS = 3600.0, 600.0
ENGINES = ("postgres", "redis")
SERVED = ("proxy", "api", "worker")
FALLS = 3
LOGS_HINT = "veja com: docker compose logs api worker"


class NotComingUp(SecretariaError):
    """The containers run, and yet the service does not become ready."""


def look_at_machine(host: Host, ports: Sequence[int], public_host: str) -> Iterator[Finding]:
    """Look at what an installation with containers needs; the rest is not looked at where the engine is silent."""
    runner = host.runner()
    findings = list(look_at_engine(runner))
    yield from findings
    if any(one.status == "falha" for one in findings):
        return
    missing = [name for name in (*host.deploy.files, DOCKERFILE) if not (host.folder / name).is_file()]
    if missing:
        yield Finding(
            "pasta", "falha", f"falta {', '.join(missing)} em {host.folder}", "rode na pasta do repositório git"
        )
    yield look_at_disk(engine_folder(runner, host.folder))
    yield look_at_memory()
    yield look_at_clock(runner)
    ours = published_by_us(runner, host.deploy.project)
    for port in ports:
        yield look_at_port(port, ours=ours)
    if public_host:
        yield look_at_name(public_host)
    yield from _look_at_lost_password(host)


def checkout_version(host: Host) -> str:
    """Return the version of the checkout: its tag where it stands on one, otherwise what the program's file says."""
    try:
        told = (
            host.runner().run(("git", "describe", "--exact-match", "--match", "v*", "HEAD"), seconds=30).output.strip()
        )
    except SecretariaError:
        told = ""
    return told.removeprefix("v") or version_in((host.folder / PROGRAM).read_text(encoding="utf-8"))


def image_step(host: Host, version: str) -> Step:
    """Fetch or build the image of this checkout, and fetch those of others; an image that is here is taken."""

    def take() -> Outcome:
        name, runner = host.image(version), host.runner(version)
        found = image_of(host, name)
        fetched = (
            found is None
            and "/" in host.deploy.image
            and runner.succeeds(("docker", "pull", name), seconds=BUILD_SECONDS)
        )
        if found is None and not fetched:
            _build(host, version)
        runner.run(host.compose.pull(), seconds=BUILD_SECONDS)
        if found is not None:
            return Outcome(f"{name} já está aqui", before=True)
        return Outcome(f"{name} {'recebida' if fetched else 'construída'}")

    return Step("imagem", take)


def engines_step(host: Host) -> Step:
    """Start what keeps the data, and wait until it is well."""

    def take() -> Outcome:
        services = host.runner().run(host.compose.services()).output.split()
        wanted = [name for name in ENGINES if name in services]
        before = _ids(host, wanted)
        try:
            host.runner().run(host.compose.engines(*wanted), seconds=START_SECONDS)
        except CommandFailed as failed:
            _tell_logs(host, wanted)
            raise NotComingUp(failed.message, "docker compose logs postgres redis") from failed
        return Outcome(f"{' e '.join(wanted)} de pé", before=before == _ids(host, wanted))

    return Step("bancos", take)


def everything_step(host: Host) -> Step:
    """Start the whole stack, and wait until the service is ready and a worker lives."""

    def take() -> Outcome:
        before, replicas, runner = _ids(host, SERVED), replicas_of(host), host.runner()
        try:
            runner.run(host.compose.everything(api=replicas.api, worker=replicas.worker), seconds=START_SECONDS)
        except CommandFailed as failed:
            _tell_logs(host, SERVED)
            raise NotComingUp(failed.message, "docker compose ps --all") from failed
        asked = (host.compose.inside("api", "secretaria", "healthcheck"), _worker_asked(host))
        for argv in asked:
            _await(host, lambda argv=argv: runner.succeeds(argv))  # type: ignore[misc]  # bound now
        return Outcome("serviço, workers e proxy de pé", before=before == _ids(host, SERVED))

    return Step("serviços", take)


def proxy_step(port: int) -> Step:
    """Knock at the public door: the proxy answers, whatever it says."""

    def answers() -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                return True
        except OSError:
            return False

    def take() -> Outcome:
        wait_until(answers, 60, f"ninguém atende na porta {port}", "docker compose logs proxy certificate")
        return Outcome(f"atende na porta {port}")

    return Step("porta pública", take)


def ledger_step(host: Host, version: str, began: datetime) -> Step:
    """Note the first release where deploy and rollback look for it, and in the audit."""

    def take() -> Outcome:
        current = ledger.current(ledger.read(host.ledger))
        if current is not None:
            return Outcome(f"{current.version} já está no registro de publicações", before=True)
        image = image_of(host, host.image(version))
        release = Release(
            id=uuid4().hex,
            kind="install",
            version=version,
            before="",
            outcome="released",
            began_at=began.isoformat(timespec="seconds"),
            who=host.who,
            image=image.id if image else "",
            revision=image.revision if image else "",
            migration_head=image.migration_head if image else "",
            seconds=round((datetime.now(UTC) - began).total_seconds(), 1),
        )
        ledger.append(host.ledger, release)
        told = json.dumps(asdict(release), ensure_ascii=False)
        host.runner().run(host.compose.inside("api", "secretaria", "releases", "note", told))
        return Outcome(f"{version} anotada; para publicar a próxima: secretaria deploy")

    return Step("registro", take)


def port_in(value: str) -> int:
    """Return the port of a published address like ``443`` or ``127.0.0.1:443``.

    Raises:
        PreflightRefused: There is none.
    """
    last = value.rpartition(":")[2]
    if not last.isdigit():
        raise PreflightRefused(f"{value!r} não é uma porta", "corrija HTTP_PORT e HTTPS_PORT em .env")
    return int(last)


def _build(host: Host, version: str) -> None:
    head = max((host.folder / "migrations/versions").glob("[0-9]*.py"), default=Path(docker.UNKNOWN)).stem
    arguments = {"VERSION": version, "REVISION": _revision(host), "MIGRATION_HEAD": head}
    labels = {docker.VERSION_LABEL: version, docker.REVISION_LABEL: arguments["REVISION"], docker.HEAD_LABEL: head}
    argv = docker.build(host.image(version), str(host.folder), str(host.folder / DOCKERFILE), arguments, labels)
    host.runner(version).run(argv, seconds=BUILD_SECONDS)


def _revision(host: Host) -> str:
    try:
        return host.runner().run(git.commit_of("HEAD")).output.strip()
    except SecretariaError:
        return docker.UNKNOWN  # unpacked from an archive


def _look_at_lost_password(host: Host) -> Iterator[Finding]:
    """A database that is here was made with a password; a new one would open nothing."""
    volume = f"{host.deploy.project}_postgres"
    if read_value(host.env_file, "POSTGRES_PASSWORD") or read_value(host.env_file, "DATABASE_URL"):
        return
    if host.runner().succeeds(("docker", "volume", "inspect", volume)):
        found = f"o volume {volume} existe, e .env não tem a senha dele"
        yield Finding(
            "banco anterior", "falha", found, "traga o .env de antes; ou secretaria restore; ou outro [deploy] project"
        )


def _await(host: Host, is_so: Callable[[], bool]) -> None:
    def look() -> bool:
        fallen = [one for name in ("api", "worker") for one in containers_of(host, name) if one.restarts >= FALLS]
        if fallen:
            raise NotComingUp(f"{fallen[0].name} cai logo que sobe", LOGS_HINT)
        return is_so()

    seconds = host.deploy.ready_seconds
    try:
        wait_until(look, seconds, f"o serviço não ficou pronto em {seconds} s", LOGS_HINT)
    except SecretariaError:
        _tell_logs(host, ("api", "worker"))
        raise


def _worker_asked(host: Host) -> tuple[str, ...]:
    return host.compose.inside("worker", "secretaria", "healthcheck", "worker")


def _tell_logs(host: Host, services: Sequence[str]) -> None:
    """Tell the last lines of what does not run as it should."""
    for one in (one for service in services for one in containers_of(host, service)):
        for line in last_lines(host, one, 5):
            host.tell(f"   {one.name} | {line}")


def _ids(host: Host, services: Sequence[str]) -> list[str]:
    return [one.id for service in services for one in containers_of(host, service) if one.runs]
