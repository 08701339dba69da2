"""Use case: publish a version in nine steps; what fails before the switch changes nothing, what fails after it goes back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from packaging.version import Version

from secretaria.crashpoints import crashpoint
from secretaria.errors import GateFailed, SecretariaError
from secretaria.machine import docker
from secretaria.releases import ledger, schema, tree
from secretaria.releases.containers import Image, containers_of, image_of
from secretaria.releases.ending import WayBackBlocked, adopt, finish, go_back, mend, told_lines
from secretaria.releases.examining import Known, Wish, examine
from secretaria.releases.hooks import Moment, run_hook
from secretaria.releases.host import Host
from secretaria.releases.ledger import Release
from secretaria.releases.lock import held
from secretaria.releases.plan import (
    AFFECTED,
    FIRST_THAT_GOES_BACK,
    STEPS,
    build_commands,
    engine_commands,
    migrate_command,
    steps_of,
    test_commands,
)
from secretaria.releases.proving import prove
from secretaria.releases.switching import settle, switch
from secretaria.releases.telling import told_to_hooks

BUILD_SECONDS = 3600.0
MIGRATE_SECONDS = 1800.0
TEST_SECONDS = 1800.0
Copy = Callable[[str], str]


class VersionRefused(SecretariaError):
    """The new image does not do what it must before it may serve anybody; nothing was switched."""

    exit_code = 5


class ContractRefused(VersionRefused):
    """A migration takes away what the version that runs still uses."""


@dataclass
class Course:
    """A release under way.

    Attributes:
        host: The machine.
        wish: What was asked for.
        known: What was found before.
        release: What is known of it, as it will stand in the ledger.
        hooks: Whether the owner's programs run.
        copy: Takes a copy of the database; returns where it is.
        began: The moment by a clock that only goes forward.
        image: What was built.
        has_schema: Whether there is anything in the database to copy.
        contracts: Whether its migrations take away what the version before uses: then there is no way back.
        reached: The step that is being done.
    """

    host: Host
    wish: Wish
    known: Known
    release: Release
    hooks: bool
    copy: Copy
    began: float = field(default_factory=time.monotonic)
    image: Image | None = None
    has_schema: bool = False
    contracts: bool = False
    reached: str = STEPS[0]

    @property
    def built(self) -> Image:
        """The image of the new version, once it is there."""
        if self.image is None:
            raise SecretariaError(f"a imagem {self.host.image(self.release.version)} não está nesta máquina")
        return self.image

    def hook(self, moment: Moment) -> None:
        """Run the owner's program of a moment, unless it is to be left out."""
        if self.hooks and (problem := run_hook(self.host.runner(), moment, told_to_hooks(self.release))):
            self.host.tell(f"aviso: {problem}")


def deploy(host: Host, wish: Wish, *, copy: Copy, hooks: bool = True, wait_seconds: float = 0.0) -> Release:
    """Publish a version.

    Args:
        host: The machine.
        wish: Which version.
        copy: Takes a copy of the database for the reason given and returns where it is.
        hooks: Whether the owner's programs run.
        wait_seconds: How long to wait for somebody else who changes the installation.

    Raises:
        LockHeld: Somebody else changes the installation.
        PreflightRefused: Something must be mended first; nothing was touched.
        VersionRefused: The image did not pass; nothing was switched.
        GateFailed: The version did not pass after the switch; the one before is back.
    """
    first = examine(host, wish)
    with held(host.lock, host.who, "publicação", version=first.facts.version, wait_seconds=wait_seconds):
        mend(host)
        adopt(host)
        course = _begin(host, wish, examine(host, wish), copy, hooks=hooks)
        steps = steps_of(host, course.known.facts)
        work: dict[str, Callable[[Course], None]] = {
            "version": _prepare,
            "build": _build,
            "tests": _test,
            "backup": _back_up,
            "migrate": _migrate,
            "switch": _switch,
            "gate": _prove,
        }
        with _returning(course):
            for number, step in enumerate(steps, start=1):
                course.reached = step.name
                crashpoint(f"deploy.{step.name}")
                if step.name in work:
                    host.tell(f"[{number}/{len(steps)}] {step.says}")
                    work[step.name](course)
        host.tell(f"[{len(steps)}/{len(steps)}] {steps[-1].says}")
        return finish(host, course.release, course.built, course.hook)


def _begin(host: Host, wish: Wish, known: Known, copy: Copy, *, hooks: bool) -> Course:
    release = Release(
        id=uuid4().hex,
        kind=wish.kind,
        version=known.facts.version,
        before=known.facts.before,
        outcome="began",
        began_at=datetime.now(UTC).isoformat(timespec="seconds"),
        who=host.who,
        environment=host.environment,
    )
    ledger.append(host.ledger, release)
    return Course(host, wish, known, release, hooks, copy)


def _prepare(course: Course) -> None:
    host, facts = course.host, course.known.facts
    version = Version(facts.version) if facts.stamped else None
    revision = tree.prepare_tree(host, facts.commit, version, datetime.now(UTC).date())
    migrations = sorted((host.release_tree / "migrations/versions").glob("[0-9]*.py"))
    head = migrations[-1].stem if migrations else ""
    course.release = replace(course.release, revision=revision, migration_head=head)


