"""Versions of a business, which of them was published when, their chunks, and what nobody could answer."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, BigInteger, Column, Computed, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field, SQLModel

from secretaria.database.columns import MOMENT, one_of

ORIGINS = ("folder", "import", "edit", "answer", "restore")


class BusinessVersion(SQLModel, table=True):
    """One snapshot of everything an owner wrote; what it says is never changed and never deleted.

    Attributes:
        parent_id: The version it was made from; None for the first.
        origin: ``folder`` the configured one, taken when nothing was published; ``import``; ``edit``; ``answer`` to a
            missing question; ``restore`` of an older version.
        author: Account and machine, or the attendant.
        card: The text of negocio.toml.
        base: The text of each file of base/ by its name.
        fingerprint: Names the content; equal for versions that say the same.
        set_aside_at: Since when a draft is no longer worked on: it was dropped, or another one followed it.
    """

    __tablename__ = "business_version"
    __table_args__ = (one_of("origin", ORIGINS),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    parent_id: int | None = Field(default=None, foreign_key="business_version.id", sa_type=BigInteger)
    origin: str
    author: str
    note: str = ""
    card: str = Field(sa_type=Text)
    base: dict[str, str] = Field(sa_type=JSON)
    fingerprint: str
    created_at: datetime = Field(sa_type=MOMENT)
    set_aside_at: datetime | None = Field(default=None, sa_type=MOMENT)


class Publication(SQLModel, table=True):
    """One act of publishing; the one with the highest number says what holds now.

    The number is the one before plus one, so that of two who publish over the same state the key refuses the second.
    """

    __tablename__ = "business_publication"

    number: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    version_id: int = Field(foreign_key="business_version.id", sa_type=BigInteger)
    published_by: str
    published_at: datetime = Field(sa_type=MOMENT)


class KnowledgeChunk(SQLModel, table=True):
    """One unit of knowledge of one version, as it is searched.

    Attributes:
        folded: Title and text in lower case and without accents, as customers write; what trigrams are taken of.
        search: Its Portuguese lexemes.
    """

    __tablename__ = "knowledge_chunk"
    __table_args__ = (
        UniqueConstraint("version_id", "source", name="knowledge_chunk_source"),
        Index("knowledge_chunk_search", "search", postgresql_using="gin"),
        Index("knowledge_chunk_trigrams", "folded", postgresql_using="gin", postgresql_ops={"folded": "gin_trgm_ops"}),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    version_id: int = Field(foreign_key="business_version.id", sa_type=BigInteger)
    position: int
    source: str
    title: str
    text: str = Field(sa_type=Text)
    file: str
    folded: str = Field(sa_type=Text)
    search: str | None = Field(
        default=None,
        sa_column=Column("search", TSVECTOR, Computed("to_tsvector('portuguese'::regconfig, folded)", persisted=True)),
    )


class MissingState(StrEnum):
    """Where a question without an answer stands."""

    OPEN = "open"
    ANSWERED = "answered"
    DISMISSED = "dismissed"


class MissingQuestion(SQLModel, table=True):
    """What customers asked and the secretary did not know, grouped; nothing here says who asked.

    Attributes:
        asked: The question in one line, personal data masked, as it was first asked.
        folded: The same in lower case, without accents and courtesies; what later questions are compared with.
        times: In how many turns it was asked.
        version_id: The version that answered it.
    """

    __tablename__ = "missing_question"
    __table_args__ = (
        one_of("state", MissingState),
        Index("missing_question_once", "folded", unique=True, postgresql_where=text("state IN ('open', 'dismissed')")),
        Index("missing_question_trigrams", "folded", postgresql_using="gin", postgresql_ops={"folded": "gin_trgm_ops"}),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    asked: str
    folded: str
    times: int = 1
    state: str = MissingState.OPEN
    first_at: datetime = Field(sa_type=MOMENT)
    last_at: datetime = Field(sa_type=MOMENT)
    closed_at: datetime | None = Field(default=None, sa_type=MOMENT)
    closed_by: str | None = None
    version_id: int | None = Field(default=None, foreign_key="business_version.id", sa_type=BigInteger)
