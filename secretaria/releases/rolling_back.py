"""Use case: go back to a version that ran here before, as far as the schema lets its code run."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from secretaria.crashpoints import crashpoint
from secretaria.errors import Conflict, GateFailed, NotFound, PreflightRefused, SecretariaError
from secretaria.machine.commands import Argv
from secretaria.releases import ledger, schema
from secretaria.releases.containers import Image, image_of
from secretaria.releases.ending import finish, go_back, mend, told_lines
from secretaria.releases.examining import Known, knows_most, running_release
from secretaria.releases.hooks import Moment, run_hook
from secretaria.releases.host import Host
from secretaria.releases.ledger import Release
from secretaria.releases.lock import held
from secretaria.releases.plan import Facts, examine_command, migrate_command, switch_commands, watch_command
from secretaria.releases.proving import prove
from secretaria.releases.rolling import require_swarm
from secretaria.releases.switching import Replicas, replicas_of, settle, switch
from secretaria.releases.telling import told_to_hooks

MIGRATE_SECONDS = 1800.0
NewestCopy = Callable[[], tuple[str, datetime] | None]


class SchemaMovedOn(Conflict):
    """The code of that version cannot run on the database as it is now."""


@dataclass(frozen=True)
class WayBack:
    """What going back means.

    Attributes:
        version: Where to.
        image: The image of it.
        head: The newest migration that its code knows.
        before: The version and image that run now.
        asked: The version that knows the schema, and changes it where it must be.
        undone: The migrations that must be taken back first, newest first; usually none.
    """

    version: str
    image: Image
    head: str
    before: tuple[str, Image]
    asked: str
    undone: tuple[str, ...] = ()


@dataclass
class Journey:
    """A way back that is being gone.

    Attributes:
        host: The machine.
        way: Where it leads.
        release: What is known of it, as it will stand in the ledger.
        replicas: How many containers there shall be of each service.
        hooks: Whether the owner's programs run.
        began: The moment by a clock that only goes forward.
        touched: Whether what runs may have changed already.
    """

    host: Host
    way: WayBack
    release: Release
    replicas: Replicas
    hooks: bool
    began: float = field(default_factory=time.monotonic)
    touched: bool = False

    @property
    def known(self) -> Known:
        """What ran before, to be put back if the way is not passable."""
        way, replicas = self.way, self.replicas
        facts = Facts(way.version, way.before[0], way.image.revision, stamped=False, replicas=replicas, engines=())
        return Known(facts, way.before)

    def hook(self, moment: Moment) -> None:
        """Run the owner's program after a way back, unless it is to be left out."""
        asked = self.hooks and moment == "post-rollback"
        if asked and (problem := run_hook(self.host.runner(), moment, told_to_hooks(self.release))):
            self.host.tell(f"aviso: {problem}")


def choices(host: Host) -> list[Release]:
    """Return the versions that ran here and whose image is still here, the newest first; not the one that runs."""
    releases = ledger.read(host.ledger)
    now = ledger.current(releases)
    came = [one for one in reversed(releases) if one.outcome == "released" and one.kind != "rollback"]
    versions = dict.fromkeys(one.version for one in came if now is None or one.version != now.version)
    newest = {version: next(one for one in came if one.version == version) for version in versions}
    return [one for one in newest.values() if image_of(host, one.image) is not None]


