"""secretaria restored: what ``restore`` has done where the database is reached, to the copy beside it, before the swap."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from secretaria.bootstrap import Installation
    from secretaria.knowledge.business import BusinessCard


def restored(
    database: Annotated[str, typer.Option(help="O banco restaurado.")],
    before: Annotated[str, typer.Option(help="O banco que ele vai substituir.")],
    copy: Annotated[str, typer.Option(help="O arquivo de que ele veio.")],
) -> None:
    """Leva um banco restaurado ao esquema desta versão e ao presente; é o restore que chama."""
    from secretaria.cli.console import print_json

    print_json(settle_here(database, before, copy=copy))


def settle_here(new: str, before: str, *, copy: str) -> dict[str, int]:
    """Migrate a restored database, keep in it what people decided since, hold back what is old, and empty Redis.

    Args:
        new: Name of the restored database.
        before: Name of the one it will replace.
        copy: The file it came from.

    Returns:
        How much was brought over and held back, by kind.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
        MigrationBlocked: The schema could not be brought to this version.
    """
    from secretaria.cli.installed import find_installation, operator
    from secretaria.cli.migrating import bring_up
    from secretaria.queue.emptying import empty_redis
    from secretaria.rights.restored import read_present, settle_restored

    installation = find_installation()
    old, fresh = _beside(installation, before), _beside(installation, new)
    try:
        present = read_present(old.owner_engine)
        bring_up(fresh)
        done = settle_restored(
            fresh.owner_engine,
            present,
            home=installation.settings.home,
            actor=operator(),
            now=installation.clock.now(),
            card=_card(fresh),
            copy=copy,
        )
    finally:
        for one in (old, fresh):
            one.engine.dispose()
            one.owner_engine.dispose()  # a database somebody is connected to cannot be renamed
    empty_redis(installation.redis)
    return done


def _beside(installation: "Installation", name: str) -> "Installation":
    """Return the same installation on another database of its server."""
    from pydantic import SecretStr
    from sqlalchemy.engine import make_url

    from secretaria.bootstrap import Installation

    settings = installation.settings
    given = {"database_url": settings.secrets.database_url, "database_owner_url": settings.secrets.database_owner_url}
    there = {
        key: SecretStr(make_url(url.get_secret_value()).set(database=name).render_as_string(hide_password=False))
        for key, url in given.items()
        if url.get_secret_value()
    }
    secrets = settings.secrets.model_copy(update=there)
    return Installation(settings.model_copy(update={"secrets": secrets}))


def _card(installation: "Installation") -> "BusinessCard | None":
    from secretaria.errors import SecretariaError

    try:
        return installation.business.card
    except SecretariaError:
        return None
