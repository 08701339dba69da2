"""The database of an installation through PostgreSQL's own programs, beside it in its container or over its address."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sqlalchemy.engine import make_url

from secretaria.machine.commands import Argv, Compose
from secretaria.machine.runner import Runner

USER = DATABASE = "secretaria"
DATABASE_SERVICE = "postgres"
SOCKETS = "/var/run/postgresql"  # in the container; whoever is inside is asked for no password there
MAINTENANCE = "postgres"  # the database from which others are made, renamed and dropped
PSQL = ("--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1")
# What a row looks like as text depends on these; the same row must look the same before and after.
SAME_TEXT = (
    "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET timezone = 'UTC'; SET datestyle = 'ISO'; "
    "SET intervalstyle = 'postgres'; SET extra_float_digits = 1; SET bytea_output = 'hex';"
)
OVER_ADDRESS = {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "host": "PGHOST", "port": "PGPORT"}

Ask = Callable[[str], str]


@dataclass(frozen=True)
class Postgres:
    """A server of PostgreSQL and the database on it that the installation lives in.

    Attributes:
        runner: Starts the programs.
        program: Turns a program and its arguments into what is run; it names who connects, never a password.
        name: Of the installation's database.
    """

    runner: Runner
    program: Callable[..., Argv]
    name: str = DATABASE

    def read(self, sql: str, *, database: str | None = None) -> Any:  # noqa: ANN401  # whatever JSON says
        """Return the JSON that a query answers with in one row.

        Raises:
            CommandFailed: PostgreSQL is away, or refuses it.
        """
        return json.loads(self.tell(f"{SAME_TEXT} {sql}", database=database) or "null")

    def tell(self, sql: str, *, database: str | None = None) -> str:
        """Run statements and return what they answer.

        Raises:
            CommandFailed: PostgreSQL is away, or refuses one.
        """
        return self.runner.run(self.program("psql", *PSQL, "--dbname", database or self.name, "--command", sql)).output

    @contextmanager
    def snapshot(self) -> Iterator[tuple[str, Ask]]:
        """Hold the database as it is at this moment: what is asked and what is dumped belong together."""
        with self.runner.converse(self.program("psql", *PSQL, "--dbname", self.name)) as ask:
            yield ask(f"{SAME_TEXT} BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT pg_export_snapshot();"), ask

    def dump(self, snapshot: str, to: IO[bytes]) -> None:
        """Write the database, as a snapshot shows it, in pg_dump's custom format.

        Raises:
            CommandFailed: It could not be read, or the disk is full.
        """
        options = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}")
        self.runner.save(self.program("pg_dump", *options, "--dbname", self.name), to)

    def fill(self, database: str, dump: IO[bytes]) -> None:
        """Restore a dump into an empty database, or nothing of it.

        Raises:
            CommandFailed: The dump is damaged, or PostgreSQL refuses something in it.
        """
        options = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges")
        self.runner.run(self.program("pg_restore", *options, "--dbname", database), seconds=7200.0, stdin=dump)

    def create(self, database: str) -> None:
        """Make an empty database beside the installation's."""
        self.tell(f'CREATE DATABASE "{database}" TEMPLATE template0', database=MAINTENANCE)

    def drop(self, database: str) -> None:
        """Remove a database, whoever is connected to it, if it is there."""
        self.tell(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)', database=MAINTENANCE)

    def databases(self, prefix: str) -> list[str]:
        """Return the databases whose name begins so."""
        found = f"SELECT coalesce(json_agg(datname), '[]') FROM pg_database WHERE starts_with(datname, '{prefix}')"  # noqa: S608  # our own
        names: list[str] = self.read(found, database=MAINTENANCE)
        return names

    def swap(self, new: str, aside: str) -> None:
        """Put a database in the place of the installation's and that one aside, both or none."""
        ended = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ('{self.name}', '{new}')"  # noqa: S608  # names of our own
        renamed = f'ALTER DATABASE "{self.name}" RENAME TO "{aside}"; ALTER DATABASE "{new}" RENAME TO "{self.name}"'
        self.tell(f"{ended}; BEGIN; {renamed}; COMMIT", database=MAINTENANCE)


def in_container(compose: Compose, runner: Runner) -> Postgres:
    """Return the database of a compose project, which only its own container reaches."""

    def program(name: str, *arguments: str) -> Argv:
        return compose.inside(DATABASE_SERVICE, name, "--host", SOCKETS, "--username", USER, *arguments)

    return Postgres(runner, program)


def at_address(url: str, programs: Path, runner: Runner) -> Postgres:
    """Return the database at an address.

    Args:
        url: As ``DATABASE_URL``; who connects and the password go by the environment, which other users cannot read.
        programs: The folder of psql, pg_dump and pg_restore.
        runner: Starts them.
    """
    address = make_url(url)
    given: Mapping[str, str | None] = {
        "PGHOST": address.host,
        "PGPORT": str(address.port) if address.port else None,
        "PGUSER": address.username,
        "PGPASSWORD": address.password,
        **{OVER_ADDRESS[name]: str(value) for name, value in address.query.items() if name in OVER_ADDRESS},
    }
    environment = {**runner.environment, **{name: value for name, value in given.items() if value}}

    def program(name: str, *arguments: str) -> Argv:
        return (str(programs / name), *arguments)

    return Postgres(Runner(runner.folder, environment, runner.hear), program, address.database or DATABASE)
