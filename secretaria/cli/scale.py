"""secretaria scale: how many containers of a service run."""

from __future__ import annotations

from typing import Annotated

import typer

SCALABLE = ("api", "worker")
MOST = 64


def scale(
    wanted: Annotated[list[str], typer.Argument(metavar="SERVIÇO=N...", help="api ou worker, e quantos: worker=6.")],
) -> None:
    """Muda quantos contêineres do serviço (api) ou do trabalho de fundo (worker) rodam."""
    from secretaria.cli.console import say
    from secretaria.errors import PreflightRefused
    from secretaria.releases.commands import Compose
    from secretaria.releases.commands_swarm import scale_service
    from secretaria.releases.premises import root_of
    from secretaria.releases.runner import Runner
    from secretaria.settings import load_settings

    counts = dict(_count(one) for one in wanted)
    settings = load_settings()
    deploy = settings.deploy
    if deploy.engine == "local":
        raise PreflightRefused(
            "esta instalação roda sem contêineres",
            "mude [worker] processes em secretaria.toml e reinicie secretaria up",
        )
    runner = Runner(root_of(settings))
    for service, count in counts.items():
        if deploy.engine == "swarm":
            runner.run(scale_service(deploy.project, service, count))
        else:
            runner.run(Compose(deploy.project, deploy.files).beside(service, count))
        say(f"{service}: {count}")


def _count(text: str) -> tuple[str, int]:
    from secretaria.errors import UsageInvalid

    service, _, number = text.partition("=")
    if service not in SCALABLE or not number.isdecimal() or not 1 <= int(number) <= MOST:
        raise UsageInvalid(
            f"não entendi {text!r}", f"escreva api=N ou worker=N, de 1 a {MOST}: secretaria scale worker=6"
        )
    return service, int(number)
