"""secretaria up: a small shop's whole installation, engines included, in one command and one terminal."""

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from secretaria.local.engines import EmbeddedEngines
    from secretaria.settings import Settings


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
        os.environ["DATABASE_OWNER_URL"] = engines.urls.database_url
        os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = engines.urls.app_url, engines.urls.redis_url
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
    from secretaria.cli.daily_copies import daily_copies
    from secretaria.cli.processes import listen, own_command, own_metrics_folder, supervised
    from secretaria.cli.supervision import supervise, tell
    from secretaria.local.supervisor import Program

    listen(settings.server.host, port).close()  # a busy port is said now, not by a service that restarts for ever
    _prepare()
    with own_metrics_folder(), daily_copies(settings, tell) as copy_if_due:
        environment = supervised({**os.environ, **_readable_logs(settings)})
        environment.pop("DATABASE_OWNER_URL", None)  # they change no schema
        worker = own_command("worker", "--processes", str(settings.worker.processes))
        programs = [
            Program("serve", own_command("serve", "--port", str(port)), environment),
            Program("worker", worker, environment),
        ]
        tell("up", f"atendendo em http://{settings.server.host}:{port} (Ctrl-C para tudo)")
        grace = settings.worker.shutdown_seconds + 5
        supervise(programs, tell, grace_seconds=grace, on_event=tell, every_second=_watch(engines, copy_if_due))
    tell("up", "parado")


def _prepare() -> None:
    """Migrate and publish in a process of its own: what that loads would stay in ours for as long as the shop is open.

    Raises:
        Exit: It could not be done; the other process has told why.
    """
    from secretaria.cli.forwarding import VERBOSE
    from secretaria.cli.processes import own_command, supervised

    command = own_command("prepare", *(word for word in sys.argv[1:] if word in VERBOSE))
    ended = subprocess.run(command, env=supervised(os.environ), stdin=subprocess.DEVNULL, check=False)  # noqa: S603  # our own command
    if ended.returncode != 0:
        raise typer.Exit(ended.returncode)


def _readable_logs(settings: "Settings") -> dict[str, str]:
    """Our pipe hides the terminal from the programs, so it is told to them."""
    if settings.log.format == "auto" and sys.stderr.isatty():
        return {"SECRETARIA__LOG__FORMAT": "console"}
    return {}


def _watch(engines: "EmbeddedEngines | None", copy_if_due: "Callable[[], None]") -> "Callable[[], None]":
    from secretaria.cli.supervision import tell

    def watch() -> None:
        for name in engines.restart_dead() if engines is not None else ():
            tell(name, "tinha parado e voltou")
        copy_if_due()

    return watch
