"""A database beside the live one, on the same server, for as long as somebody needs it: one at a time, and always dropped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex

from sqlalchemy import URL, Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from secretaria.database.engine import build_engine
from secretaria.database.transaction import DatabaseUnavailable
from secretaria.errors import LockHeld, PreflightRefused

PREFIX = "secretaria_ensaio_"
LOCK = 7_305_414_504
NO_PRIVILEGE = "42501"
GROWTH = 1.3  # a migration writes some tables anew, and indexes are built beside the rows
SPARED_BYTES = 512 * 1024**2
BLOCK = 1024
FREE_COLUMN = 3


class BesideBusy(LockHeld):
    """Another process uses a database beside the live one; each takes as much disk as the live one."""

    def __init__(self) -> None:
        super().__init__("outro ensaio usa este servidor agora", "espere que termine e tente de novo")


class MayNotCreate(PreflightRefused):
    """The role of the installation may not make databases."""

    def __init__(self, role: str) -> None:
        super().__init__(
            f"o usuário {role} do PostgreSQL não pode criar bancos",
            f'um administrador roda: ALTER ROLE "{role}" CREATEDB',
        )


class DiskTooSmall(PreflightRefused):
    """A copy of the live database would not fit beside it."""

    def __init__(self, needed: int, free: int) -> None:
        super().__init__(
            f"a cópia precisa de {needed // 1024**2} MiB no disco do PostgreSQL, e há {free // 1024**2} MiB livres",
            "libere espaço no servidor do banco, ou aumente o disco",
        )


@contextmanager
def server_of(live: Engine) -> Iterator[Connection]:
    """Connect to the server of a database, for as long as one database beside it may be used; leftovers are removed.

    Raises:
        BesideBusy: Somebody else uses one.
        DatabaseUnavailable: PostgreSQL does not answer.
    """
    engine = build_engine(_written(live.url), pool_size=2, statement_timeout_ms=0)
    try:
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as server:
            if not server.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}).scalar_one():
                raise BesideBusy
            leftovers = server.execute(
                text("SELECT datname FROM pg_database WHERE starts_with(datname, :prefix)"), {"prefix": PREFIX}
            )
            for name in leftovers.scalars().all():  # whoever used them is gone: the lock is ours
                _drop(server, name)
            yield server
    except OperationalError as error:
        raise DatabaseUnavailable from error
    finally:
        engine.dispose()


@contextmanager
def database_beside(server: Connection) -> Iterator[str]:
    """Make an empty database, and drop it however this ends.

    Args:
        server: From ``server_of``.

    Yields:
        Its address.

    Raises:
        MayNotCreate: The role may not.
    """
    name = f"{PREFIX}{token_hex(6)}"
    try:
        _create(server, name)
        yield _written(server.engine.url.set(database=name))
    finally:
        with server.engine.connect() as another:  # an interrupt inside a statement takes its connection with it
            _drop(another, name)


def live_bytes(server: Connection) -> int:
    """Return what the live database takes on disk."""
    return int(server.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


def free_bytes(server: Connection) -> int | None:
    """Return what is free on the disk of the server; None where the role may not ask its machine.

    PostgreSQL has no function for it, and the disk of a container beside it says nothing; so the server itself runs
    ``df`` in its data folder, as it lets the owner of a cluster do.
    """
    try:
        server.execute(text("CREATE TEMPORARY TABLE IF NOT EXISTS disk (line text)"))
        server.execute(text("TRUNCATE disk"))
        server.execute(text("COPY disk FROM PROGRAM 'df -Pk .'"))
        lines = server.execute(text("SELECT line FROM disk")).scalars().all()
        return int(lines[-1].split()[FREE_COLUMN]) * BLOCK
    except (DBAPIError, IndexError, ValueError):
        return None


def require_room(needed_bytes: int, free: int | None) -> None:
    """Refuse a copy that would fill the disk.

    Args:
        needed_bytes: What the live database takes.
        free: What is free; None where nobody could tell, and the copy is tried.

    Raises:
        DiskTooSmall: It would not fit.
    """
    needed = int(needed_bytes * GROWTH) + SPARED_BYTES
    if free is not None and free < needed:
        raise DiskTooSmall(needed, free)


def _create(server: Connection, name: str) -> None:
    try:
        server.execute(text(f"CREATE DATABASE {name} TEMPLATE template0{_as_live(server)}"))
    except ProgrammingError as error:
        if getattr(error.orig, "pgcode", None) == NO_PRIVILEGE:
            raise MayNotCreate(server.engine.url.username or "") from error
        raise


def _as_live(server: Connection) -> str:
    """Sort and compare as the live database does, so that the same words are found in the same order."""
    found = text(
        "SELECT pg_encoding_to_char(encoding), datcollate, datctype, datlocprovider, datlocale"
        " FROM pg_database WHERE datname = current_database()"
    )
    encoding, collate, ctype, provider, locale = server.execute(found).one()
    told = f" ENCODING '{encoding}' LC_COLLATE '{collate}' LC_CTYPE '{ctype}'"
    providers = {"i": ("icu", "ICU_LOCALE"), "b": ("builtin", "BUILTIN_LOCALE")}
    if provider in providers:
        named, option = providers[provider]
        told += f" LOCALE_PROVIDER {named} {option} '{locale}'"
    return told


def _drop(server: Connection, name: str) -> None:
    server.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


def _written(url: URL) -> str:
    return url.render_as_string(hide_password=False)
