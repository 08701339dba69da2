"""secretaria retention: what is past its time, shown or removed."""

from typing import Annotated

import typer

NAMES = {
    "raw": "corpos de eventos", "messages": "mensagens", "replies": "respostas", "sends": "envios",
    "recordings": "gravações para avaliação", "notes": "anotações da equipe", "feed": "acontecimentos", "audit": "auditoria", "people": "pessoas que não escrevem mais",
}  # fmt: skip


def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Só mostra o que sairia; nada muda.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON.")] = False,
) -> None:
    """Remove agora o que passou do prazo de [retention]; o trabalho de fundo faz isso todo dia."""
    from secretaria.audit.trail import note_alone
    from secretaria.cli.console import print_json, say
    from secretaria.cli.installed import open_installation, operator
    from secretaria.rights.retention import apply_retention, preview_retention

    installation = open_installation()
    rules, now = installation.settings.retention, installation.clock.now()
    if dry_run:
        counted = preview_retention(installation.engine, rules, now)
    else:
        counted = apply_retention(installation.engine, rules, now)
        note_alone(installation.engine, operator(), "retention.applied", "retention", at=now, after=counted)
    if as_json:
        print_json(counted)
        return
    for name, count in counted.items():
        typer.echo(f"{NAMES.get(name, name)}: {count}")
    if dry_run:
        say("nada foi removido; sem --dry-run, sai agora")
