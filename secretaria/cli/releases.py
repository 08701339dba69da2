"""secretaria releases: every attempt to change the running version, the lock, and what a release asks of its containers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from secretaria.releases.ledger import Release

app = typer.Typer(help="Publicações feitas aqui, e a trava de quem publica.", invoke_without_command=True)
OUTCOMES = {"began": "em andamento", "released": "no ar", "went_back": "voltou sozinha", "failed": "falhou"}
KINDS = {"install": "instalação", "deploy": "publicação", "promotion": "promoção", "rollback": "volta"}


@app.callback()
def releases(
    context: typer.Context,
    environment: Annotated[str, typer.Option("--env", metavar="NOME", help="Como em deploy.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Quantas, no máximo.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, uma linha por publicação.")] = False,
) -> None:
    """Lista as publicações desta máquina, a mais recente primeiro."""
    if context.invoked_subcommand is not None:
        return
    from dataclasses import asdict

    from secretaria.cli.console import print_json, say
    from secretaria.cli.publishing import find_host
    from secretaria.releases import ledger
    from secretaria.releases.lock import describe, look

    host, _ = find_host(environment)
    found = ledger.read(host.ledger)
    if as_json:
        for one in reversed(found[-limit:]):
            print_json(asdict(one))
        return
    holder = look(host.lock)
    if holder is not None:
        say(f"trava: {describe(holder)}")
    if not found:
        say("nenhuma publicação ainda; a primeira: secretaria deploy")
        return
    _show(list(reversed(found[-limit:])), ledger.current(found))


def _show(listed: "Sequence[Release]", current: "Release | None") -> None:
    """One line each, and why below it where there is a why: a table would break the sentences."""
    from datetime import UTC, datetime

    from secretaria.cli.console import paper
    from secretaria.cli.publishing import relative

    now = datetime.now(UTC)
    for one in listed:
        outcome = "passou" if one.outcome == "released" and one != current else OUTCOMES[one.outcome]
        mark, kind = "→" if one == current else " ", KINDS[one.kind]
        when = f"{relative(one.began_at, now)}, por {one.who}, em {one.seconds:.0f} s"
        schema = f"; esquema {one.migration_head}" if one.migration_head else ""
        told = [f"{mark} {one.version:<9} {kind:<10} {outcome:<14} {when}{schema}"]
        for line in (*told, *([f"    {one.reason}"] if one.reason else ())):
            paper().print(line, markup=False, soft_wrap=True)


@app.command()
def unlock(
    environment: Annotated[str, typer.Option("--env", metavar="NOME", help="Como em deploy.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Não pergunta.")] = False,
) -> None:
    """Tira a trava de quem publica; só quando ninguém está mexendo (uma trava morta cai sozinha)."""
    from secretaria.cli.confirmation import confirm
    from secretaria.cli.console import say
    from secretaria.cli.publishing import find_host
    from secretaria.releases.lock import describe, look
    from secretaria.releases.lock import unlock as take_away

    host, _ = find_host(environment)
    holder = look(host.lock)
    if holder is None:
        say("não há trava")
        return
    confirm(f"Tirar a trava? {describe(holder)}", yes=yes)
    take_away(host.lock)
    say("trava tirada")


@app.command(hidden=True)
def note(told: Annotated[str, typer.Argument(help="Uma linha do registro, em JSON.")]) -> None:
    """Escreve uma publicação na auditoria; a máquina o pede ao contêiner que ficou no ar."""
    import json

    from secretaria.cli.installed import open_installation
    from secretaria.errors import UsageInvalid
    from secretaria.releases.ledger import parse
    from secretaria.releases.noted import note_release

    try:
        release = parse(json.loads(told))
    except ValueError:
        release = None
    if release is None:
        raise UsageInvalid("isso não é uma linha do registro de publicações")
    installation = open_installation()
    note_release(installation.engine, release, installation.clock.now())


@app.command(hidden=True)
def scaled(
    service: Annotated[str, typer.Argument(help="api ou worker.")],
    before: Annotated[int, typer.Argument(help="Quantos eram.")],
    after: Annotated[int, typer.Argument(help="Quantos são.")],
    who: Annotated[str, typer.Argument(help="Conta e máquina de quem mudou.")],
) -> None:
    """Escreve na auditoria quantos contêineres rodam; a máquina o pede depois de secretaria scale."""
    from secretaria.cli.installed import open_installation
    from secretaria.releases.noted import note_scaled

    installation = open_installation()
    note_scaled(installation.engine, who, service, (before, after), installation.clock.now())


@app.command(hidden=True)
def watch(
    seconds: Annotated[float, typer.Option(min=0, help="Por quanto tempo.")] = 120.0,
    ratio: Annotated[float, typer.Option(min=0, max=1, help="Parte de erros que se aceita.")] = 0.02,
) -> None:
    """Olha, de dentro da rede, os erros que api e workers contam; sai com 1 se passarem do limite."""
    from functools import partial

    from secretaria.cli.console import say
    from secretaria.releases.watching import look_around, watch_errors
    from secretaria.settings import load_settings

    token = load_settings().secrets.metrics_token.get_secret_value()
    spent = watch_errors(seconds, ratio, partial(look_around, token))
    say(f"{spent.errors:.0f} de {spent.total:.0f} falharam" if spent.total else "ninguém escreveu nesse tempo")
