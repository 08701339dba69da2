"""Use cases of whoever owns the business: hand in, draft, publish, restore; each is one transaction, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from loguru import logger
from sqlalchemy import Engine, select
from sqlmodel import Session, col

from secretaria.audit.trail import Actor
from secretaria.audit.trail import note as note_in_audit
from secretaria.database.transaction import transaction
from secretaria.errors import Conflict
from secretaria.knowledge.difference import Difference, compare
from secretaria.knowledge.folder import read_folder
from secretaria.knowledge.models import BusinessVersion, Publication
from secretaria.knowledge.snapshot import Business, Snapshot
from secretaria.knowledge.soundness import require_sound
from secretaria.knowledge.store import (
    PublishedMeanwhile,
    find_version,
    publish,
    published_id,
    set_drafts_aside,
    snapshot_of,
    write_version,
)

DONE = {"import": "imported", "edit": "edited", "answer": "answered", "restore": "restored", "folder": "imported"}
"""What the audit calls an act that made the published version."""

SIGNS = {"added": "+", "changed": "~", "removed": "-"}
MOST_NAMED = 50


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
    by: Actor,
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
    by: Actor,
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
    written = write_version(session, snapshot, origin=origin, author=by.signature, note=note, parent_id=parent, now=now)
    if publish_it:
        publish(session, written.version_id or 0, over=parent, by=by.signature, now=now)
        _tell(written)
    else:
        set_drafts_aside(session, now, but=written.version_id)
    act = f"knowledge.{DONE[origin]}" if publish_it else "knowledge.drafted"
    _note(session, by, act, written.version_id, over=parent, told=_told(difference, note), now=now)
    return Change(written, difference, current_id, is_new=True, version_id=written.version_id, published=publish_it)


def save_draft(
    engine: Engine, snapshot: Snapshot, *, over: int, by: Actor, now: datetime, note: str = "", origin: str = "edit"
) -> Change:
    """Keep what somebody wrote as a version that nobody is answered from yet.

    Args:
        engine: The database.
        snapshot: What they wrote.
        over: The published version they saw when they began; the draft can be published as long as it still is.
        by: Who wrote it.
        now: The present moment.
        note: Why.
        origin: Which act made it.

    Raises:
        BusinessInvalid: Something in it is wrong; nothing is kept.
    """
    with transaction(engine) as session:
        return hand_in(session, snapshot, origin=origin, by=by, now=now, note=note, publish_it=False, over=over)


def publish_draft(
    engine: Engine, named: int | str, *, by: Actor, now: datetime, over: int | None = None
) -> BusinessVersion:
    """Publish a version that was made from what is published now.

    Args:
        engine: The database.
        named: The draft.
        by: Who publishes.
        now: The present moment.
        over: The version that they believe to be published, where they saw one.

    Raises:
        VersionNotFound: There is none.
        PublishedMeanwhile: Another version was published since it was made, whose changes it would undo unseen.
    """
    with transaction(engine) as session:
        version = find_version(session, named)
        if over is not None and over != version.parent_id:
            raise PublishedMeanwhile
        publish(session, version.id or 0, over=version.parent_id, by=by.signature, now=now)
        _note(session, by, "knowledge.published", version.id, over=version.parent_id, told={}, now=now)
        logger.bind(version=version.id, fingerprint=version.fingerprint).info("business_published")
        return version


def restore(engine: Engine, named: int | str, *, by: Actor, now: datetime, note: str = "") -> Change:
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
    session: Session, edit: Callable[[Snapshot], Snapshot], *, origin: str, by: Actor, now: datetime, note: str
) -> Change:
    """Publish what is published with one change made to it.

    Raises:
        NothingPublished: There is nothing to change.
        BusinessInvalid: What comes of it has a problem.
        PublishedMeanwhile: Somebody else published at this moment; nothing is changed.
    """
    current = published_version(session)
    return hand_in(session, edit(snapshot_of(current)), origin=origin, by=by, now=now, note=note, over=current.id)


def published_version(session: Session) -> BusinessVersion:
    """Return the version that is answered from now, from which a draft begins.

    Raises:
        NothingPublished: There is none.
    """
    current = _published(session)
    if current is None:
        raise NothingPublished
    return current


def standing_draft(session: Session) -> BusinessVersion | None:
    """Return the draft that can be published as it is; None where nobody works on one, or another version came before."""
    current = published_id(session)
    published = select(col(Publication.version_id))
    query = (
        select(BusinessVersion)
        .where(col(BusinessVersion.parent_id) == current, col(BusinessVersion.id).not_in(published))
        .where(col(BusinessVersion.set_aside_at).is_(None))
        .order_by(col(BusinessVersion.id).desc())
        .limit(1)
    )
    draft: BusinessVersion | None = session.execute(query).scalar_one_or_none()
    return draft


def base_of(session: Session, version: BusinessVersion) -> int:
    """Return what a change to a version is made over: itself where it is published, else what it was made from."""
    return version.parent_id if version.parent_id and version.id != published_id(session) else version.id or 0


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


def _note(
    session: Session,
    by: Actor,
    act: str,
    version_id: int | None,
    *,
    over: int | None,
    told: dict[str, Any],
    now: datetime,
) -> None:
    after = {"version": version_id, **told}
    note_in_audit(session, by, act, f"versão {version_id}", at=now, before={"version": over}, after=after)


def _told(difference: Difference, note: str) -> dict[str, Any]:
    """Say what changed by name; what it says stands in the versions themselves."""
    return {
        "keys": [change.key for change in difference.card[:MOST_NAMED]],
        "units": [f"{SIGNS[change.kind]} {change.source}" for change in difference.chunks[:MOST_NAMED]],
        "note": note,
    }


def _tell(business: Business) -> None:
    logger.bind(version=business.version_id, fingerprint=business.version).info("business_published")
