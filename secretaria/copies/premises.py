"""What of an installation goes into a copy: the host's view of it, in compose and locally."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from secretaria.copies.finished import copies_folder
from secretaria.copies.postgres import Postgres, at_address, in_container
from secretaria.copies.sealing import Keys
from secretaria.machine.commands import Compose, named_env_file
from secretaria.machine.runner import Hear, Runner
from secretaria.settings import Settings, env_file_of, root_of


@dataclass(frozen=True)
class Premises:
    """An installation as its host sees it.

    Attributes:
        postgres: Its database.
        copies: The folder of the copies.
        business: The business folder.
        configuration: Its secretaria.toml; None where there is none.
        env_file: Its .env; only the names in it are ever copied.
        keys: What locks new copies.
        compose: Its compose project; None where it runs without one.
        runner: Starts programs in its folder.
    """

    postgres: Postgres
    copies: Path
    business: Path
    configuration: Path | None
    env_file: Path
    keys: Keys
    runner: Runner
    compose: Compose | None = None


def compose_premises(settings: Settings, *, hear: Hear = lambda _: None) -> Premises:
    """Describe an installation of containers; its database is reached through the one it runs in."""
    runner = Runner(root_of(settings), hear=hear)
    compose = compose_of(settings)
    return _premises(settings, in_container(compose, runner), runner, compose)


def address_premises(settings: Settings, url: str, programs: Path, *, hear: Hear = lambda _: None) -> Premises:
    """Describe an installation whose database answers at an address.

    Args:
        settings: Its configuration.
        url: As ``DATABASE_URL``.
        programs: The folder of psql, pg_dump and pg_restore.
        hear: Told what the programs say.
    """
    runner = Runner(root_of(settings), hear=hear)
    compose = compose_of(settings) if settings.deploy.engine == "compose" else None
    return _premises(settings, at_address(url, programs, runner), runner, compose)


def compose_of(settings: Settings) -> Compose:
    """Return the compose project of an installation; a named environment brings its own .env."""
    named = named_env_file(root_of(settings), _env_file(settings))
    return Compose(settings.deploy.project, settings.deploy.files, named)


def _premises(settings: Settings, postgres: Postgres, runner: Runner, compose: Compose | None) -> Premises:
    root = root_of(settings)
    return Premises(
        postgres=postgres,
        copies=copies_folder(settings),
        business=root / settings.business.folder,
        configuration=settings.source.absolute() if settings.source else None,
        env_file=_env_file(settings),
        keys=keys_of(settings),
        runner=runner,
        compose=compose,
    )


def _env_file(settings: Settings) -> Path:
    return env_file_of(root_of(settings) / (settings.source.name if settings.source else "_"))


def keys_of(settings: Settings) -> Keys:
    """Return what the configuration says about locking copies."""
    section, root = settings.backup, root_of(settings)
    passphrase = root / Path(section.passphrase_file).expanduser() if section.passphrase_file else None
    return Keys(recipients=section.encrypt_to, passphrase_file=passphrase)
