"""secretaria scale: how many containers of a service run."""

from typing import Annotated

import typer

SCALABLE = ("api", "worker")
MOST = 64


def scale(
    wanted: Annotated[list[str], typer.Argument(metavar="SERVIÇO=N...", help="api ou worker, e quantos: worker=6.")],
    environment: Annotated[str, typer.Option("--env", metavar="NOME", help="Como em deploy.")] = "",
) -> None:
    """Muda quantos contêineres do serviço (api) ou do trabalho de fundo (worker) rodam."""
    from secretaria.cli.publishing import find_host
    from secretaria.errors import PreflightRefused
    from secretaria.releases import scaling

    counts = dict(_count(one) for one in wanted)
    host, _ = find_host(environment)
    if host.deploy.engine == "local":
        raise PreflightRefused(
            "esta instalação roda sem contêineres",
            "mude [worker] processes em secretaria.toml e reinicie secretaria up",
        )
    scaling.scale(host, counts)


def _count(text: str) -> tuple[str, int]:
    from secretaria.errors import UsageInvalid

    service, _, number = text.partition("=")
    if service not in SCALABLE or not number.isdecimal() or not 1 <= int(number) <= MOST:
        raise UsageInvalid(
            f"não entendi {text!r}", f"escreva api=N ou worker=N, de 1 a {MOST}: secretaria scale worker=6"
        )
    return service, int(number)
