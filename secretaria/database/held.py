"""A connection held between transactions on the driver's own cursor: for the door, whose one statement must be quick."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from secretaria.database.transaction import READ_ONLY, DatabaseUnavailable

FRESH_SECONDS = 1.0  # what was used within it needs no ping: a server that died since then is away


class HeldConnection:
    """One connection of a pool, for one thread.

    A connection that rested longer than a second is given back and taken anew, so that the pool looks whether it still
    lives: a restarted PostgreSQL must not cost the first event after it.
    """

    def __init__(self, engine: Engine) -> None:
        """Describe it; nothing connects before the first transaction."""
        self._engine = engine
        self._connection: Connection | None = None
        self._used_at = 0.0

    @property
    def is_held(self) -> bool:
        """Say whether a connection is taken from the pool."""
        return self._connection is not None

    @contextmanager
    def transaction(self) -> Iterator[tuple[Any, Connection]]:
        """Hand out a cursor, and whose it is; commit if the block ends well and roll back otherwise.

        Raises:
            DatabaseUnavailable: PostgreSQL went away; nothing of the block is known to be kept.
        """
        try:
            connection = self._taken()
            driver: Any = connection.connection.dbapi_connection  # psycopg2 ships no types
            with driver.cursor() as cursor:
                yield cursor, connection
            driver.commit()
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            self._break()
            raise DatabaseUnavailable from error
        except (OperationalError, InterfaceError, PoolTimeoutError) as error:  # from the pool, as it connected
            self.give_back()
            raise DatabaseUnavailable from error
        except psycopg2.Error as error:
            self.give_back()
            if error.pgcode == READ_ONLY:
                raise DatabaseUnavailable from error
            raise
        except BaseException:
            self.give_back()
            raise
        self._used_at = time.monotonic()

    def give_back(self) -> None:
        """Let go of the connection, which rolls back what is open."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _taken(self) -> Connection:
        if self._connection is not None and time.monotonic() - self._used_at > FRESH_SECONDS:
            self.give_back()
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _break(self) -> None:
        """Whatever state it is in, nobody uses this connection again."""
        if self._connection is not None:
            self._connection.invalidate()
            self.give_back()
