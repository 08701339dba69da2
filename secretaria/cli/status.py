"""secretaria status: how the installation is at this moment, also while parts of it are away."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from secretaria.bootstrap import Installation

LOOK_SECONDS = 2.0
NO_RECORD = "nenhum registro"


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Uma linha JSON por olhada.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Olha de novo a cada 2 segundos, até Ctrl-C.")] = False,
) -> None:
    """Mostra como a instalação está agora: saúde, versões, filas, workers."""
    from secretaria.cli.console import paper, print_json
    from secretaria.cli.installed import find_installation

    installation = find_installation()
    while True:
        seen = look(installation)
        if as_json:
            print_json(seen)
        else:
            if watch and paper().is_terminal:
                paper().clear()
            _show(seen)
        if not watch:
            break
        time.sleep(LOOK_SECONDS)
    if seen["status"] != "ok":
        raise typer.Exit(1)


def look(installation: "Installation") -> dict[str, Any]:
    """Return everything that is known now; what an engine that is away would tell is None."""
    from dataclasses import asdict

    import secretaria
    from secretaria.health import check_health

    findings = check_health(installation.health_engine, installation.redis)
    reachable = findings["postgresql"].ok
    return {
        "status": "ok" if all(finding.ok for finding in findings.values()) else "unavailable",
        "version": secretaria.__version__,
        "business": _business(installation) if reachable else None,
        "components": {name: asdict(finding) for name, finding in findings.items()},
        "queues": _queues(installation) if reachable else None,
        "spool_bytes": installation.spool.size(),
        "last_release": _last_release(installation) if reachable else None,
        "last_backup": _last_backup(installation) if reachable else None,
    }


def _business(installation: "Installation") -> dict[str, Any] | None:
    from secretaria.errors import SecretariaError

    try:
        business = installation.business
    except SecretariaError:
        return None
    return {"name": business.card.identity.name, "version": business.version_id, "content": business.version}


def _last_release(installation: "Installation") -> dict[str, Any] | None:
    from secretaria.database.transaction import DatabaseUnavailable
    from secretaria.releases.noted import last_release

    try:
        found = last_release(installation.health_engine)
        return None if found is None else {**found, "at": found["at"].isoformat()}
    except DatabaseUnavailable:  # it went away since it was asked how it is
        return None


def _queues(installation: "Installation") -> list[dict[str, Any]] | None:
    from secretaria.database.transaction import DatabaseUnavailable
    from secretaria.replies.backlog import read_stats

    try:
        stats = read_stats(installation.health_engine, installation.clock.now())
    except DatabaseUnavailable:  # it went away since it was asked how it is
        return None
    return [
        {
            "queue": one.queue,
            "states": dict(one.states),
            "oldest_seconds": None if one.oldest_seconds is None else round(one.oldest_seconds, 1),
            "paused": one.paused_at is not None,
        }
        for one in stats
    ]


def _last_backup(installation: "Installation") -> dict[str, Any] | None:
    from sqlmodel import Session

    from secretaria.queue.chores import BACKUP, BACKUP_VERIFIED, last_chore

    with Session(installation.health_engine) as session:
        taken, proved = last_chore(session, BACKUP), last_chore(session, BACKUP_VERIFIED)
    if taken is None or taken.ended_at is None:
        return None
    return {
        "file": taken.done.get("file"),
        "bytes": taken.done.get("bytes"),
        "taken_at": taken.ended_at.isoformat(),
        "age_seconds": round((installation.clock.now() - taken.ended_at).total_seconds()),
        "verified": proved is not None and proved.done.get("file") == taken.done.get("file"),
        "last_verified_at": None if proved is None or proved.ended_at is None else proved.ended_at.isoformat(),
    }


def _told_copy(copy: dict[str, Any] | None) -> str:
    if copy is None:
        return NO_RECORD
    proved = (
        "conferida" if copy["verified"] else f"não conferida; a última que foi: {copy['last_verified_at'] or 'nenhuma'}"
    )
    return f"há {copy['age_seconds'] / 3600:.1f} h, {(copy['bytes'] or 0) / 1e6:.1f} MB, {proved}"


def _show(seen: dict[str, Any]) -> None:
    from secretaria.cli.console import paper

    lines = [f"versão      {seen['version']}"]
    business = seen["business"]
    if business is not None:
        lines.append(f"negócio     {business['name']}, versão {business['version'] or NO_RECORD} da base")
    for name, component in seen["components"].items():
        mark = "ok" if component["ok"] else "falha"
        lines.append(f"{name:<11} {mark:<6} {component['detail']} ({component['latency_ms']:.0f} ms)")
        lines += [
            f"            falta a migração {missing}" for missing in component["facts"].get("pending_migrations", ())
        ]
        ages = component["facts"].get("heartbeat_age_seconds", {})
        lines += [f"            {worker}: sinal há {age:.0f} s" for worker, age in sorted(ages.items())]
    for one in seen["queues"] or ():
        counts = ", ".join(f"{count} {state}" for state, count in one["states"].items() if count) or "vazia"
        oldest = f", a mais antiga há {one['oldest_seconds']:.0f} s" if one["oldest_seconds"] is not None else ""
        lines.append(f"fila {one['queue']:<6} {'parada' if one['paused'] else 'ok':<6} {counts}{oldest}")
    if seen["spool_bytes"]:
        lines.append(f"no disco    {seen['spool_bytes']} bytes de eventos esperam o PostgreSQL")
    lines.append(f"publicação  {_told_release(seen['last_release'])}")
    lines.append(f"cópia       {_told_copy(seen['last_backup'])}")
    for line in lines:
        paper().print(line, markup=False, soft_wrap=True)


def _told_release(release: dict[str, Any] | None) -> str:
    if release is None:
        return NO_RECORD
    before = f", antes {release['before']}" if release["before"] else ""
    return f"{release['version']} desde {release['at'][:16].replace('T', ' ')} UTC, por {release['who']}{before}"
