"""Every process answers from the one published version, from the next turn on, and the first is published once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from secretaria.clock import HeldClock
from secretaria.database.engine import build_engine
from secretaria.database.transaction import transaction
from secretaria.knowledge.business import BusinessInvalid
from secretaria.knowledge.library import PublishedLibrary, publish_folder
from secretaria.knowledge.snapshot import Snapshot
from secretaria.knowledge.store import publish, write_version
from secretaria.simulation import SAMPLE_BUSINESS
from tests.builders import rows
from tests.plans import statements_of

STARTERS = 4


@pytest.fixture
def library(engine: Engine, clock: HeldClock) -> PublishedLibrary:
    """Open the library of one process over the sample's folder."""
    return PublishedLibrary(engine, SAMPLE_BUSINESS, clock)


def test_the_configured_folder_is_published_once(engine: Engine, clock: HeldClock) -> None:
    """Several workers that start together over an empty database leave one version and one publication."""
    together = threading.Barrier(STARTERS)

    def start(_: int) -> int:
        together.wait()
        return publish_folder(engine, SAMPLE_BUSINESS, clock.now())

    with ThreadPoolExecutor(STARTERS) as pool:
        assert len(set(pool.map(start, range(STARTERS)))) == 1
    (version,) = rows(engine, "business_version")
    assert (version["origin"], version["note"]) == ("folder", str(SAMPLE_BUSINESS))
    assert [row["number"] for row in rows(engine, "business_publication")] == [1]
    assert len(rows(engine, "knowledge_chunk")) == 84


def test_a_publication_is_obeyed_at_once(
    engine: Engine, clock: HeldClock, library: PublishedLibrary, sample: Snapshot
) -> None:
    """What another process publishes is what the next look finds; until then the version is not read again."""
    first = library.ensure()
    with transaction(engine) as session:
        card = sample.card.replace('nome = "Sol"', 'nome = "Lua"')
        base = {"avisos.md": "## Reforma\nEstamos em obras."}
        written = write_version(
            session, Snapshot(card, base), origin="edit", author="dona", parent_id=first.version_id, now=clock.now()
        )
        assert library.ensure() is first
        publish(session, written.version_id or 0, over=first.version_id, by="dona", now=clock.now())
        assert library.ensure() is first
    second = library.ensure()
    assert (second.card.persona.name, [chunk.title for chunk in second.chunks]) == ("Lua", ["Reforma"])
    assert second.version_id == written.version_id


def test_a_turn_costs_one_query(engine: Engine, library: PublishedLibrary) -> None:
    """Once read, a version costs each turn one look at the newest publication."""
    library.ensure()
    with statements_of(engine) as asked, Session(engine) as session:
        library.current(session)
    assert len(asked) == 1


def test_a_broken_folder_is_not_published(engine: Engine, clock: HeldClock, tmp_path: Path) -> None:
    """With nothing published and nothing to publish the error names the folder, and nothing is written."""
    with pytest.raises(BusinessInvalid, match=str(tmp_path)):
        PublishedLibrary(engine, tmp_path, clock).ensure()
    assert rows(engine, "business_version") == []


def test_a_look_publishes_nothing(engine: Engine, library: PublishedLibrary, clock: HeldClock) -> None:
    """Commands that only look see the folder while nothing is published or PostgreSQL is away, then the version."""
    assert library.look().version_id is None
    assert rows(engine, "business_version") == []
    nowhere = build_engine("postgresql://ninguem@/nada?host=/nonexistent")
    assert PublishedLibrary(nowhere, SAMPLE_BUSINESS, clock).look().version_id is None
    library.ensure()
    assert library.look().version_id == 1
