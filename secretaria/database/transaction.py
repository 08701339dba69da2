"""One transaction: it commits or rolls back as a whole, and what waits for the commit runs after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session

from secretaria.errors import Unavailable

AFTER_COMMIT = "after_commit"
READ_ONLY = "25006"  # a standby that was not promoted yet: for whoever must write it is as good as away


class DatabaseUnavailable(Unavailable):
    """PostgreSQL refused, dropped, did not answer, or only lets itself be read."""

    def __init__(self) -> None:
        super().__init__(
            "o PostgreSQL não respondeu", "confira DATABASE_URL e se o banco está no ar: secretaria doctor"
        )


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """Open a session, commit it if the block ends well and roll it back otherwise.

    Raises:
        DatabaseUnavailable: PostgreSQL went away; nothing of the block is known to be kept.
    """
    waiting: list[Callable[[], None]] = []
    with _naming_outages(), Session(engine, expire_on_commit=False) as session:
        session.info[AFTER_COMMIT] = waiting
        yield session
        session.commit()
    for action in waiting:
        action()


@contextmanager
def plain_transaction(engine: Engine) -> Iterator[Connection]:
    """Do the same for statements of plain SQL that write nothing anybody is told of: a session costs more than they do.

    Raises:
        DatabaseUnavailable: PostgreSQL went away; nothing of the block is known to be kept.
    """
    with _naming_outages(), engine.begin() as connection:
        yield connection


@contextmanager
def _naming_outages() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError) as error:
        raise DatabaseUnavailable from error
    except DBAPIError as error:
        if error.connection_invalidated or getattr(error.orig, "pgcode", None) == READ_ONLY:
            raise DatabaseUnavailable from error
        raise


def after_commit(session: Session, action: Callable[[], None]) -> None:
    """Run an action once the transaction of this session is committed; never if it rolls back."""
    session.info[AFTER_COMMIT].append(action)
