"""secretaria up: a small shop's whole installation, engines included, in one command and one terminal."""

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from secretaria.bootstrap import Installation
    from secretaria.local.engines import EmbeddedEngines
    from secretaria.settings import Settings

NAME_WIDTH = 8


def up(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Porta (padrão: [server] port).")] = None,
) -> None:
    """Sobe tudo nesta máquina: bancos embutidos, serviço e workers, supervisionados."""
    from secretaria.cli.processes import DOOR_SECRETS_REQUIRED, OUTSIDE_REQUIRED
    from secretaria.settings import load_settings, require, require_strong_secrets

    settings = load_settings()
    require(settings, (*DOOR_SECRETS_REQUIRED, *OUTSIDE_REQUIRED))
    require_strong_secrets(settings)
    _refuse_half_of_the_engines(settings)
    if settings.secrets.database_url.get_secret_value():
        _run(settings, None, port or settings.server.port)
        return
    from secretaria.local.engines import EmbeddedEngines

    with EmbeddedEngines(settings.home) as engines:
        os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = engines.urls.database_url, engines.urls.redis_url
        _run(load_settings(), engines, port or settings.server.port)


def _refuse_half_of_the_engines(settings: "Settings") -> None:
    from secretaria.errors import ConfigurationError

    given = [bool(url.get_secret_value()) for url in (settings.secrets.database_url, settings.secrets.redis_url)]
    if any(given) and not all(given):
        raise ConfigurationError(
            "só um de DATABASE_URL e REDIS_URL está configurado",
            "preencha os dois, ou deixe os dois vazios para usar os bancos embutidos",
        )


def _run(settings: "Settings", engines: "EmbeddedEngines | None", port: int) -> None:
    from secretaria.bootstrap import Installation
    from secretaria.cli.daily_copies import daily_copies
    from secretaria.cli.processes import listen, own_command, own_metrics_folder, supervised
    from secretaria.cli.supervision import supervise
    from secretaria.database.migrate import upgrade
    from secretaria.local.supervisor import Program

    listen(settings.server.host, port).close()  # a busy port is said now, not by a service that restarts for ever
    installation = Installation(settings)
    upgrade(installation.engine)
    _tell_of_business(installation)
    installation.engine.dispose()
    with own_metrics_folder(), daily_copies(settings, _tell) as copy_if_due:
        environment = supervised({**os.environ, **_readable_logs(settings)})
        worker = own_command("worker", "--processes", str(settings.worker.processes))
        programs = [
            Program("serve", own_command("serve", "--port", str(port)), environment),
            Program("worker", worker, environment),
        ]
        _tell("up", f"atendendo em http://{settings.server.host}:{port} (Ctrl-C para tudo)")
        grace = settings.worker.shutdown_seconds + 5
        supervise(programs, _tell, grace_seconds=grace, on_event=_tell, every_second=_watch(engines, copy_if_due))
    _tell("up", "parado")


def _tell_of_business(installation: "Installation") -> None:
    """Publish the configured folder if nothing is; if it says something else than what is published, tell so."""
    from secretaria.errors import SecretariaError
    from secretaria.knowledge.folder import load_business_folder

    published, folder = installation.library.ensure(), installation.settings.business.folder
    _tell("up", f"{published.card.identity.name}, versão {published.version_id} da base")
    try:
        differs = load_business_folder(folder).version != published.version
    except SecretariaError:  # what is published holds; the folder is no longer needed
        return
    if differs:
        _tell("up", f"a pasta {folder} diz outra coisa; para publicar: secretaria knowledge import {folder}")


def _readable_logs(settings: "Settings") -> dict[str, str]:
    """Our pipe hides the terminal from the programs, so it is told to them."""
    if settings.log.format == "auto" and sys.stderr.isatty():
        return {"SECRETARIA__LOG__FORMAT": "console"}
    return {}


def _watch(engines: "EmbeddedEngines | None", copy_if_due: "Callable[[], None]") -> "Callable[[], None]":
    def watch() -> None:
        for name in engines.restart_dead() if engines is not None else ():
            _tell(name, "tinha parado e voltou")
        copy_if_due()

    return watch


def _tell(name: str, line: str) -> None:
    sys.stderr.write(f"{name:<{NAME_WIDTH}} | {line}\n")
    sys.stderr.flush()
