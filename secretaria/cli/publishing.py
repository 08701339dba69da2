"""What deploy, rollback and releases share: the machine they work on, and how its lines are told."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from secretaria.releases.host import Host
    from secretaria.settings import Settings


def find_host(environment: str = "", *, ready_seconds: int = 0) -> tuple[Host, Settings]:
    """Find the machine's installation.

    Args:
        environment: A named one: ``secretaria.NAME.toml`` and ``.env.NAME`` beside the usual files; empty for those.
        ready_seconds: How long a new version may take to be ready; 0 takes the configured time.

    Raises:
        ConfigurationError: Its files are missing or wrong.
    """
    from pathlib import Path

    from secretaria.cli.console import say
    from secretaria.cli.installed import operator_name
    from secretaria.releases.host import Host
    from secretaria.settings import env_file_of, load_settings

    settings = load_settings(Path(f"secretaria.{environment}.toml") if environment else None)
    source = settings.source or Path("secretaria.toml")
    deploy = settings.deploy
    if ready_seconds:
        deploy = deploy.model_copy(update={"ready_seconds": ready_seconds})
    host = Host(
        folder=source.absolute().parent,
        home=settings.home,
        deploy=deploy,
        env_file=env_file_of(source.absolute()),
        who=operator_name(),
        environment=environment,
        monitoring_url=settings.secrets.monitoring_webhook_url.get_secret_value(),
        tell=say,
    )
    return host, settings


def newest_copy(settings: Settings) -> tuple[str, datetime] | None:
    """Return the newest copy of the database and its moment; None where there is none."""
    from secretaria.copies.finished import list_backups
    from secretaria.copies.premises import compose_premises

    found = list_backups(compose_premises(settings).copies)
    return (str(found[0].path), found[0].taken_at) if found else None


def end_as_interrupted() -> None:
    """Let a closed terminal or a polite kill interrupt as Ctrl-C does: what was begun is taken back in order."""
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.default_int_handler)


def relative(began_at: str, now: datetime) -> str:
    """Say how long ago something was, in Portuguese."""
    from datetime import datetime

    minutes = int((now - datetime.fromisoformat(began_at)).total_seconds() // 60)
    for size, one, many in ((1440, "dia", "dias"), (60, "hora", "horas"), (1, "minuto", "minutos")):
        if minutes >= size:
            count = minutes // size
            return f"há {count} {one if count == 1 else many}"
    return "agora há pouco"
