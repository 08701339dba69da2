"""secretaria serve: the web service; it starts the server by name and imports none of it."""

from typing import Annotated

import typer

MOST_OPEN_FILES = 65_536


def serve(
    host: Annotated[str | None, typer.Option(help="Endereço em que escuta (padrão: [server] host).")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Porta (padrão: [server] port).")] = None,
    processes: Annotated[int | None, typer.Option(min=1, help="Quantos processos atendem.")] = None,
) -> None:
    """Inicia o serviço web: webhook, saúde e métricas."""
    from secretaria.cli.processes import DOOR_REQUIRED, end_with_parent, own_metrics_folder
    from secretaria.settings import load_settings, require, require_strong_secrets

    settings = load_settings()
    require(settings, DOOR_REQUIRED)
    require_strong_secrets(settings)
    end_with_parent()
    section = settings.server
    with own_metrics_folder():
        _run(host or section.host, port or section.port, processes or section.processes)


def _run(host: str, port: int, processes: int) -> None:
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from secretaria.cli.processes import listen

    socket = listen(host, port)
    config = uvicorn.Config(
        "secretaria.web.app:create_app",
        factory=True,
        http="secretaria.web.connections:PunctualProtocol",
        ws="none",
        workers=processes,
        log_config=None,
        access_log=False,  # it would write the token of the path
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=75,
    )
    _allow_many_connections()
    if processes > 1:
        Multiprocess(config, sockets=[socket]).run()
    else:
        uvicorn.Server(config).run(sockets=[socket])


def _allow_many_connections() -> None:
    """Raise the limit of open files to what the machine allows: idle connections count against it too."""
    import resource

    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_OPEN_FILES if most == resource.RLIM_INFINITY else min(most, MOST_OPEN_FILES)
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
