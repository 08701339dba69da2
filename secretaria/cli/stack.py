"""secretaria stack: the compose files as a stack of Docker Swarm."""

import json
from typing import Annotated

import typer


def stack(
    own_engines: Annotated[
        bool, typer.Option("--own-engines", help="PostgreSQL e Redis na própria pilha, presos a esta máquina.")
    ] = False,
    environment: Annotated[str, typer.Option("--env", metavar="NOME", help="Como em deploy.")] = "",
) -> None:
    """Escreve a pilha do Docker Swarm que os arquivos do Compose descrevem, com o que o .env diz (segredos inclusive)."""
    from secretaria.cli.publishing import find_host
    from secretaria.releases.stack import stack_of

    host, _ = find_host(environment)
    told = host.runner().run(host.compose.command("config", "--format", "json")).output
    typer.echo(json.dumps(stack_of(json.loads(told), own_engines=own_engines), indent=2, ensure_ascii=False))
