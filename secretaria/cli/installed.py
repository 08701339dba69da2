"""How a command finds the installation it works on, and says who works on it."""

from __future__ import annotations

import getpass
import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from secretaria.bootstrap import Installation


def open_installation() -> Installation:
    """Find the engines of the installation: those configured, or those that ``up`` keeps in the home of this machine.

    Raises:
        ConfigurationError: No engine is configured and none is kept here.
        SchemaBehind: The database must be migrated first.
    """
    from secretaria.bootstrap import Installation
    from secretaria.cli.processes import ENGINES_REQUIRED
    from secretaria.database.schema import require_schema
    from secretaria.local.engines import EmbeddedEngines
    from secretaria.settings import load_settings, require

    settings = load_settings()
    configured = settings.secrets.database_url.get_secret_value() or settings.secrets.redis_url.get_secret_value()
    if not configured and (settings.home / "postgres").is_dir():
        urls = EmbeddedEngines(settings.home).urls
        os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = urls.database_url, urls.redis_url
        settings = load_settings()
    require(settings, ENGINES_REQUIRED)
    installation = Installation(settings)
    require_schema(installation.engine)
    return installation


def operator_name() -> str:
    """Name who types: the account and the machine."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        account = str(os.getuid())
    return f"{account}@{socket.gethostname()}"
