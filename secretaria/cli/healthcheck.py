"""secretaria healthcheck: the question a container's engine asks, as a command that explains itself."""

from typing import Annotated

import typer


def healthcheck(
    program: Annotated[str, typer.Argument(help="O que roda neste contêiner: serve ou worker.")] = "serve",
) -> None:
    """Diz, pelo código de saída, se o programa deste contêiner está bem (usado pelo Docker)."""
    from secretaria.cli.pulse import exit_code

    raise typer.Exit(exit_code(program))
