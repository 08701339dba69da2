"""Puts a copy in the place of the database: built and settled beside it, then swapped by name, so that a failure changes nothing."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from loguru import logger

from secretaria.copies.backup import BUSINESS, TAKEN, copy_now, remember
from secretaria.copies.finished import Backup, list_backups
from secretaria.copies.manifest import Manifest
from secretaria.copies.postgres import Postgres
from secretaria.copies.premises import Premises
from secretaria.copies.trial import clear_scratch, fill_aside
from secretaria.crashpoints import crashpoint
from secretaria.database.migrate import is_known
from secretaria.errors import Conflict
from secretaria.machine.runner import CommandFailed

NEW, ASIDE = "secretaria_restaurada_", "secretaria_anterior_"
AT_WORK = ("worker", "api")
ENGINES = ("postgres", "redis")
SWAP_TRIES = 3

Settle = Callable[[str, str], Mapping[str, Any]]
"""Brings the new database to this version and to the present, given its name and that of the one it will replace."""


class DatabaseInUse(Conflict):
    """Somebody is at work on the database that would be replaced."""

    def __init__(self, others: int) -> None:
        super().__init__(
            f"há {others} conexões da secretaria abertas neste banco",
            "pare secretaria up, serve e worker e tente de novo",
        )


class CopyNewer(Conflict):
    """A copy was made by a newer version of the program."""

    def __init__(self, manifest: Manifest) -> None:
        super().__init__(
            f"a cópia é da versão {manifest.version} (esquema {manifest.migration_head}), mais nova que esta",
            "instale essa versão ou uma mais nova e tente de novo",
        )


@dataclass(frozen=True)
class Loss:
    """What came in after the moment of a copy, and would be gone.

    Attributes:
        messages: Messages, of customers and of ours.
        conversations: Of how many conversations.
        bookings: Things done in the agenda.
    """

    messages: int
    conversations: int
    bookings: int


@dataclass(frozen=True)
class Restored:
    """A copy that is now the database.

    Attributes:
        safety: The copy of what was there before; None where there was nothing.
        seconds: How long the installation was out of service.
        settled: What was brought over and what was held back, by name.
        business: Whether the business folder was missing and came back.
    """

    safety: Backup | None
    seconds: float
    settled: Mapping[str, Any] = field(default_factory=dict)
    business: bool = False


def what_would_be_lost(postgres: Postgres, since: datetime) -> Loss | None:
    """Count what came in since a moment; None where the database has nothing that could be lost.

    Raises:
        CommandFailed: PostgreSQL is away.
    """
    if not _in_use(postgres):
        return None
    at = f"'{since.isoformat()}'"
    counted = postgres.read(
        "SELECT json_build_object("  # noqa: S608  # a moment of our own
        f"'messages', (SELECT count(*) FROM message WHERE received_at > {at}),"
        f"'conversations', (SELECT count(DISTINCT conversation_id) FROM message WHERE received_at > {at}),"
        f"'bookings', (SELECT count(*) FROM booking_change WHERE at > {at}))"
    )
    return Loss(**counted)


def refuse_newer(manifest: Manifest) -> None:
    """Refuse a copy whose schema this version has never heard of.

    Raises:
        CopyNewer: A newer version made it.
    """
    if manifest.migration_head and not is_known(manifest.migration_head):
        raise CopyNewer(manifest)


def refuse_in_use(premises: Premises) -> None:
    """Refuse where nobody will stop those at work: outside of compose only the operator can.

    Raises:
        DatabaseInUse: Somebody is connected.
    """
    if premises.compose is None:
        name = premises.postgres.name
        others = premises.postgres.read(
            f"SELECT to_json(count(*)) FROM pg_stat_activity WHERE datname = '{name}' AND application_name = 'secretaria'"  # noqa: S608  # our own name
        )
        if others:
            raise DatabaseInUse(others)


def restore_backup(premises: Premises, manifest: Manifest, contents: Path, *, settle: Settle) -> Restored:
    """Replace the database by a copy that is unpacked and checked; until the swap the old one is untouched.

    Args:
        premises: The installation; the caller holds its folder of copies.
        manifest: What the copy says about itself.
        contents: Its parts.
        settle: Called on the new database before the swap.

    Raises:
        CopyNewer: A newer version of the program made it.
        CopyDamaged: It does not restore to what it says.
        CopyFailed: What is there could not be copied first; nothing was touched.
        CommandFailed: PostgreSQL refuses, or the settling failed; the old database is in its place.
    """
    refuse_newer(manifest)
    postgres, moment = premises.postgres, datetime.now(UTC)
    safety = None
    if _in_use(postgres):
        safety = copy_now(
            premises, premises.copies, f"antes de restaurar a de {manifest.taken_at:%d/%m/%Y %H:%M}", moment
        )
    for prefix in (NEW, ASIDE):
        clear_scratch(postgres, prefix)
    new, aside = f"{NEW}{moment:%Y%m%d%H%M%S}", f"{ASIDE}{moment:%Y%m%d%H%M%S}"
    business = bring_back_business(premises, contents)  # the containers that settle want it there
    began = time.monotonic()
    with out_of_service(premises):
        try:
            fill_aside(postgres, new, manifest, contents)
            settled = settle(new, postgres.name)
            crashpoint("restore.settled")
            _swap(postgres, new, aside)
            crashpoint("restore.swapped")
        except BaseException:
            postgres.drop(new)
            raise
        _remember_newest(premises)
    seconds = time.monotonic() - began
    try:
        postgres.drop(aside)
    except CommandFailed as error:
        logger.bind(database=aside, error=error.message).warning("old_database_not_dropped")
    return Restored(safety, seconds, settled, business=business)


@contextmanager
def out_of_service(premises: Premises) -> Iterator[None]:
    """Stop whoever works on the database of a compose project, and start them again whatever happens."""
    compose, runner = premises.compose, premises.runner
    if compose is None:
        yield
        return
    runner.run(compose.command("stop", *AT_WORK))
    try:
        yield
    finally:
        if not runner.succeeds(
            compose.command("start", *AT_WORK)
        ):  # after a loss of the machine there is none to start
            runner.run(compose.command("up", "--detach", "--no-deps", "--no-recreate", *AT_WORK))


def wake_engines(premises: Premises) -> None:
    """Start PostgreSQL and Redis of a compose project, where they do not run."""
    if premises.compose is not None:
        premises.runner.run(premises.compose.command("up", "--detach", "--no-recreate", "--wait", *ENGINES))


def bring_back_business(premises: Premises, contents: Path) -> bool:
    """Put the business folder back where it is missing, readable for the containers; one that is there is newer, and stays."""
    saved, business = contents / BUSINESS, premises.business
    if not saved.is_dir() or (business.is_dir() and any(business.iterdir())):
        return False
    shutil.copytree(saved, business, dirs_exist_ok=True)
    for path in (business, *business.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return True


def _in_use(postgres: Postgres) -> bool:
    found = postgres.read(
        "SELECT to_json(count(*)) FROM pg_tables WHERE schemaname = 'public' AND tablename = 'message'"
    )
    return bool(found)


def _swap(postgres: Postgres, new: str, aside: str) -> None:
    """Exchange the names; an exporter that comes back in between is sent away again."""
    for left in reversed(range(SWAP_TRIES)):
        try:
            postgres.swap(new, aside)
        except CommandFailed:
            if not left:
                raise
        else:
            return


def _remember_newest(premises: Premises) -> None:
    """Tell the restored database of the newest copy, which is younger than itself."""
    found = list_backups(premises.copies)
    if found:
        newest = found[0]
        remember(premises, TAKEN, newest.taken_at, {"file": newest.path.name, "bytes": newest.bytes})
