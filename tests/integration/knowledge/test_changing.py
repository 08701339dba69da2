"""The owner hands in, drafts, publishes and restores; a mistake or a second hand changes nothing."""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from secretaria.audit.trail import Actor
from secretaria.clock import HeldClock
from secretaria.context.moods import EMOJIS
from secretaria.context.preview import compare_prompts
from secretaria.database.transaction import transaction
from secretaria.knowledge.business import BusinessInvalid
from secretaria.knowledge.card_editing import change_values
from secretaria.knowledge.changing import (
    Change,
    NothingPublished,
    base_of,
    compare_versions,
    edit_published,
    import_folder,
    publish_draft,
    published_version,
    restore,
    save_draft,
    standing_draft,
)
from secretaria.knowledge.editing import add_chunk
from secretaria.knowledge.snapshot import Snapshot
from secretaria.knowledge.store import (
    PublishedMeanwhile,
    VersionNotFound,
    find_version,
    list_editions,
    load_business,
    publications,
    publish,
    published_id,
    snapshot_of,
)
from secretaria.replies.trying import try_version
from secretaria.simulation import SAMPLE_BUSINESS
from tests.answering import captured_lines
from tests.builders import OWNER, rows

PUBLISHERS = 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Copy the sample, to be edited."""
    shutil.copy(SAMPLE_BUSINESS / "negocio.toml", tmp_path)
    shutil.copytree(SAMPLE_BUSINESS / "base", tmp_path / "base")
    return tmp_path


def hand(engine: Engine, clock: HeldClock, folder: Path, *, dry_run: bool = False, draft: bool = False) -> Change:
    """Import the folder as the owner would."""
    return import_folder(engine, folder, by=OWNER, now=clock.now(), note="nota", dry_run=dry_run, draft=draft)


def raise_price(folder: Path, before: str = "leve): R$ 180", after: str = "leve): R$ 190") -> None:
    """Change what a cleaning costs in one file."""
    file = folder / "base/servicos-e-precos.md"
    file.write_text(file.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")


def test_an_import_is_a_version_and_the_same_again_is_none(engine: Engine, clock: HeldClock, folder: Path) -> None:
    """The first import publishes all; the same folder again, line ends and marks apart, changes nothing."""
    first = hand(engine, clock, folder)
    assert (first.version_id, first.published, first.over, first.difference.count("added")) == (1, True, None, 84)
    card = (folder / "negocio.toml").read_bytes()
    (folder / "negocio.toml").write_bytes(b"\xef\xbb\xbf" + card.replace(b"\n", b"\r\n"))
    again = hand(engine, clock, folder)
    assert (again.is_new, again.version_id, again.published) == (False, None, False)
    (version,) = rows(engine, "business_version")
    assert (version["author"], version["note"], version["origin"]) == ("dona", "nota", "import")


def test_a_dry_run_tells_and_writes_nothing(engine: Engine, clock: HeldClock, folder: Path) -> None:
    """What would change is told, and nothing does."""
    hand(engine, clock, folder)
    raise_price(folder)
    would = hand(engine, clock, folder, dry_run=True)
    assert [change.source for change in would.difference.chunks] == ["servicos-e-precos.md#limpeza"]
    assert (would.is_new, would.version_id, would.published) == (True, None, False)
    assert len(rows(engine, "business_version")) == 1


@pytest.mark.parametrize("spoil", ["card", "base", "encoding"])
def test_a_bad_file_changes_nothing(engine: Engine, clock: HeldClock, folder: Path, spoil: str) -> None:
    """With one bad file among good changes the published version stays, and the error has file and line."""
    hand(engine, clock, folder)
    raise_price(folder)
    if spoil == "card":
        (folder / "negocio.toml").write_text("[negocio]\nnome =\n", encoding="utf-8")
    elif spoil == "base":
        (folder / "base/novo.md").write_text("## A\n1\n## A\n2\n", encoding="utf-8")
    else:
        (folder / "base/novo.md").write_bytes("## A\ncaf\xe9".encode("latin-1"))
    with pytest.raises(BusinessInvalid) as refused:
        hand(engine, clock, folder)
    (problem,) = refused.value.problems
    assert problem.line == {"card": 2, "base": 3, "encoding": 2}[spoil]
    assert len(rows(engine, "business_version")) == len(rows(engine, "business_publication")) == 1


def test_a_draft_waits_until_it_is_published(engine: Engine, clock: HeldClock, folder: Path) -> None:
    """A draft can be read, searched and compared; answers come from it only once it is published."""
    hand(engine, clock, folder)
    raise_price(folder)
    draft = hand(engine, clock, folder, draft=True)
    assert (draft.version_id, draft.published) == (2, False)
    with transaction(engine) as session:
        assert published_id(session) == 1
        assert "R$ 190" in next(c.text for c in load_business(session, 2).chunks if c.source.endswith("#limpeza"))
        assert [change.kind for change in compare_versions(session, 1, 2).chunks] == ["changed"]
        assert [(e.version.id, e.chunks, e.is_published) for e in list_editions(session)] == [
            (2, 84, False),
            (1, 84, True),
        ]
    publish_draft(engine, 2, by=OWNER, now=clock.now())
    with transaction(engine) as session:
        assert published_id(session) == 2
        assert [(row.number, row.version_id) for row in publications(session)] == [(2, 2), (1, 1)]


def test_an_overtaken_draft_is_not_published(engine: Engine, clock: HeldClock, folder: Path) -> None:
    """A draft made before another publication would undo it unseen; it is refused with a sentence."""
    hand(engine, clock, folder)
    raise_price(folder)
    hand(engine, clock, folder, draft=True)
    raise_price(folder, "R$ 190", "R$ 200")
    hand(engine, clock, folder)
    with pytest.raises(PublishedMeanwhile, match="nada foi alterado"):
        publish_draft(engine, 2, by=OWNER, now=clock.now())


def test_of_two_who_publish_at_once_one_loses(engine: Engine, clock: HeldClock, folder: Path) -> None:
    """Publishers who saw the same state publish one version; the others are told and leave nothing behind."""
    hand(engine, clock, folder)
    together = threading.Barrier(PUBLISHERS)

    def edit(number: int) -> str:
        def add(snapshot: Snapshot) -> Snapshot:
            together.wait()
            return add_chunk(snapshot, "avisos.md", f"Aviso {number}", "Texto.")

        try:
            with transaction(engine) as session:
                edit_published(
                    session, add, origin="edit", by=Actor(f"p{number}", "panel", ""), now=clock.now(), note=""
                )
        except PublishedMeanwhile:
            return "lost"
        return "won"

    with ThreadPoolExecutor(PUBLISHERS) as pool:
        ends = sorted(pool.map(edit, range(PUBLISHERS)))
    assert ends == ["lost"] * (PUBLISHERS - 1) + ["won"]
    assert len(rows(engine, "business_version")) == len(rows(engine, "business_publication")) == 2


def test_a_draft_is_written_tried_and_published(engine: Engine, clock: HeldClock, folder: Path) -> None:
    """What a page does: begin with what is published, keep a draft, try it beside the live one, publish what one saw."""
    hand(engine, clock, folder)
    with transaction(engine) as session:
        begun = published_version(session)
        assert standing_draft(session) is None
    changed = change_values(snapshot_of(begun), {"secretaria.emojis": "nunca"})
    saved = save_draft(engine, changed, over=begun.id or 0, by=OWNER, now=clock.now(), note="sem emoji")
    with transaction(engine) as session:
        draft = standing_draft(session)
        assert draft is not None
        assert (draft.id, base_of(session, draft), base_of(session, begun)) == (saved.version_id, 1, 1)
        live, tried = (try_version(session, number, ["oi"], clock.now()) for number in (1, 2))
        assert (EMOJIS["nunca"] in live.levels, EMOJIS["nunca"] in tried.levels) == (False, True)
        assert live.prompt
        assert tried.prompt
        assert "Agenda" in live.prompt.messages[0]["content"]
        assert compare_prompts(live.prompt, tried.prompt)
    with pytest.raises(PublishedMeanwhile):
        publish_draft(engine, 2, by=OWNER, now=clock.now(), over=7)
    publish_draft(engine, 2, by=OWNER, now=clock.now(), over=1)
    with transaction(engine) as session:
        assert (published_version(session).id, standing_draft(session)) == (2, None)


def test_every_change_is_in_the_audit_or_was_not_made(engine: Engine, clock: HeldClock, folder: Path) -> None:
    """Who did it, from which version to which, and what changed by name; a refused change leaves no entry."""
    hand(engine, clock, folder)
    raise_price(folder)
    hand(engine, clock, folder, dry_run=True)
    hand(engine, clock, folder, draft=True)
    publish_draft(engine, 2, by=OWNER, now=clock.now())
    restore(engine, 1, by=OWNER, now=clock.now())
    with pytest.raises(VersionNotFound):
        restore(engine, 9, by=OWNER, now=clock.now())
    noted = rows(engine, "audit_entry")
    assert [(entry["action"], entry["target"]) for entry in noted] == [
        ("knowledge.imported", "versão 1"),
        ("knowledge.drafted", "versão 2"),
        ("knowledge.published", "versão 2"),
        ("knowledge.restored", "versão 3"),
    ]
    assert {entry["actor"] for entry in noted} == {"dona"}
    assert (noted[1]["before"], noted[1]["after"]["units"]) == ({"version": 1}, ["~ servicos-e-precos.md#limpeza"])


def test_what_a_newer_program_published_is_still_answered_from(engine: Engine, clock: HeldClock, folder: Path) -> None:
    """After a step back the stored version is read without the keys it does not know, and that is told once."""
    hand(engine, clock, folder)
    with transaction(engine) as session:
        session.execute(text("UPDATE business_version SET card = card || :newer"), {"newer": "\n[nova]\nx = 1\n"})
    with captured_lines() as lines, transaction(engine) as session:
        assert {load_business(session, 1).card.persona.name for _ in range(2)} == {"Sol"}
    assert [line["extra"]["keys"] for line in lines if line["message"] == "business_keys_unknown"] == [["nova"]]


def test_an_old_version_comes_back_as_a_new_one(engine: Engine, clock: HeldClock, folder: Path) -> None:
    """A restored version says what the old one said, has a number of its own, and keeps what came between."""
    hand(engine, clock, folder)
    raise_price(folder)
    hand(engine, clock, folder)
    back = restore(engine, 1, by=OWNER, now=clock.now())
    assert (back.version_id, back.published, back.difference.count("changed")) == (3, True, 1)
    with transaction(engine) as session:
        old, new = load_business(session, 1), load_business(session, 3)
        assert replace(new, version_id=1) == old
        assert find_version(session, old.version).id == 3
    assert restore(engine, old.version, by=OWNER, now=clock.now()).is_new is False
    assert [(row["origin"], row["parent_id"]) for row in rows(engine, "business_version")] == [
        ("import", None),
        ("import", 1),
        ("restore", 2),
    ]


@pytest.mark.parametrize("named", ["9", 0, "abc", "", "²", "abcdefabcdef", "123456789012345678901234567890"])
def test_an_unknown_version_is_told(engine: Engine, named: int | str) -> None:
    """A number or fingerprint that is none is told as such."""
    with transaction(engine) as session, pytest.raises(VersionNotFound):
        find_version(session, named)


def test_nothing_to_edit_is_told(engine: Engine, clock: HeldClock) -> None:
    """Without a published version there is nothing to change."""
    with transaction(engine) as session, pytest.raises(NothingPublished):
        edit_published(session, lambda kept: kept, origin="edit", by=OWNER, now=clock.now(), note="")


def test_the_state_believed_in_must_be_the_state(engine: Engine, clock: HeldClock, sample_version: int) -> None:
    """Publishing over a version that is not the published one is refused, also where nothing is published."""
    with transaction(engine) as session:
        with pytest.raises(PublishedMeanwhile):
            publish(session, sample_version, over=99, by="dona", now=clock.now())
        publish(session, sample_version, over=None, by="dona", now=clock.now())
        with pytest.raises(PublishedMeanwhile):
            publish(session, sample_version, over=None, by="dona", now=clock.now())
