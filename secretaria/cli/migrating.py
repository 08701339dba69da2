"""A database brought to the schema of this version by its owner, and the role of service and workers let in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from secretaria.bootstrap import Installation


def bring_up(installation: Installation) -> list[str]:
    """Migrate the database, and let in who is to use it where that is somebody else than its owner.

    Returns:
        The revisions that were applied, oldest first.

    Raises:
        DatabaseUnavailable: PostgreSQL does not answer.
        MayNotMigrate: The role that is configured owns nothing here.
        MigrationBlocked: A lock was not to be had within its time limit.
        RoleMissing: The other role is not there, and the owner may not make it.
        SchemaUnknown: The database is newer than this version.
    """
    from secretaria.database.migrate import upgrade
    from secretaria.database.roles import let_in

    applied = upgrade(installation.owner_engine)
    if installation.has_owner:
        let_in(installation.owner_engine, installation.settings.secrets.database_url.get_secret_value())
    return applied


def missing(installation: Installation) -> list[str]:
    """Return what ``bring_up`` would do, revisions and the role; empty where the database is as it should be."""
    from secretaria.database.migrate import pending_revisions
    from secretaria.database.roles import is_let_in

    pending = pending_revisions(installation.owner_engine)
    url = installation.settings.secrets.database_url
    if installation.has_owner and not is_let_in(url.get_secret_value()):
        pending.append("o papel de serviço e workers")
    return pending
