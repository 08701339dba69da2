"""secretaria doctor: named checks, each with what was found and the command that mends it."""

from __future__ import annotations

from typing import Annotated

import typer


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Uma linha JSON por exame.")] = False) -> None:
    """Examina a instalação e diz como consertar o que estiver errado."""
    from secretaria.cli.console import paper, print_json
    from secretaria.cli.examination import examine

    failed = False
    for result in examine():
        failed = failed or result.status == "falha"
        if as_json:
            print_json({"name": result.name, "status": result.status, "found": result.found, "mend": result.mend})
        else:
            colour = {"ok": "green", "aviso": "yellow", "falha": "red"}[result.status]
            paper().print(f"[{colour}]{result.status:<5}[/{colour}] {result.name:<18}", end=" ")
            paper().print(result.found, markup=False, soft_wrap=True)
            if result.mend:
                paper().print(f"      conserte com: {result.mend}", markup=False, soft_wrap=True)
    if failed:
        raise typer.Exit(1)
