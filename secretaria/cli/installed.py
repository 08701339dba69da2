"""How a command finds the installation it works on, and says who works on it."""

from __future__ import annotations

import getpass
import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from secretaria.audit.trail import Actor
    from secretaria.bootstrap import Installation


OPERATOR_VARIABLE = "SECRETARIA_OPERATOR"


def open_installation() -> Installation:
    """Find the installation, and a database that this version can work on.

    Raises:
        ConfigurationError: No engine is configured and none is kept here.
        SchemaBehind: The database must be migrated first.
    """
    from secretaria.database.schema import require_schema

    installation = find_installation()
    require_schema(installation.engine)
    return installation


def find_installation() -> Installation:
    """Find the engines of the installation: those configured, or those that ``up`` keeps in the home of this machine.

    Raises:
        ConfigurationError: No engine is configured and none is kept here.
    """
    from secretaria.bootstrap import Installation
    from secretaria.cli.processes import ENGINES_REQUIRED
    from secretaria.local.engines import EmbeddedEngines
    from secretaria.privacy import use_key
    from secretaria.settings import load_settings, privacy_key, require

    settings = load_settings()
    configured = settings.secrets.database_url.get_secret_value() or settings.secrets.redis_url.get_secret_value()
    if not configured and (settings.home / "postgres").is_dir():
        urls = EmbeddedEngines(settings.home).urls
        os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = urls.database_url, urls.redis_url
        settings = load_settings()
    require(settings, ENGINES_REQUIRED)
    use_key(privacy_key(settings))  # before anything is noted or compared by a person's hash
    return Installation(settings)


def operator_name() -> str:
    """Name who types: the account and the machine; in a container, those of whoever had it started."""
    return os.environ.get(OPERATOR_VARIABLE) or f"{account_name()}@{socket.gethostname()}"


def operator() -> Actor:
    """Say for the audit who types, and where."""
    from secretaria.audit.trail import Actor

    account, _, machine = operator_name().rpartition("@")
    return Actor(account, "cli", machine)


def account_name() -> str:
    """Name the account that types; behind sudo, the one that asked for it."""
    asked = os.environ.get("SUDO_USER")
    if asked:
        return asked
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        return str(os.getuid())
