"""The base as people read it: topic by topic, unit by unit, and when each unit changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from sqlalchemy import and_, select
from sqlmodel import Session, col

from secretaria.knowledge.chunks import Chunk, cut_sections, slug, split_chunks
from secretaria.knowledge.editing import ChunkInvalid, add_chunk
from secretaria.knowledge.models import KnowledgeChunk, Publication
from secretaria.knowledge.snapshot import Snapshot

LOOKED_BACK = 200  # publications
NAMELESS = "assunto"


@dataclass(frozen=True, slots=True)
class Topic:
    """One file of the base.

    Attributes:
        file: Its name.
        title: Its first level heading, or its name in words.
    """

    file: str
    title: str
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class ChunkEdition:
    """What one publication made of a unit; None where it took it out or did not have it."""

    version_id: int
    by: str
    at: datetime
    before: Chunk | None
    after: Chunk | None


def topics_of(snapshot: Snapshot) -> Sequence[Topic]:
    """Return the base topic by topic."""
    return [
        Topic(file, cut_sections(text, _words(file))[0].heading, split_chunks(text, file))
        for file, text in sorted(snapshot.base.items())
    ]


def add_to_topic(snapshot: Snapshot, file: str, topic: str, title: str, text: str) -> Snapshot:
    """Return a snapshot with one more unit, in a topic that there is or in a new one.

    Args:
        snapshot: What there is.
        file: The topic's file; empty for a new topic.
        topic: What the new one is about.
        title: The heading of the unit.
        text: What it says.

    Raises:
        ChunkInvalid: It cannot be a unit, or there is no such topic.
    """
    if file:
        if file not in snapshot.base:
            raise ChunkInvalid("este assunto não existe", "escolha um da lista")
        return add_chunk(snapshot, file, title, text)
    if not topic.strip():
        raise ChunkInvalid("falta o nome do assunto novo", "escreva do que ele trata")
    return add_chunk(snapshot, f"{slug(topic) or NAMELESS}.md", title, text, topic)


def chunk_history(session: Session, source: str) -> Sequence[ChunkEdition]:
    """Return which publications changed a unit, the newest first."""
    query = (
        select(
            col(Publication.version_id), col(Publication.published_by), col(Publication.published_at),
            col(KnowledgeChunk.title), col(KnowledgeChunk.text), col(KnowledgeChunk.file),
        )
        .outerjoin(
            KnowledgeChunk,
            and_(col(KnowledgeChunk.version_id) == Publication.version_id, col(KnowledgeChunk.source) == source),
        )
        .order_by(col(Publication.number).desc())
        .limit(LOOKED_BACK)
    )  # fmt: skip
    editions: list[ChunkEdition] = []
    before: Chunk | None = None
    for version_id, by, at, title, text, file in reversed(session.execute(query).all()):
        after = None if file is None else Chunk(source, title, text, file)
        if after != before:
            editions.append(ChunkEdition(version_id, by, at, before, after))
        before = after
    return editions[::-1]


def _words(file: str) -> str:
    return PurePath(file).stem.replace("-", " ").capitalize()
