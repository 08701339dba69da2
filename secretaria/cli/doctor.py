"""secretaria doctor: named checks, each with what was found and the command that mends it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from secretaria.cli.examination import Result


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Uma linha JSON por exame.")] = False,
    e2e: Annotated[
        bool,
        typer.Option("--e2e", help="Em vez dos exames: um evento assinado, do webhook ao envio, e nada fica dele."),
    ] = False,
    url: Annotated[str, typer.Option(metavar="URL", help="Com --e2e: o serviço (padrão: o local).")] = "",
    prometheus: Annotated[
        str, typer.Option(metavar="URL", help="Com --e2e: confere também se este Prometheus viu o evento.")
    ] = "",
    listen: Annotated[
        str,
        typer.Option(
            metavar="ENDEREÇO",
            help="Com --e2e: onde o Whaticket de mentira espera os workers (padrão: na rede do banco de dados).",
        ),
    ] = "",
    version: Annotated[
        str, typer.Option(metavar="X.Y.Z", help="Com --e2e: exige que serviço e workers sejam desta versão.")
    ] = "",
    timeout: Annotated[
        float, typer.Option(metavar="SEGUNDOS", min=1, max=280, help="Com --e2e: prazo do caminho inteiro.")
    ] = 240.0,
) -> None:
    """Examina a instalação e diz como consertar o que estiver errado."""
    from secretaria.cli.console import paper, print_json
    from secretaria.cli.examination import examine

    failed = False
    for result in _end_to_end(url, prometheus, listen, version, timeout) if e2e else examine():
        failed = failed or result.status == "falha"
        if as_json:
            told = {"name": result.name, "status": result.status, "found": result.found, "mend": result.mend}
            print_json(told if result.seconds is None else told | {"seconds": round(result.seconds, 2)})
        else:
            colour = {"ok": "green", "aviso": "yellow", "falha": "red"}[result.status]
            paper().print(f"[{colour}]{result.status:<5}[/{colour}] {result.name:<18}", end=" ")
            paper().print(result.found, markup=False, soft_wrap=True)
            if result.mend:
                paper().print(f"      conserte com: {result.mend}", markup=False, soft_wrap=True)
    if failed:
        raise typer.Exit(1)


def _end_to_end(url: str, prometheus: str, listen: str, version: str, timeout: float) -> "Iterator[Result]":
    from secretaria.cli.end_to_end import Way, address_towards, examine_end_to_end
    from secretaria.cli.installed import open_installation

    installation = open_installation()
    server = installation.settings.server
    # On a swarm the database is outside, and workers reach this container only by the network of the service.
    towards = url if url and installation.settings.deploy.engine == "swarm" else ""
    reached = listen or address_towards(towards or installation.settings.secrets.database_url.get_secret_value())
    way = Way(url or f"http://{server.host}:{server.port}", prometheus, reached, version, timeout)
    return examine_end_to_end(installation, way)
