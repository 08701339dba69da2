"""Reads and writes versions of the business; exactly one is published, and two who publish at once cannot both win."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_give_way
from sqlmodel import Session, col

from secretaria.database.compiled import CompiledStatement
from secretaria.errors import Conflict, NotFound
from secretaria.knowledge.chunks import Chunk
from secretaria.knowledge.models import BusinessVersion, KnowledgeChunk, Publication
from secretaria.knowledge.snapshot import FINGERPRINT_LENGTH, Business, Snapshot, read_snapshot, read_stored
from secretaria.knowledge.words import fold

NOTHING_PUBLISHED = 0
VERSIONS_HINT = "veja as versões com: secretaria knowledge versions"


class VersionNotFound(NotFound):
    """No version has this number or fingerprint."""

    def __init__(self, named: object) -> None:
        super().__init__(f"não existe a versão {named}", VERSIONS_HINT)


class PublishedMeanwhile(Conflict):
    """Somebody published another version after the state this change was made from was read."""

    def __init__(self) -> None:
        super().__init__(
            "outra versão foi publicada enquanto isso; nada foi alterado",
            "veja o que mudou com: secretaria knowledge versions, e repita",
        )


@dataclass(frozen=True, slots=True)
class Edition:
    """One version as lists show it.

    Attributes:
        chunks: How many units its base has.
        published_at: When it last became the published one; None for a draft.
        is_published: Whether it is what the secretary answers from now.
    """

    version: BusinessVersion
    chunks: int
    published_at: datetime | None
    published_by: str | None
    is_published: bool


PUBLISHED = CompiledStatement("SELECT version_id FROM business_publication ORDER BY number DESC LIMIT 1")


def published_id(session: Session) -> int | None:
    """Return the version that holds now, by one look at an index; None where nothing was published yet."""
    found = PUBLISHED.first(session, {})
    return None if found is None else int(found.version_id)


def load_business(session: Session, version_id: int) -> Business:
    """Read any version, published or draft.

    Raises:
        VersionNotFound: There is none of this number.
        BusinessInvalid: This program does not understand it, keys that only a newer one knows apart.
    """
    version = find_version(session, version_id)
    return read_stored(snapshot_of(version), f"versão {version_id}", version_id)


def snapshot_of(version: BusinessVersion) -> Snapshot:
    """Return what the owner wrote in a version."""
    return Snapshot(version.card, version.base)


def find_version(session: Session, named: int | str) -> BusinessVersion:
    """Find a version by its number, or by its fingerprint, as receipts and logs tell it.

    Raises:
        VersionNotFound: There is none.
    """
    wanted = str(named)
    query = select(BusinessVersion).order_by(col(BusinessVersion.id).desc()).limit(1)
    if len(wanted) == FINGERPRINT_LENGTH:
        query = query.where(col(BusinessVersion.fingerprint) == wanted)
    elif wanted.isascii() and wanted.isdigit() and len(wanted) < FINGERPRINT_LENGTH:
        query = query.where(col(BusinessVersion.id) == int(wanted))
    else:
        raise VersionNotFound(named)
    version: BusinessVersion | None = session.execute(query).scalar_one_or_none()
    if version is None:
        raise VersionNotFound(named)
    return version


def list_editions(session: Session, limit: int = 50) -> list[Edition]:
    """Return the newest versions, newest first."""
    chunks = (
        select(func.count())
        .where(col(KnowledgeChunk.version_id) == BusinessVersion.id)
        .correlate(BusinessVersion)
        .scalar_subquery()
    )
    last = select(func.max(col(Publication.number))).group_by(col(Publication.version_id))
    now = published_id(session)
    query = (
        select(BusinessVersion, chunks, col(Publication.published_at), col(Publication.published_by))
        .outerjoin(
            Publication,
            and_(
                col(Publication.version_id) == BusinessVersion.id, col(Publication.number).in_(last.scalar_subquery())
            ),
        )
        .order_by(col(BusinessVersion.id).desc())
        .limit(limit)
    )
    return [
        Edition(version, count, at, by, is_published=version.id == now)
        for version, count, at, by in session.execute(query)
    ]


def write_version(
    session: Session,
    snapshot: Snapshot,
    *,
    origin: str,
    author: str,
    note: str = "",
    parent_id: int | None,
    now: datetime,
) -> Business:
    """Keep a snapshot as a version nobody answers from yet, with its chunks ready to be searched.

    Args:
        session: An open session.
        snapshot: What the owner wrote.
        origin: Which act made it, one of ``ORIGINS``.
        author: Who did.
        note: Why, in the author's words.
        parent_id: The version it was made from.
        now: The present moment.

    Raises:
        BusinessInvalid: It cannot be read; nothing is kept.
    """
    business = read_snapshot(snapshot)
    version = BusinessVersion(
        parent_id=parent_id,
        origin=origin,
        author=author,
        note=note,
        card=snapshot.card,
        base=dict(snapshot.base),
        fingerprint=snapshot.fingerprint,
        created_at=now,
    )
    session.add(version)
    session.flush()
    version_id = version.id or 0
    session.execute(insert(KnowledgeChunk), [_row(version_id, *place) for place in enumerate(business.chunks)])
    return Business(business.card, business.chunks, business.version, version_id)


def publish(session: Session, version_id: int, *, over: int | None, by: str, now: datetime) -> None:
    """Let the secretary answer from a version from the next turn on.

    Args:
        session: An open session.
        version_id: What to publish.
        over: The version its author believes to be published, None where there is none yet; if it is another one by
            now, nothing happens, because its changes would be lost unseen.
        by: Who publishes.
        now: The present moment.

    Raises:
        PublishedMeanwhile: Another one is published than ``over``, or becomes so at this very moment.
    """
    newest = select(Publication).order_by(col(Publication.number).desc()).limit(1)
    current = session.execute(newest).scalar_one_or_none()
    if (current.version_id if current else None) != over:
        raise PublishedMeanwhile
    number = (current.number if current else NOTHING_PUBLISHED) + 1
    placed = session.execute(
        insert_or_give_way(Publication)
        .values(number=number, version_id=version_id, published_by=by, published_at=now)
        .on_conflict_do_nothing()
        .returning(col(Publication.number))
    )
    if placed.scalar_one_or_none() is None:
        raise PublishedMeanwhile


def set_drafts_aside(session: Session, now: datetime, *, but: int | None = None) -> None:
    """Let nobody work on the drafts there are, except on one."""
    drafts = col(BusinessVersion.id).not_in(select(col(Publication.version_id)))
    kept = col(BusinessVersion.id).is_distinct_from(but)
    session.execute(
        update(BusinessVersion)
        .where(drafts, kept, col(BusinessVersion.set_aside_at).is_(None))
        .values(set_aside_at=now)
    )


def publications(session: Session, limit: int = 50) -> list[Publication]:
    """Return who published what and when, newest first."""
    query = select(Publication).order_by(col(Publication.number).desc()).limit(limit)
    return list(session.execute(query).scalars())


def _row(version_id: int, position: int, chunk: Chunk) -> dict[str, object]:
    return {
        "version_id": version_id,
        "position": position,
        "source": chunk.source,
        "title": chunk.title,
        "text": chunk.text,
        "file": chunk.file,
        "folded": fold(f"{chunk.title}\n{chunk.text}"),
    }
