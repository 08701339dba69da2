"""secretaria migrate: the database's schema, forward, and back where nothing is lost."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from secretaria.bootstrap import Installation
    from secretaria.database.steps import Step


def migrate(
    check: Annotated[bool, typer.Option("--check", help="Só diz o que falta; sai com 1 se faltar algo.")] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Só diz o que faria: cada passo, se a versão anterior roda nele, e a volta.")
    ] = False,
    to: Annotated[
        str, typer.Option("--to", metavar="REVISÃO", help="Volta a esta revisão; só onde nada se perde.")
    ] = "",
    sql: Annotated[bool, typer.Option("--sql", help="Só imprime o SQL, sem conectar.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Com --plan: um objeto JSON.")] = False,
) -> None:
    """Leva o banco ao esquema desta versão (seguro com a versão anterior no ar)."""
    from secretaria.cli.console import say
    from secretaria.cli.migrating import bring_up, missing
    from secretaria.database.migrate import downgrade, upgrade_sql

    if sql:
        typer.echo(upgrade_sql(), nl=False)
        return
    installation = _installation()
    engine = installation.owner_engine
    if plan:
        _show_plan(_planned_back(engine, to) if to else _planned(engine), as_json=as_json)
    elif check:
        pending = missing(installation)
        say(f"faltam: {', '.join(pending)}" if pending else "o banco está em dia")
        raise typer.Exit(1 if pending else 0)
    elif to:
        undone = downgrade(engine, to)
        say(f"desfeitas: {', '.join(undone)}" if undone else f"o banco já estava em {to}")
    else:
        applied = bring_up(installation)
        say(f"aplicadas: {', '.join(applied)}" if applied else "o banco já estava em dia")


def _installation() -> "Installation":
    from secretaria.bootstrap import Installation
    from secretaria.settings import load_settings, require

    settings = load_settings()
    require(settings, ("DATABASE_URL",))
    return Installation(settings)


def _planned(engine: "Engine") -> dict[str, Any]:
    """Say what is pending; what a way back would lose is what stands there once somebody has used the new schema."""
    from secretaria.database.migrate import current_revision, pending_revisions
    from secretaria.database.schema import newest_revision
    from secretaria.database.steps import known_steps

    pending = set(pending_revisions(engine))
    return {
        "current": current_revision(engine),
        "head": newest_revision(),
        "pending": [
            {
                **_told(step),
                "reversible": step.has_way_down and not step.costs,
                "loses": [cost.what for cost in step.costs],
            }
            for step in known_steps()
            if step.revision in pending
        ],
    }


def _planned_back(engine: "Engine", revision: str) -> dict[str, Any]:
    """Say what would be taken back, and what of each step is lost as the database is now."""
    from secretaria.database.migrate import current_revision, losses_of, steps_back

    back = []
    for step in steps_back(engine, revision):
        losses = losses_of(engine, step)
        loses = [loss.what if loss.rows is None else f"{loss.what} ({loss.rows})" for loss in losses]
        back.append({**_told(step), "reversible": not losses, "loses": loses})
    return {"current": current_revision(engine), "to": revision, "back": back}


def _told(step: "Step") -> dict[str, Any]:
    return {
        "revision": step.revision,
        "kind": step.kind,
        "does": step.does,
        "breaks": list(step.breaks),
        "unused_since": step.unused_since,
    }


def _show_plan(planned: dict[str, Any], *, as_json: bool) -> None:
    from secretaria.cli.console import paper, print_json

    if as_json:
        print_json(planned)
        return
    steps = planned.get("pending", planned.get("back", []))
    if not steps:
        paper().print(f"o banco está em {planned['current']}: nada a fazer", markup=False)
    for step in steps:
        kind = "a versão anterior roda depois dele" if step["kind"] == "expand" else "a versão anterior NÃO roda depois"
        paper().print(f"{step['revision']}  {kind}", markup=False, soft_wrap=True)
        for line in (step["does"], *step["breaks"]):
            paper().print(f"    {line}", markup=False, soft_wrap=True)
        back = "nada se perde" if step["reversible"] else f"perde {'; '.join(step['loses']) or 'o esquema de antes'}"
        paper().print(f"    a volta: {back}", markup=False, soft_wrap=True)
