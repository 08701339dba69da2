"""What a copy says about itself: from when, of which version, and how every table looked in the very snapshot it holds."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from secretaria.copies.postgres import Ask
from secretaria.errors import Rejected

FORMAT = 1
NAME = "manifest.json"


class CopyDamaged(Rejected):
    """A file is not a whole copy of ours."""

    def __init__(self, what: str) -> None:
        super().__init__(f"a cópia não serve: {what}", "veja as outras com: secretaria backup list")


class TableSurvey(BaseModel):
    """How a table looks.

    Attributes:
        rows: How many it has.
        mark: Sum of the hashes of its rows as text: the same for the same rows in whatever order.
    """

    model_config = ConfigDict(frozen=True)

    rows: int
    mark: str


class Part(BaseModel):
    """A file of the copy.

    Attributes:
        bytes: Its size.
        sha256: Of its content, hexadecimal.
    """

    model_config = ConfigDict(frozen=True)

    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What is in a copy.

    Attributes:
        format: Of the copy itself; a newer one is refused.
        version: Of the program that made it.
        migration_head: Revision of the schema; empty for an empty database.
        taken_at: The moment of the snapshot, UTC.
        reason: Why it was made, a few words in Portuguese.
        postgresql: Version of the server.
        tables: Every table, by name.
        parts: Every other file of the copy, by path.
        env_keys: The names in the .env, without what they are set to.
    """

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    version: str
    migration_head: str
    taken_at: datetime
    reason: str
    postgresql: str
    tables: dict[str, TableSurvey]
    parts: dict[str, Part]
    env_keys: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows it holds."""
        return sum(table.rows for table in self.tables.values())


def read_manifest(path: Path) -> Manifest:
    """Read what a copy says about itself.

    Raises:
        CopyDamaged: It says nothing, or in a way of a newer program.
    """
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise CopyDamaged("o manifesto falta ou não se lê") from error
    if manifest.format > FORMAT:
        raise CopyDamaged(f"foi feita por uma versão mais nova, {manifest.version}")
    return manifest


def names_query() -> str:
    """Return the query for the tables of a database, and its revision and server."""
    tables = (
        "SELECT coalesce(json_agg(table_name ORDER BY table_name), '[]') FROM information_schema.tables "
        "WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    )
    return f"SELECT json_build_object('tables', ({tables}), 'server', current_setting('server_version'));"


def survey_query(tables: list[str]) -> str:
    """Return the query that counts and marks every row of these tables."""
    looks = (
        f"('{name}', (SELECT json_build_object('rows', count(*), "  # noqa: S608  # names that the catalogue told
        f"'mark', coalesce(sum(hashtextextended(t::text, 0)), 0)::text) FROM public.\"{name}\" t))"
        for name in tables
    )
    return f"SELECT json_object_agg(name, look) FROM (VALUES {', '.join(looks)}) AS looked(name, look);"  # noqa: S608  # the same


def head_query() -> str:
    """Return the query for the revision of a schema."""
    return "SELECT json_build_array(min(version_num)) FROM alembic_version;"


def survey(ask: Ask) -> tuple[dict[str, TableSurvey], str, str]:
    """Return the tables, the revision and the server's version, each asked with a query that answers JSON."""
    told = json.loads(ask(names_query()))
    names: list[str] = told["tables"]
    looks = json.loads(ask(survey_query(names))) if names else {}
    head = json.loads(ask(head_query()))[0] or "" if "alembic_version" in names else ""
    return {name: TableSurvey.model_validate(look) for name, look in looks.items()}, head, told["server"]
