"""secretaria conversations: the live view, what a person does in one, and what is held about somebody (LGPD)."""

from pathlib import Path
from typing import Annotated

import typer

from secretaria.cli import attending
from secretaria.cli.correction import correct

app = typer.Typer(
    no_args_is_help=True, help="Conversas: acompanhar, assumir, escrever; exportar e apagar dados (LGPD)."
)

Number = Annotated[str, typer.Argument(metavar="NÚMERO", help="Número da pessoa, com DDD.")]


@app.callback()
def group() -> None:
    """Conversas: acompanhar, assumir, escrever; exportar e apagar os dados de uma pessoa (LGPD)."""


attending.register(app)


@app.command()
def export(
    number: Number,
    folder: Annotated[
        Path, typer.Option("--folder", metavar="PASTA", help="Onde gravar dados.json e dados.html.")
    ] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Escreve o JSON na saída, sem gravar arquivos.")] = False,
) -> None:
    """Reúne tudo o que está guardado sobre uma pessoa (LGPD, art. 18), em JSON e em página legível."""
    from secretaria.cli.console import say
    from secretaria.cli.installed import open_installation, operator
    from secretaria.privacy import pseudonym
    from secretaria.rights.export import export_person
    from secretaria.settings.env_file import replace_privately

    installation = open_installation()
    dossier = export_person(installation.engine, number, actor=operator(), now=installation.clock.now())
    if as_json:
        typer.echo(dossier.as_json())
        return
    mark = pseudonym(dossier.number).removeprefix("h:")
    for ending, content in (("json", dossier.as_json()), ("html", dossier.as_html())):
        path = folder / f"dados-{mark}.{ending}"
        replace_privately(path, content)
        say(f"gravado: {path}")
    say("entregue só à própria pessoa, e apague depois; a exportação ficou na auditoria")


@app.command()
def erase(
    number: Number,
    yes: Annotated[bool, typer.Option("--yes", help="Não pergunta.")] = False,
) -> None:
    """Apaga tudo o que está guardado sobre uma pessoa (LGPD, art. 18, VI); não tem volta."""
    from secretaria.cli.confirmation import confirm_typed
    from secretaria.cli.console import say
    from secretaria.cli.installed import open_installation, operator
    from secretaria.rights.erasure import erase_person

    installation = open_installation()
    confirm_typed("apagar tudo desta pessoa, para sempre; digite o número de novo para confirmar", number, yes=yes)
    tally = erase_person(
        installation.engine,
        number,
        home=installation.settings.home,
        actor=operator(),
        now=installation.clock.now(),
        volatile=installation.volatile,
    )
    say("apagado: " + (", ".join(f"{name} {count}" for name, count in tally.items()) or "nada além do cadastro"))
    say("o que chegar de antes deste momento não volta; uma conversa nova começa do zero")


app.command()(correct)