def _build(course: Course) -> None:
    host, release = course.host, course.release
    course.hook("pre-build")
    name = host.image(release.version)
    found = image_of(host, name)
    if course.wish.tag and found is not None and found.revision == release.revision:
        host.tell(f"   {name} já está nesta máquina: é a mesma imagem ({found.id[:19]})")
    else:
        for command in build_commands(host, release.version, release.revision, release.migration_head):
            host.runner(release.version).run(command, seconds=BUILD_SECONDS)
            crashpoint("deploy.build.built")
        found = image_of(host, name)
    course.image = found
    course.release = replace(release, image=course.built.id)


def _test(course: Course) -> None:
    host, version = course.host, course.release.version
    for command in engine_commands(host, course.known.facts.engines):
        host.runner(version).run(command)
    for command in test_commands(host, version):
        try:
            ran = host.runner(version).run(command, seconds=TEST_SECONDS)
        except SecretariaError as error:
            raise VersionRefused(f"a imagem não passou no exame: {error.message}") from error
        if "--plan" in command:
            _refuse_contract(course, json.loads(ran.output.splitlines()[-1]))


def _refuse_contract(course: Course, planned: dict[str, Any]) -> None:
    course.has_schema = bool(planned.get("current"))
    pending = planned.get("pending", [])
    course.host.tell(f"   migrações a aplicar: {', '.join(str(one['revision']) for one in pending) or 'nenhuma'}")
    breaking = schema.in_the_way(course.release.before, pending)
    course.contracts = bool(breaking)
    if breaking and containers_of(course.host, "api"):
        raise ContractRefused(
            f"uma migração tira o que a versão {course.release.before} ainda usa: {schema.told(breaking)}",
            f"publique antes uma versão que não use mais isso; ou pare a anterior ({_stopping(course.host)}) e repita",
        )


def _stopping(host: Host) -> str:
    """Say what stops the version that runs."""
    if host.on_swarm:
        return f"docker service scale {host.deploy.project}_api=0 {host.deploy.project}_worker=0"
    return "docker compose stop api worker"


def _back_up(course: Course) -> None:
    course.hook("pre-deploy")
    if course.has_schema:
        course.release = replace(course.release, backup=course.copy(f"antes da versão {course.release.version}"))
    course.host.tell(f"   cópia: {course.release.backup}" if course.release.backup else "   nada a copiar ainda")
    course.host.tell(f"   {AFFECTED}")


def _migrate(course: Course) -> None:
    runner = course.host.runner(course.release.version)
    ran = runner.run(migrate_command(course.host, course.release.version), seconds=MIGRATE_SECONDS)
    course.host.tell(f"   {ran.output.strip() or 'o banco está no esquema da nova versão'}")


def _switch(course: Course) -> None:
    host, facts = course.host, course.known.facts
    switch(host, facts.version, course.built, facts.replicas)
    settle(host, facts.version)


def _prove(course: Course) -> None:
    prove(course.host, course.built)
    course.release = ledger.finished(course.release, "released", time.monotonic() - course.began)


def _no_way_back(course: Course, why: str, seconds: float) -> WayBackBlocked:
    course.release = ledger.finished(course.release, "failed", seconds, reason=why)
    ledger.append(course.host.ledger, course.release)
    return WayBackBlocked(
        f"a {course.release.version} não passou ({why}) e a {course.release.before} não roda mais no banco que ela migrou",
        f"conserte e publique de novo; ou volte tudo à cópia: secretaria restore {course.release.backup}",
    )


@contextmanager
def _returning(course: Course) -> Iterator[None]:
    """End badly in order: tell what failed, put back what was before where it was touched, and note it."""
    try:
        yield
    except BaseException as error:
        host, seconds = course.host, time.monotonic() - course.began
        why = error.message if isinstance(error, SecretariaError) else "interrompida"
        for line in told_lines(error):
            host.tell(f"   | {line}")
        tree.clear_tree(host)
        if STEPS.index(course.reached) < FIRST_THAT_GOES_BACK:
            if course.image is not None and not course.wish.tag:
                host.runner().succeeds(docker.remove_image(host.image(course.release.version)))
            course.release = ledger.finished(course.release, "failed", seconds, reason=why)
            go_back(host, course.release, None, course.hook)
            raise
        host.tell(f"a {course.release.version} não passou ({course.reached}): {why}; voltando")
        if course.contracts:
            raise _no_way_back(course, why, seconds) from error
        switched = course.reached != "migrate"
        course.release = ledger.finished(course.release, "went_back", seconds, reason=why)
        go_back(host, course.release, course.known if switched else None, course.hook)
        if not isinstance(error, Exception):
            raise
        back = f"a {course.release.before} está de volta" if course.release.before else "nada ficou dela"
        raise GateFailed(
            f"a versão {course.release.version} não passou: {why}; {back}, e nenhuma marca foi feita",
            "veja as linhas acima; depois de corrigir: secretaria deploy",
        ) from error
