"""Two roles of PostgreSQL: the owner migrates the schema, and the one that service and workers connect as only uses its rows."""

from __future__ import annotations

from psycopg2.extensions import encrypt_password
from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError, ProgrammingError

from secretaria.database.engine import build_engine
from secretaria.database.transaction import DatabaseUnavailable
from secretaria.errors import PreflightRefused

LOCK = 7_305_414_505
NO_PRIVILEGE = "42501"
USES = ("SELECT", "INSERT", "UPDATE", "DELETE")
LET_IN = (
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    "REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC",
    "GRANT CONNECT ON DATABASE {database} TO {role}",
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {role}",
    # What a later migration makes is open to a version that already runs, from the same transaction on.
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO {role}",
    "REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role}",
)


class RoleMissing(PreflightRefused):
    """The role of service and workers is not there, and the owner may not make it."""

    def __init__(self, role: str, owner: str) -> None:
        super().__init__(
            f"o papel {role} não existe no PostgreSQL, e {owner} não pode criá-lo",
            f"um administrador roda: CREATE ROLE \"{role}\" LOGIN PASSWORD '...'; depois repita",
        )


def let_in(owner: Engine, url: str) -> None:
    """Let the role of an address use the rows of a migrated schema, and of what later migrations add; done twice is done once.

    The role is made where it is missing, and its password becomes that of the address.

    Args:
        owner: Connects as whoever owns the schema.
        url: As ``DATABASE_URL``; nothing happens where it names the owner itself.

    Raises:
        DatabaseUnavailable: PostgreSQL does not answer.
        RoleMissing: There is no such role, and the owner may not make one.
    """
    role, password = make_url(url).username, make_url(url).password
    if not role or role == owner.url.username:
        return
    try:
        with owner.begin() as connection:
            # Two at once would change the same lines of the catalogue, which PostgreSQL refuses to one of them.
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            _make(connection, role, str(password) if password else None)
            quoted = connection.dialect.identifier_preparer.quote_identifier
            database = connection.execute(text("SELECT current_database()")).scalar_one()
            for statement in LET_IN:
                connection.execute(text(statement.format(role=quoted(role), database=quoted(database))))
    except OperationalError as error:
        raise DatabaseUnavailable from error


def is_let_in(url: str) -> bool:
    """Say whether the role of an address can connect and use every table."""
    engine = build_engine(url, pool_size=1)
    may = " AND ".join(f"has_table_privilege(oid, '{use}')" for use in USES)
    closed = f"SELECT count(*) FROM pg_class WHERE {_TABLES} AND relname <> 'alembic_version' AND NOT ({may})"  # noqa: S608  # words of our own
    try:
        with engine.connect() as connection:
            return int(connection.execute(text(closed)).scalar_one()) == 0
    except OperationalError:
        return False
    finally:
        engine.dispose()


def may_change_schema(engine: Engine) -> bool:
    """Say whether the role that an engine connects as could make, change or drop a table."""
    asked = (
        "SELECT rolsuper OR rolcreaterole OR has_schema_privilege('public', 'CREATE')"  # noqa: S608  # words of our own
        f" OR EXISTS (SELECT FROM pg_class WHERE {_TABLES} AND pg_has_role(relowner, 'MEMBER'))"
        " FROM pg_roles WHERE rolname = current_user"
    )
    with engine.connect() as connection:
        return bool(connection.execute(text(asked)).scalar_one())


def _make(connection: Connection, role: str, password: str | None) -> None:
    """Make the role, or give it the password of its address where the owner may; an administrator may keep it otherwise."""
    quoted = connection.dialect.identifier_preparer.quote_identifier(role)
    there = connection.execute(text("SELECT count(*) FROM pg_roles WHERE rolname = :role"), {"role": role}).scalar_one()
    word = ""
    if password is not None:  # as the server keeps it, so that none of its logs holds what was chosen
        raw = connection.connection.driver_connection
        word = f" PASSWORD '{encrypt_password(password, role, raw, 'scram-sha-256')}'"
    try:
        with connection.begin_nested():
            # As it is: what stands behind a colon in the word is no parameter of ours.
            connection.exec_driver_sql(f"{'ALTER' if there else 'CREATE'} ROLE {quoted} LOGIN{word}")
    except ProgrammingError as error:
        if getattr(error.orig, "pgcode", None) != NO_PRIVILEGE:
            raise
        if not there:
            raise RoleMissing(role, connection.engine.url.username or "") from error


_TABLES = "relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
