"""The one draft of an installation: what is worked on before it is published, by several people, without a word lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, Select, select
from sqlmodel import Session, col

from secretaria.audit.trail import Actor, note
from secretaria.database.transaction import transaction
from secretaria.errors import Conflict
from secretaria.knowledge.business import BusinessInvalid
from secretaria.knowledge.carrying import ChangesCollide, carried_over
from secretaria.knowledge.changing import Change, hand_in, published_version
from secretaria.knowledge.difference import Difference, compare
from secretaria.knowledge.models import BusinessVersion, Publication
from secretaria.knowledge.snapshot import Snapshot
from secretaria.knowledge.store import VersionNotFound, find_version, set_drafts_aside, snapshot_of

Edit = Callable[[Snapshot], Snapshot]


class WrittenMeanwhile(Conflict):
    """Somebody kept a draft, dropped it or published after the state that an author had in front of them.

    Attributes:
        now: What is worked on by now.
    """

    def __init__(self, now: BusinessVersion) -> None:
        super().__init__(
            f"{now.author} mudou isto enquanto você escrevia; nada foi alterado", "veja o que mudou e repita"
        )
        self.now = now


class DraftOvertaken(Conflict):
    """The draft was made from a version that is no longer the published one."""

    def __init__(self) -> None:
        super().__init__(
            "outra versão foi publicada depois deste rascunho; nada foi alterado",
            "traga o rascunho para a versão publicada, ou descarte-o",
        )


@dataclass(frozen=True, slots=True)
class Workbench:
    """What is published and what is worked on.

    Attributes:
        published: What customers are answered from.
        publication: Who published it, and when.
        draft: What somebody is about to publish; None where nobody is.
        difference: What the draft would change; of an overtaken one, what it changed of the version it began from.
        overtaken: Whether another version was published since the draft was begun, so that it must be carried over first.
    """

    published: BusinessVersion
    publication: Publication
    draft: BusinessVersion | None
    difference: Difference
    overtaken: bool

    @property
    def at_hand(self) -> BusinessVersion:
        """The version an author sees and goes on from."""
        return self.draft if self.draft is not None and not self.overtaken else self.published


def read_workbench(session: Session) -> Workbench:
    """Read what is published and what is worked on.

    Raises:
        NothingPublished: There is nothing yet.
    """
    published, draft = published_version(session), find_draft(session)
    publication = session.execute(_newest_publication()).scalar_one()
    overtaken = draft is not None and draft.parent_id != published.id
    difference = Difference((), ())
    if draft is not None:
        began = find_version(session, draft.parent_id or 0) if overtaken else published
        difference = compare(snapshot_of(began), snapshot_of(draft))
    return Workbench(published, publication, draft, difference, overtaken)


def find_draft(session: Session) -> BusinessVersion | None:
    """Return what is worked on: the newest version that was neither published nor set aside; None where there is none."""
    query = (
        select(BusinessVersion)
        .where(
            col(BusinessVersion.set_aside_at).is_(None),
            col(BusinessVersion.id).not_in(select(col(Publication.version_id))),
        )
        .order_by(col(BusinessVersion.id).desc())
        .limit(1)
    )
    draft: BusinessVersion | None = session.execute(query).scalar_one_or_none()
    return draft


def write_draft(engine: Engine, edit: Edit, *, seen: int, by: Actor, now: datetime) -> Change:
    """Keep what is worked on with one change made to it; where it then says what is published, there is no draft any more.

    Args:
        engine: The database.
        edit: Makes the change.
        seen: The version its author had in front of them.
        by: Who.
        now: The present moment.

    Raises:
        WrittenMeanwhile: That is no longer what is worked on.
        DraftOvertaken: There is a draft that must be carried over or dropped first.
        BusinessInvalid: What comes of it has a problem; nothing is kept.
    """
    with transaction(engine) as session:
        bench = _locked(session)
        if bench.overtaken:
            raise DraftOvertaken
        if bench.at_hand.id != seen:
            raise WrittenMeanwhile(bench.at_hand)
        edited = edit(snapshot_of(bench.at_hand))
        if edited.fingerprint == bench.at_hand.fingerprint:
            return hand_in(session, edited, origin="edit", by=by, now=now, keep=False)
        over = bench.published.id
        change = hand_in(session, edited, origin="edit", by=by, now=now, publish_it=False, over=over)
        if not change.is_new:
            _drop(session, bench, by, now)
        return change


def drop_draft(engine: Engine, version_id: int, *, by: Actor, now: datetime) -> None:
    """Work on it no longer; it stays among the versions.

    Raises:
        VersionNotFound: It is not what is worked on; somebody published or dropped it before.
    """
    with transaction(engine) as session:
        bench = _locked(session)
        if bench.draft is None or bench.draft.id != version_id:
            raise VersionNotFound(version_id)
        _drop(session, bench, by, now)


def carry_draft_over(engine: Engine, version_id: int, *, by: Actor, now: datetime) -> Change:
    """Make the changes of an overtaken draft again, to what is published now.

    Raises:
        VersionNotFound: It is not what is worked on.
        ChangesCollide: Both changed the same; the error names what.
        BusinessInvalid: What comes of it has a problem.
    """
    with transaction(engine) as session:
        bench = _locked(session)
        if bench.draft is None or bench.draft.id != version_id:
            raise VersionNotFound(version_id)
        return _carry(session, bench, bench.draft, by, now)


def keep_draft_up(engine: Engine, *, by: Actor, now: datetime) -> bool:
    """Carry the draft over where a publication overtook it; where both changed the same it waits for a person.

    Returns:
        Whether there is no overtaken draft any more.
    """
    try:
        with transaction(engine) as session:
            bench = _locked(session)
            if bench.draft is not None and bench.overtaken:
                _carry(session, bench, bench.draft, by, now)
    except (ChangesCollide, BusinessInvalid):
        return False
    return True


def _carry(session: Session, bench: Workbench, draft: BusinessVersion, by: Actor, now: datetime) -> Change:
    began, over = find_version(session, draft.parent_id or 0), bench.published.id
    carried = carried_over(snapshot_of(began), snapshot_of(draft), snapshot_of(bench.published))
    told = f"rascunho {draft.id} trazido"
    change = hand_in(session, carried, origin="edit", by=by, now=now, publish_it=False, over=over, note=told)
    if not change.is_new:
        _drop(session, bench, by, now)
    return change


def _locked(session: Session) -> Workbench:
    """Read the workbench while nobody else can write to it."""
    session.execute(_newest_publication().with_for_update())
    return read_workbench(session)


def _drop(session: Session, bench: Workbench, by: Actor, now: datetime) -> None:
    set_drafts_aside(session, now)
    if bench.draft is not None:
        note(session, by, "knowledge.dropped", f"versão {bench.draft.id}", at=now)


def _newest_publication() -> Select[Publication]:
    return select(Publication).order_by(col(Publication.number).desc()).limit(1)