def find_way_back(host: Host, version: str, copies: NewestCopy, *, with_database: bool) -> WayBack:
    """Look whether a version can be gone back to; nothing is touched.

    Args:
        host: The machine.
        version: Where to; empty for the release before the present one.
        copies: Names the newest copy of the database and its moment; None where there is none.
        with_database: Whether migrations may be taken back for it.

    Raises:
        PreflightRefused: The machine cannot publish.
        NotFound: There is no such release, or its image is gone.
        SchemaMovedOn: Its code cannot run on the schema, and nothing that is allowed changes that.
    """
    if host.on_swarm:
        require_swarm(host)
    running = running_release(host)
    if running is None:
        raise NotFound("nenhuma versão roda aqui, então não há de onde voltar", "publique uma: secretaria deploy")
    releases = ledger.read(host.ledger)
    target = ledger.origin_of(releases, version) if version else ledger.previous(releases, running[0])
    if target is None:
        wanted = f"a versão {version} nunca rodou aqui" if version else "não há versão anterior"
        raise NotFound(wanted, "veja as que há: secretaria releases")
    if target.version == running[0]:
        raise Conflict(f"a versão {target.version} é a que está no ar", "veja as outras: secretaria releases")
    image = image_of(host, target.image)
    if image is None:
        raise NotFound(
            f"a imagem da {target.version} não está mais nesta máquina",
            f"construa-a de novo da marca: secretaria deploy --tag v{target.version}",
        )
    head = target.migration_head or image.migration_head
    if not head:
        raise SchemaMovedOn(
            f"não se sabe com que esquema do banco a {target.version} roda: a imagem dela não diz",
            f"construa-a de novo da marca: secretaria deploy --tag v{target.version}",
        )
    way = WayBack(target.version, image, head, running, knows_most(host, running[0]))
    return replace(way, undone=_to_undo(host, way, copies, with_database=with_database))


def steps_back(host: Host, way: WayBack) -> list[tuple[str, tuple[Argv, ...]]]:
    """Lay out a way back: what happens, and what is run."""
    replicas = replicas_of(host)
    undo = (_undo_command(host, way),) if way.undone else ()
    return [
        (f"examina a imagem da {way.version}", (host.once(way.version, "config", "check"),)),
        *([(f"desfaz {', '.join(way.undone)}", undo)] if undo else []),
        (
            f"troca {replicas.api} api e {replicas.worker} worker pela {way.version} sem recusar nenhum evento",
            switch_commands(host, replicas, "API_ATUAL"),
        ),
        (
            "um evento de ponta a ponta, e os erros por um tempo; se falhar, a atual volta",
            (examine_command(host, "API", way.image.id, way.version), watch_command(host, "API", way.image.id)),
        ),
    ]


def roll_back(
    host: Host, version: str, copies: NewestCopy, *, with_database: bool, hooks: bool = True, wait_seconds: float = 0.0
) -> Release:
    """Go back to a version.

    Args:
        host: The machine.
        version: Where to; empty for the release before the present one.
        copies: Names the newest copy of the database and its moment; None where there is none.
        with_database: Whether migrations may be taken back for it, where they lose nothing.
        hooks: Whether the owner's programs run.
        wait_seconds: How long to wait for somebody else who changes the installation.

    Raises:
        LockHeld: Somebody else changes the installation.
        NotFound: There is no such release, or its image is gone.
        SchemaMovedOn: Its code cannot run on the schema.
        GateFailed: It did not pass; the version that ran is back.
    """
    with held(host.lock, host.who, "volta à versão", version=version or "anterior", wait_seconds=wait_seconds):
        mend(host)
        journey = _begin(host, find_way_back(host, version, copies, with_database=with_database), hooks=hooks)
        with _returning(journey):
            _test(journey)
            journey.touched = True
            _undo(journey)
            _switch(journey)
            _prove(journey)
        journey.release = ledger.finished(journey.release, "released", time.monotonic() - journey.began)
        return finish(host, journey.release, journey.way.image, journey.hook)


def _begin(host: Host, way: WayBack, *, hooks: bool) -> Journey:
    release = Release(
        id=uuid4().hex,
        kind="rollback",
        version=way.version,
        before=way.before[0],
        outcome="began",
        began_at=datetime.now(UTC).isoformat(timespec="seconds"),
        who=host.who,
        image=way.image.id,
        revision=way.image.revision,
        migration_head=way.head,
        environment=host.environment,
    )
    ledger.append(host.ledger, release)
    return Journey(host, way, release, replicas_of(host), hooks)


def _test(journey: Journey) -> None:
    host, way = journey.host, journey.way
    host.tell(f"[1/4] examina a imagem da {way.version}")
    host.runner(way.version).run(host.once(way.version, "config", "check"), seconds=120)
    crashpoint("rollback.tested")


