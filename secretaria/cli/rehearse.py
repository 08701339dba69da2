"""secretaria rehearse: this version tried on a copy of the live database, before anything is switched to it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from secretaria.evaluation.trial import Trial

STEPS = {"copy": "cópia", "migration": "migração", "replay": "conversas gravadas", "conduct": "conduta"}
MOST_ROWS = 60


def rehearse(
    accepted: Annotated[
        Path | None,
        typer.Option(metavar="ARQUIVO", help="Diferenças aceitas (padrão: docs/accepted-differences.toml da versão)."),
    ] = None,
    turns: Annotated[
        int, typer.Option(min=0, help="Quantas rodadas gravadas são respondidas de novo, no máximo.")
    ] = 500,
    as_json: Annotated[bool, typer.Option("--json", help="Um objeto JSON com o resultado e os tempos.")] = False,
) -> None:
    """Ensaia esta versão em uma cópia do banco: migração, conversas gravadas e conduta; sai com 1 se algo mudou.

    A cópia fica no mesmo servidor PostgreSQL e some no fim, mesmo se interrompida; no banco em uso nada é escrito.
    """
    from loguru import logger

    import secretaria
    from secretaria.cli.console import print_json, say
    from secretaria.cli.installed import find_installation
    from secretaria.cli.processes import ending_as_interrupted
    from secretaria.evaluation.accepted import accepted_file, read_accepted
    from secretaria.evaluation.trial import try_version

    logger.remove()  # what the pipeline says of invented customers is not what was asked for
    entries = read_accepted(accepted or accepted_file())
    live = find_installation().owner_engine
    with ending_as_interrupted():
        trial = try_version(live, secretaria.__version__, entries, most_turns=turns, hear=say)
    if as_json:
        print_json(trial.summary())
    else:
        _show(trial)
    if not trial.passed:
        raise typer.Exit(1)


def _show(trial: "Trial") -> None:
    from rich.table import Table

    from secretaria.cli.console import paper
    from secretaria.cli.eval_screen import KINDS, shortened

    steps = Table("passo", "resultado", "tempo")
    applied = f"{len(trial.applied)} migrações" if trial.applied else f"nada a migrar ({trial.after})"
    accepted = f", {len(trial.differences.accepted)} aceitas" if trial.differences.accepted else ""
    told = {
        "copy": f"{trial.bytes_copied / 1024**2:.0f} MiB",
        "migration": trial.migration_failed or applied,
        "replay": f"{trial.turns} rodadas, {len(trial.differences.refused)} diferenças{accepted}",
        "conduct": f"{sum(one.kept for one in trial.manners)} de {len(trial.manners)} regras",
    }
    for name, found in told.items():
        if name in trial.seconds:
            steps.add_row(STEPS[name], found, f"{trial.seconds[name]:.1f} s")
    paper().print(steps)
    if trial.differences.refused:
        table = Table("rodada", "o quê", "antes", "agora")
        for one in trial.differences.refused[:MOST_ROWS]:
            table.add_row(str(one.turn), KINDS.get(one.kind, one.kind), shortened(one.expected), shortened(one.found))
        paper().print(table)
    for manner in trial.manners:
        if not manner.kept:
            paper().print(f"não cumpriu: {manner.rule}: {manner.found}", markup=False, soft_wrap=True)
    for word, entries in (("não cobre nada", trial.differences.unused), ("já venceu", trial.differences.ended)):
        for entry in entries:
            paper().print(f"diferença aceita que {word}: {entry.reason}", markup=False, soft_wrap=True)
