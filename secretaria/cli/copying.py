"""How the commands of the copies find the installation: in compose through its containers, locally with its engines started."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from secretaria.copies.premises import Premises
    from secretaria.copies.sealing import Keys
    from secretaria.settings import Settings


@contextmanager
def open_premises(settings: Settings, *, alone: bool = False) -> Iterator[Premises]:
    """Reach the database of the installation, and start its engines here where nobody else runs them.

    Args:
        settings: Its configuration.
        alone: Whether nobody else may be at work on it; where ``up`` runs, that is refused.

    Raises:
        PreflightRefused: It is in use and must not be.
        ConfigurationError: There is no database.
    """
    import psycopg2

    from secretaria.copies.premises import address_premises, compose_premises
    from secretaria.errors import ConfigurationError, PreflightRefused
    from secretaria.local.engines import EmbeddedEngines
    from secretaria.settings import owner_url

    url = owner_url(settings)
    if not url and settings.deploy.engine == "compose":
        yield compose_premises(settings)
        return
    if url:
        yield address_premises(settings, url, client_programs())
        return
    if not (settings.home / "postgres").is_dir():
        raise ConfigurationError("não há banco nesta instalação", "comece com: secretaria up")
    engines = EmbeddedEngines(settings.home)
    running = False
    try:
        psycopg2.connect(engines.urls.database_url.replace("+psycopg2", ""), connect_timeout=5).close()
        running = True
    except psycopg2.OperationalError:
        pass
    if running and alone:
        raise PreflightRefused(
            "a secretaria está no ar nesta pasta", "pare-a (Ctrl-C em secretaria up) e tente de novo"
        )
    premises = address_premises(settings, engines.urls.database_url, client_programs())
    if running:
        yield premises
        return
    with engines:
        yield premises


def client_programs() -> Path:
    """Return the folder of psql, pg_dump and pg_restore: those of our wheel, or those of the system.

    Raises:
        EngineMissing: There are none.
    """
    from secretaria.local.binaries import EngineMissing, find_postgres

    try:
        return find_postgres().path.parent
    except EngineMissing:
        found = shutil.which("pg_dump")
        if found is None:
            raise
        return Path(found).parent


def given_keys(settings: Settings, passphrase_file: Path | None, identity_file: Path | None) -> Keys:
    """Return what opens a copy: what was named, then what the configuration names."""
    from secretaria.copies.premises import keys_of
    from secretaria.copies.sealing import Keys

    configured = keys_of(settings)
    return Keys(passphrase_file=passphrase_file or configured.passphrase_file, identity_file=identity_file)


def business_zone(settings: Settings) -> ZoneInfo:
    """Return the time zone by which the business lives; UTC where its folder cannot be read."""
    from zoneinfo import ZoneInfo

    from secretaria.errors import SecretariaError
    from secretaria.knowledge.folder import load_business_folder

    try:
        return load_business_folder(settings.business.folder).card.identity.timezone
    except SecretariaError:
        return ZoneInfo("UTC")
