"""secretaria secrets: what is set and strong enough, set from a prompt or a pipe, rotated without a gap."""

import sys
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Segredos: conferir, definir e trocar sem interrupção.")

Name = Annotated[str, typer.Argument(metavar="NOME", help="Como WEBHOOK_SECRET ou LLM_API_KEY.")]


@app.callback()
def group() -> None:
    """Segredos: conferir, definir e trocar sem interrupção."""


@app.command()
def check(as_json: Annotated[bool, typer.Option("--json", help="JSON, uma linha por segredo.")] = False) -> None:
    """Diz de cada segredo se está definido, em troca ou fraco, e se o .env é só do dono; nunca mostra valores."""
    from secretaria.cli.console import print_json
    from secretaria.cli.rotation import env_path, findings

    found = findings(env_path())
    for finding in found:
        if as_json:
            print_json({"name": finding.name, "state": finding.state, "ok": finding.fine})
        else:
            typer.echo(f"{'ok' if finding.fine else 'FALHA':6} {finding.name:24} {finding.state}")
    if not all(finding.fine for finding in found):
        raise typer.Exit(3)


@app.command("set")
def set_value(name: Name) -> None:
    """Define um segredo, lido de um prompt ou da entrada (nunca de um argumento), e grava no .env com modo 0600."""
    from secretaria.cli.console import say
    from secretaria.cli.container_secrets import containers_host, refuse_engine_password
    from secretaria.cli.rotation import check_strength, env_path, known_name, make_known, note_change
    from secretaria.settings.env_file import read_value, write_value

    chosen = known_name(name)
    if containers_host() is not None:
        refuse_engine_password(chosen)
    value = _read_value(chosen)
    check_strength(chosen, value)
    path = env_path()
    before = read_value(path, chosen)
    write_value(path, chosen, value)
    known = make_known()
    note_change("secrets.set", chosen, before=bool(before), after=True)
    heard = "serviço e workers já o usam" if known else "os processos que já rodam leem ao reiniciar"
    say(f"{chosen}: gravado em {path}; {heard}")


@app.command()
def rotate(
    name: Name,
    finish: Annotated[bool, typer.Option("--finish", help="Só termina: o valor antigo deixa de valer.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Não espera: o antigo deixa de valer assim que o novo vale.")
    ] = False,
    from_stdin: Annotated[bool, typer.Option("--stdin", help="Lê o valor novo da entrada em vez de sortear.")] = False,
) -> None:
    """Troca WEBHOOK_SECRET, WEBHOOK_TOKEN ou JWT_SECRET: o novo vale ao lado do antigo, é conferido, e o antigo sai."""
    from secretaria.cli.confirmation import ConfirmationNeeded, confirm
    from secretaria.cli.console import say
    from secretaria.cli.rotation import begin_rotation, env_path, finish_rotation, rotatable

    chosen = rotatable(name)
    path = env_path()
    if not finish:
        value = _read_value(chosen) if from_stdin else None
        begin_rotation(path, chosen, value)
        say(f"{chosen}: o valor novo já vale, ao lado do antigo; é o primeiro em {path}")
        try:
            confirm(f"já pôs o valor novo em quem usa {chosen}? O antigo deixa de valer.", yes=yes)
        except ConfirmationNeeded:
            say(f"os dois continuam valendo; depois, termine com: secretaria secrets rotate {chosen} --finish")
            raise
    finish_rotation(path, chosen)
    say(f"{chosen}: só o valor novo vale")


@app.command(hidden=True)
def noted(
    action: Annotated[str, typer.Argument()],
    name: Name,
    before: Annotated[bool, typer.Option()] = False,
    after: Annotated[bool, typer.Option()] = False,
) -> None:
    """Anota na auditoria uma troca feita fora deste contêiner (usado por secrets set e rotate)."""
    from secretaria.cli.rotation import known_name, note_change

    note_change(action, known_name(name), before=before, after=after)


def _read_value(name: str) -> str:
    from getpass import getpass

    from secretaria.errors import UsageInvalid

    if sys.stdin.isatty():
        value = getpass(f"{name}: ", stream=sys.stderr)
        if getpass(f"{name} de novo: ", stream=sys.stderr) != value:
            raise UsageInvalid("os dois valores não são iguais", "nada mudou; tente de novo")
    else:
        value = sys.stdin.readline()
    value = value.strip("\r\n")
    if not value.strip():
        raise UsageInvalid("nenhum valor", f"exemplo: gerador | secretaria secrets set {name}")
    return value
