"""secretaria rollback: back to a version that ran here before."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from secretaria.releases.host import Host
    from secretaria.releases.rolling_back import WayBack


def rollback(
    version: Annotated[str, typer.Argument(metavar="[VERSÃO]", help="Para qual; sem ela, a anterior.")] = "",
    with_database: Annotated[
        bool, typer.Option("--with-database", help="Desfaz também migrações, só onde nada se perde.")
    ] = False,
    environment: Annotated[str, typer.Option("--env", metavar="NOME", help="Como em deploy.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Só mostra o que faria; não toca em nada.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Não pergunta; sem VERSÃO, a anterior.")] = False,
    wait_timeout: Annotated[
        int,
        typer.Option(min=0, max=1800, metavar="SEGUNDOS", help="Prazo para a versão ficar pronta; 0: o configurado."),
    ] = 0,
    lock_wait: Annotated[
        float, typer.Option(min=0, metavar="SEGUNDOS", help="Espera quem já está mexendo, até este prazo.")
    ] = 0.0,
    skip_hooks: Annotated[bool, typer.Option("--skip-hooks", help="Não roda os programas de hooks/.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="O resultado (ou o plano) como um objeto JSON.")] = False,
) -> None:
    """Volta a uma versão que já rodou aqui; recusa, com o motivo, se o código dela não roda no banco de hoje."""
    from dataclasses import asdict
    from functools import partial

    from secretaria.cli.confirmation import confirm
    from secretaria.cli.console import print_json
    from secretaria.cli.publishing import end_as_interrupted, find_host, newest_copy
    from secretaria.releases.rolling_back import find_way_back, roll_back
    from secretaria.releases.version import parse_version

    host, settings = find_host(environment, ready_seconds=wait_timeout)
    copies = partial(newest_copy, settings)
    wanted = str(parse_version(version)) if version else ""
    if not wanted and not yes and not dry_run and sys.stdin.isatty():
        wanted = _pick(host)
    way = find_way_back(host, wanted, copies, with_database=with_database)
    if dry_run:
        _show_plan(host, way, as_json=as_json)
        return
    undone = f", desfazendo no banco {', '.join(way.undone)}" if way.undone else "; o banco fica como está"
    confirm(f"Voltar da {way.before[0]} à {way.version}{undone}?", yes=yes)
    end_as_interrupted()
    release = roll_back(
        host, way.version, copies, with_database=with_database, hooks=not skip_hooks, wait_seconds=lock_wait
    )
    if as_json:
        print_json(asdict(release))


def _pick(host: "Host") -> str:
    """Let a person choose among the versions that can be gone back to; Enter takes the newest."""
    from datetime import UTC, datetime

    from rich.prompt import IntPrompt

    from secretaria.cli.console import say, talk
    from secretaria.cli.publishing import relative
    from secretaria.releases.rolling_back import choices

    found = choices(host)
    if not found:
        return ""
    now = datetime.now(UTC)
    for number, one in enumerate(found, start=1):
        say(f"  {number}. {one.version}  {relative(one.began_at, now)}, por {one.who}, esquema {one.migration_head}")
    numbers = [str(number) for number in range(1, len(found) + 1)]
    chosen = IntPrompt.ask("Para qual voltar?", console=talk(), choices=numbers, default=1)
    return found[chosen - 1].version


def _show_plan(host: "Host", way: "WayBack", *, as_json: bool) -> None:
    import shlex

    from secretaria.cli.console import paper, print_json
    from secretaria.releases.rolling_back import steps_back

    steps = steps_back(host, way)
    if as_json:
        told = [{"says": says, "commands": [list(argv) for argv in commands]} for says, commands in steps]
        print_json({"version": way.version, "before": way.before[0], "undone": list(way.undone), "steps": told})
        return
    for number, (says, commands) in enumerate(steps, start=1):
        paper().print(f"{number}. {says}", markup=False, soft_wrap=True)
        for argv in commands:
            paper().print(f"     {shlex.join(argv)}", markup=False, soft_wrap=True)
