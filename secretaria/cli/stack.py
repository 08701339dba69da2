"""secretaria stack: the compose files as a stack of Docker Swarm."""

import json
from typing import Annotated

import typer


def stack(
    own_engines: Annotated[
        bool, typer.Option("--own-engines", help="PostgreSQL e Redis na própria pilha, presos a esta máquina.")
    ] = False,
) -> None:
    """Escreve a pilha do Docker Swarm que os arquivos do Compose descrevem, com o que o .env diz (segredos inclusive)."""
    from secretaria.machine.commands import Compose
    from secretaria.machine.runner import Runner
    from secretaria.releases.stack import stack_of
    from secretaria.settings import load_settings, root_of

    settings = load_settings()
    compose = Compose(settings.deploy.project, settings.deploy.files)
    told = Runner(root_of(settings)).run(compose.command("config", "--format", "json")).output
    typer.echo(json.dumps(stack_of(json.loads(told), own_engines=own_engines), indent=2, ensure_ascii=False))
