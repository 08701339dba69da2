"""One draft is worked on at a time, by whoever, and nobody's words are lost unseen."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from secretaria.clock import HeldClock
from secretaria.database.transaction import transaction
from secretaria.knowledge.card_editing import change_values
from secretaria.knowledge.changing import publish_draft, restore
from secretaria.knowledge.drafting import (
    DraftOvertaken,
    Workbench,
    WrittenMeanwhile,
    carry_draft_over,
    drop_draft,
    keep_draft_up,
    read_workbench,
    write_draft,
)
from secretaria.knowledge.library import publish_folder
from secretaria.knowledge.snapshot import Snapshot
from secretaria.knowledge.store import VersionNotFound
from secretaria.simulation import SAMPLE_BUSINESS
from tests.builders import OWNER, rows

Edit = Callable[[Snapshot], Snapshot]


def _says(key: str, value: str) -> Edit:
    return lambda snapshot: change_values(snapshot, {f"secretaria.{key}": value})


@pytest.fixture
def published(engine: Engine, clock: HeldClock) -> int:
    """Publish the sample."""
    return publish_folder(engine, SAMPLE_BUSINESS, clock.now())


def _bench(engine: Engine) -> Workbench:
    with transaction(engine) as session:
        return read_workbench(session)


def _write(engine: Engine, clock: HeldClock, edit: Edit, seen: int) -> int | None:
    return write_draft(engine, edit, seen=seen, by=OWNER, now=clock.now()).version_id


def test_one_draft_follows_the_other(engine: Engine, clock: HeldClock, published: int) -> None:
    """Each goes on from what was there; said as it is published again, there is none any more, and that is noted."""
    first = _write(engine, clock, _says("nome", "Luna"), published)
    second = _write(engine, clock, _says("tom", "seco"), first or 0)
    bench = _bench(engine)
    assert bench.draft is not None
    assert (bench.draft.id, [change.key for change in bench.difference.card]) == (
        second,
        ["secretaria.nome", "secretaria.tom"],
    )
    assert _write(engine, clock, _says("tom", "seco"), second or 0) is None
    back = lambda snapshot: _says("tom", "acolhedor e objetivo")(_says("nome", "Sol")(snapshot))  # noqa: E731
    assert _write(engine, clock, back, second or 0) is None
    assert _bench(engine).draft is None
    assert rows(engine, "audit_entry")[-1]["action"] == "knowledge.dropped"
    with pytest.raises(VersionNotFound):
        drop_draft(engine, second or 0, by=OWNER, now=clock.now())


def test_of_two_who_write_at_once_one_is_told(engine: Engine, clock: HeldClock, published: int) -> None:
    """Over the same state only one is kept; the other learns whose it is."""

    def attempt(name: str) -> object:
        try:
            return _write(engine, clock, _says("nome", name), published)
        except WrittenMeanwhile as error:
            return error

    with ThreadPoolExecutor(2) as threads:
        came = list(threads.map(attempt, ("Luna", "Estela")))
    (lost,) = [one for one in came if isinstance(one, WrittenMeanwhile)]
    assert lost.now.id in came
    assert len(rows(engine, "business_version")) == 2


def test_an_overtaken_draft_is_carried_over_or_dropped_first(engine: Engine, clock: HeldClock, published: int) -> None:
    """Nothing is written beside it; where both changed the same it waits for a person."""
    draft = _write(engine, clock, _says("nome", "Luna"), published)
    publish_draft(engine, draft or 0, by=OWNER, now=clock.now())
    waiting = _write(engine, clock, _says("tom", "seco"), draft or 0)
    restore(engine, published, by=OWNER, now=clock.now())
    bench = _bench(engine)
    assert (bench.overtaken, bench.at_hand.id) == (True, bench.published.id)
    with pytest.raises(DraftOvertaken):
        _write(engine, clock, _says("nome", "Estela"), bench.at_hand.id or 0)
    carry_draft_over(engine, waiting or 0, by=OWNER, now=clock.now())
    bench = _bench(engine)
    assert (bench.overtaken, [change.key for change in bench.difference.card]) == (False, ["secretaria.tom"])
    assert keep_draft_up(engine, by=OWNER, now=clock.now())
    clashing = _write(engine, clock, _says("nome", "Estela"), bench.at_hand.id or 0)
    restore(engine, draft or 0, by=OWNER, now=clock.now())
    assert not keep_draft_up(engine, by=OWNER, now=clock.now())
    drop_draft(engine, clashing or 0, by=OWNER, now=clock.now())
    assert _bench(engine).draft is None
