"""secretaria incident: what happened in a time, for the notice to the authority and to the people."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from secretaria.rights.incident import Incident

NAMES = {
    "message": "mensagens", "transcription": "áudios", "customer_fact": "fatos lembrados", "booking": "agendamentos",
    "inbox_event": "eventos brutos",
}  # fmt: skip


def incident(
    since: Annotated[str, typer.Option(metavar="QUANDO", help="Desde: 30m, 12h, 7d ou AAAA-MM-DD.")],
    until: Annotated[str, typer.Option(metavar="QUANDO", help="Até (padrão: agora).")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="JSON, para anexar à comunicação.")] = False,
) -> None:
    """Reúne os fatos de um incidente: dados e pessoas ao alcance, quem fez o quê, e o prazo de comunicar à ANPD."""
    from dataclasses import asdict

    from secretaria.cli.console import print_json
    from secretaria.cli.installed import open_installation, operator
    from secretaria.cli.moments import moment_of
    from secretaria.rights.incident import describe_incident

    installation = open_installation()
    now = installation.clock.now()
    begin, end = moment_of(since, now), moment_of(until, now) if until else now
    found = describe_incident(installation.engine, begin, end, actor=operator(), now=now)
    if as_json:
        print_json(asdict(found))
        return
    _show(found)


def _show(found: "Incident") -> None:
    from rich.table import Table

    from secretaria.cli.console import paper, say

    typer.echo(f"período: {found.since:%Y-%m-%d %H:%M} a {found.until:%Y-%m-%d %H:%M} (UTC)")
    typer.echo(f"pessoas com dados guardados: {found.people_held}")
    typer.echo(f"pessoas com quem se falou no período: {found.people_active}")
    for name, count in found.rows.items():
        typer.echo(f"{NAMES[name]} no período: {count}")
    table = Table("ação", "quem", "de onde", "vezes", "primeira (UTC)", "última (UTC)", box=None, pad_edge=False)
    for action in found.actions:
        where = action["place"] or action["origin"]
        moments = (f"{action['first']:%Y-%m-%d %H:%M}", f"{action['last']:%Y-%m-%d %H:%M}")
        table.add_row(action["action"], action["actor"], where, str(action["times"]), *moments)
    paper().print(table)
    typer.echo(
        f"comunicar à ANPD e às pessoas até {found.notice_due:%d/%m/%Y} "
        f"(agente de pequeno porte: {found.notice_due_small:%d/%m/%Y}); feriados não foram descontados"
    )
    say("o que fazer, passo a passo: docs/incidente.md")
