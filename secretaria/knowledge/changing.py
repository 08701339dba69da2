"""Use cases of whoever owns the business: hand in, draft, publish, restore; each is one transaction, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from loguru import logger
from sqlalchemy import Engine
from sqlmodel import Session

from secretaria.database.transaction import transaction
from secretaria.errors import Conflict
from secretaria.knowledge.difference import Difference, compare
from secretaria.knowledge.folder import read_folder
from secretaria.knowledge.models import BusinessVersion
from secretaria.knowledge.snapshot import Business, Snapshot
from secretaria.knowledge.soundness import require_sound
from secretaria.knowledge.store import find_version, publish, published_id, snapshot_of, write_version


class NothingPublished(Conflict):
    """There is no version that could be changed or compared with."""

    def __init__(self) -> None:
        super().__init__("nada foi publicado ainda", "publique uma pasta: secretaria knowledge import PASTA")


@dataclass(frozen=True, slots=True)
class Change:
    """What became, or would become, of what was handed in.

    Attributes:
        business: What it says.
        difference: To what is published.
        over: The version that was published; None where there was none.
        is_new: Whether it says anything else, were it only in a comment.
        version_id: The version that was written; None where nothing was.
        published: Whether the secretary answers from it now.
    """

    business: Business
    difference: Difference
    over: int | None
    is_new: bool
    version_id: int | None = None
    published: bool = False


def import_folder(
    engine: Engine,
    folder: Path,
    *,
    by: str,
    now: datetime,
    note: str = "",
    dry_run: bool = False,
    draft: bool = False,
) -> Change:
    """Take the folder of a business over and publish it.

    Args:
        engine: The database.
        folder: With ``negocio.toml`` and ``base/*.md``.
        by: Who hands it in.
        now: The present moment.
        note: Why.
        dry_run: Only say what would change.
        draft: Keep it as a version, without publishing it.

    Raises:
        BusinessInvalid: Something in it is wrong; nothing is changed.
        PublishedMeanwhile: Somebody else published at this moment; nothing is changed.
    """
    snapshot = read_folder(folder)
    require_sound(snapshot)
    with transaction(engine) as session:
        return hand_in(
            session, snapshot, origin="import", by=by, now=now, note=note, keep=not dry_run, publish_it=not draft
        )


def hand_in(
    session: Session,
    snapshot: Snapshot,
    *,
    origin: str,
    by: str,
    now: datetime,
    note: str = "",
    keep: bool = True,
    publish_it: bool = True,
    over: int | None = None,
) -> Change:
    """Compare a snapshot with what is published and, unless it says the same, keep it as a version.

    Args:
        session: An open session.
        snapshot: What was written.
        origin: Which act made it.
        by: Who.
        now: The present moment.
        note: Why.
        keep: Whether anything is written at all.
        publish_it: Whether the secretary answers from it from now on; otherwise it stays a draft.
        over: The version it was made from, where its author saw one; what is published now by default.

    Raises:
        BusinessInvalid: Something in it is wrong; nothing is changed.
        PublishedMeanwhile: It was made from another version than the published one, and was to be published.
    """
    business = require_sound(snapshot)
    current = _published(session)
    difference = compare(snapshot_of(current) if current else None, snapshot)
    current_id = current.id if current else None
    if current and current.fingerprint == snapshot.fingerprint:
        return Change(business, difference, current_id, is_new=False)
    if not keep:
        return Change(business, difference, current_id, is_new=True)
    parent = current_id if over is None else over
    written = write_version(session, snapshot, origin=origin, author=by, note=note, parent_id=parent, now=now)
    if publish_it:
        publish(session, written.version_id or 0, over=parent, by=by, now=now)
        _tell(written)
    return Change(written, difference, current_id, is_new=True, version_id=written.version_id, published=publish_it)


def publish_draft(engine: Engine, named: int | str, *, by: str, now: datetime) -> BusinessVersion:
    """Publish a version that was made from what is published now.

    Raises:
        VersionNotFound: There is none.
        PublishedMeanwhile: Another version was published since it was made, whose changes it would undo unseen.
    """
    with transaction(engine) as session:
        version = find_version(session, named)
        publish(session, version.id or 0, over=version.parent_id, by=by, now=now)
        logger.bind(version=version.id, fingerprint=version.fingerprint).info("business_published")
        return version


def restore(engine: Engine, named: int | str, *, by: str, now: datetime, note: str = "") -> Change:
    """Publish the content of an older version again, as a new version.

    Raises:
        VersionNotFound: There is none.
        BusinessInvalid: This program no longer understands what it says.
        PublishedMeanwhile: Somebody else published at this moment; nothing is changed.
    """
    with transaction(engine) as session:
        version = find_version(session, named)
        told = note or f"volta à versão {version.id}"
        return hand_in(session, snapshot_of(version), origin="restore", by=by, now=now, note=told)


def edit_published(
    session: Session, edit: Callable[[Snapshot], Snapshot], *, origin: str, by: str, now: datetime, note: str
) -> Change:
    """Publish what is published with one change made to it.

    Raises:
        NothingPublished: There is nothing to change.
        BusinessInvalid: What comes of it has a problem.
        PublishedMeanwhile: Somebody else published at this moment; nothing is changed.
    """
    current = _published(session)
    if current is None:
        raise NothingPublished
    return hand_in(session, edit(snapshot_of(current)), origin=origin, by=by, now=now, note=note, over=current.id)


def compare_versions(session: Session, before: int | str, after: int | str) -> Difference:
    """Say what changed from one version to another.

    Raises:
        VersionNotFound: One of them does not exist.
    """
    return compare(snapshot_of(find_version(session, before)), snapshot_of(find_version(session, after)))


def chosen_version(session: Session, named: str | None) -> int:
    """Return the number of a version, of the published one by default.

    Raises:
        VersionNotFound: There is none of this name.
        NothingPublished: None was named, and there is no published one.
    """
    if named is not None:
        return find_version(session, named).id or 0
    current = published_id(session)
    if current is None:
        raise NothingPublished
    return current


def _published(session: Session) -> BusinessVersion | None:
    current = published_id(session)
    return None if current is None else find_version(session, current)


def _tell(business: Business) -> None:
    logger.bind(version=business.version_id, fingerprint=business.version).info("business_published")