def _undo(journey: Journey) -> None:
    host, way = journey.host, journey.way
    if not way.undone:
        host.tell(f"[2/4] o banco fica como está: a {way.version} roda nele")
        return
    host.tell(f"[2/4] desfaz no banco: {', '.join(way.undone)}; o atendimento é afetado")
    host.runner(way.asked).run(_undo_command(host, way), seconds=MIGRATE_SECONDS)


def _switch(journey: Journey) -> None:
    host, way = journey.host, journey.way
    host.tell("[3/4] troca sem recusar nenhum evento")
    switch(host, way.version, way.image, journey.replicas)
    settle(host, way.version)
    crashpoint("rollback.switched")


def _prove(journey: Journey) -> None:
    journey.host.tell("[4/4] um evento de ponta a ponta, e os erros por um tempo")
    prove(journey.host, journey.way.image)


@contextmanager
def _returning(journey: Journey) -> Iterator[None]:
    """End badly in order: tell what failed, put back what ran where it was touched, and note it."""
    try:
        yield
    except BaseException as error:
        host, way, seconds = journey.host, journey.way, time.monotonic() - journey.began
        why = error.message if isinstance(error, SecretariaError) else "interrompida"
        for line in told_lines(error):
            host.tell(f"   | {line}")
        if not journey.touched:
            journey.release = ledger.finished(journey.release, "failed", seconds, reason=why)
            go_back(host, journey.release, None, journey.hook)
            raise
        host.tell(f"a {way.version} não passou: {why}; a {way.before[0]} volta")
        if way.undone:
            host.runner(way.asked).run(migrate_command(host, way.asked), seconds=MIGRATE_SECONDS)
        journey.release = ledger.finished(journey.release, "went_back", seconds, reason=why)
        go_back(host, journey.release, journey.known, journey.hook)
        if not isinstance(error, Exception):
            raise
        raise GateFailed(
            f"a volta à {way.version} não passou: {why}; a {way.before[0]} continua", "veja as linhas acima"
        ) from error


def _to_undo(host: Host, way: WayBack, copies: NewestCopy, *, with_database: bool) -> tuple[str, ...]:
    """Return which migrations must go before the version can run; its code alone is changed wherever that is safe."""
    asked = host.once(way.asked, "migrate", "--plan", "--to", way.head, "--json")
    try:
        ran = host.runner(way.asked).run(asked, seconds=120)
    except SecretariaError as error:
        raise PreflightRefused(f"não consegui ler o esquema do banco: {error.message}", "secretaria doctor") from error
    planned: dict[str, Any] = json.loads(ran.output.splitlines()[-1])
    back = planned.get("back", [])
    breaking = schema.in_the_way(way.version, back)
    if not breaking:
        return ()
    reason = schema.told(breaking)
    lost = [what for step in back if not step.get("reversible") for what in step.get("loses") or [step["revision"]]]
    if lost:
        raise SchemaMovedOn(
            f"a {way.version} não roda no banco de hoje ({reason}), e voltar o banco perderia: {', '.join(lost)}",
            _restoring(copies),
        )
    if not with_database:
        raise SchemaMovedOn(
            f"a {way.version} não roda no banco de hoje ({reason})",
            f"o banco pode voltar sem perder nada: secretaria rollback {way.version} --with-database",
        )
    return tuple(str(step["revision"]) for step in back)


def _restoring(copies: NewestCopy) -> str:
    """Say which copy would have to be restored, and how much would be lost with it."""
    found = copies()
    if found is None:
        return "e não há cópia de segurança: conserte a versão atual e publique de novo"
    path, taken_at = found
    minutes = (datetime.now(UTC) - taken_at).total_seconds() / 60
    return f"resta a cópia: secretaria restore {path} (perde os últimos {minutes:.0f} minutos)"


def _undo_command(host: Host, way: WayBack) -> Argv:
    return host.once(way.asked, "migrate", "--to", way.head)
