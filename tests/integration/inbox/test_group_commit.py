"""One commit for all that wait: every request learns what became of its own events, whatever becomes of the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
import uuid_utils.compat
from sqlalchemy import Engine, text

from secretaria.clock import HeldClock
from secretaria.database.engine import build_engine
from secretaria.inbox import group_commit, keeping
from secretaria.inbox.group_commit import DoorCrowded, GroupCommit
from secretaria.inbox.keeping import BODY_KEY, Kept, file_spool
from secretaria.inbox.models import Arrival, EventState
from secretaria.inbox.spool import Spool, SpoolFull
from secretaria.queue.jobs import Job
from tests.builders import PublishedNudges, rows

NOWHERE = "postgresql://ninguem@/nada?host=/nonexistent"
Request = Sequence[Arrival]


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """Open a spool in a folder of its own."""
    opened = Spool(tmp_path / "spool", 1024 * 1024)
    yield opened
    opened.leave()


@pytest.fixture
def an_event(clock: HeldClock) -> Callable[..., Arrival]:
    """Build events as the door reads them."""

    def build(key: str, **other: object) -> Arrival:
        event = Arrival(uuid_utils.compat.uuid7(), "principal", key, clock.now(), body=b"{}", **other)  # type: ignore[arg-type]  # a test passes fields
        clock.advance(0.001)
        return event

    return build


def no_spool() -> Spool:
    """Return one that holds nothing, and that no other test has told to rest."""
    return Spool(Path("/nonexistent"), max_bytes=0)


def keep_all(
    commits: GroupCommit, requests: Sequence[Request], meanwhile: Callable[[], None] | None = None
) -> list[Kept]:
    """Let requests wait together, do something meanwhile, and return what each of them was told."""

    async def play() -> list[Kept]:
        commits.start()
        waiting = asyncio.gather(*map(commits.keep, requests), return_exceptions=True)
        if meanwhile is not None:
            await asyncio.sleep(0.2)
            meanwhile()
        told = await waiting
        await commits.stop()
        return told  # type: ignore[return-value]  # exceptions are what a request may be told

    return asyncio.run(play())


def keys(engine: Engine) -> list[str]:
    """Return what is kept, in the order it came."""
    return [row["dedupe_key"] for row in sorted(rows(engine, "inbox_event"), key=lambda row: row["received_at"])]


def test_what_waits_together_is_committed_together(
    engine: Engine, nudges: PublishedNudges, an_event: Callable[..., Arrival]
) -> None:
    """While one commit is on its way 200 requests come: the next one is for all of them, and each is told and nudged."""
    requests = [[an_event(f"M{position}")] for position in range(201)]
    with engine.connect() as busy:
        busy.execute(text("LOCK TABLE inbox_event IN EXCLUSIVE MODE"))
        told = keep_all(GroupCommit(engine, nudges, no_spool()), requests, busy.rollback)
    assert told == requests
    with engine.connect() as connection:
        commits = connection.execute(text("SELECT count(DISTINCT xmin::text) FROM inbox_event")).scalar_one()
    assert commits <= 2
    assert [nudge.identifier for nudge in nudges.published] == [str(request[0].id) for request in requests]


def test_copies_that_wait_together_are_one_event(
    engine: Engine, nudges: PublishedNudges, clock: HeldClock, an_event: Callable[..., Arrival]
) -> None:
    """The first of them is new; the others, by message id, by signature or by the same words, are told they were here."""
    second = int(clock.now().timestamp())
    first = [
        [an_event("M1")],
        [an_event("M2", signature="ab" * 32)],
        [an_event(f"{BODY_KEY}f00:0:{second}")],
        [an_event(f"{BODY_KEY}f00:0:{second + 5}")],
    ]
    copies = [
        [an_event("M1")],
        [an_event("M3", signature="ab" * 32)],
        [an_event(f"{BODY_KEY}f00:0:{second + 4}")],
    ]
    with engine.connect() as busy:
        busy.execute(text("LOCK TABLE inbox_event IN EXCLUSIVE MODE"))
        told = keep_all(GroupCommit(engine, nudges, no_spool()), [*first, *copies], busy.rollback)
    assert told == [*first, [], [], []]


def test_a_request_that_postgresql_refuses_fails_alone(
    engine: Engine, nudges: PublishedNudges, an_event: Callable[..., Arrival]
) -> None:
    """Its neighbours are kept, and it keeps nothing of its other events."""
    poison = [an_event("GUT"), an_event("M\x00")]
    told = keep_all(GroupCommit(engine, nudges, no_spool()), [[an_event("M1")], poison, [an_event("M2")]])
    assert [isinstance(one, ValueError) for one in told] == [False, True, False]
    assert keys(engine) == ["M1", "M2"]


def test_a_postgresql_that_is_away_is_told_to_each(nudges: PublishedNudges, an_event: Callable[..., Arrival]) -> None:
    """Without PostgreSQL and without a spool every request is told so."""
    away = GroupCommit(build_engine(NOWHERE), nudges, no_spool())
    told = keep_all(away, [[an_event(f"M{position}")] for position in range(20)])
    assert {type(one) for one in told} == {SpoolFull}


def test_a_postgresql_that_is_mute_costs_two_seconds_and_nothing_else(
    engine: Engine,
    nudges: PublishedNudges,
    spool: Spool,
    an_event: Callable[..., Arrival],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it had in hand and what comes later goes to the disk, in order; when it speaks again each is one event."""
    monkeypatch.setattr(keeping, "PATIENCE_SECONDS", 0.5)
    commits = GroupCommit(engine, nudges, spool)
    requests = [[an_event(f"M{position:02}")] for position in range(40)]

    async def play() -> None:
        commits.start()
        early = asyncio.gather(*map(commits.keep, requests[:20]))
        assert await early == requests[:20]
        assert spool.in_use()
        late = asyncio.gather(*map(commits.keep, requests[20:]))
        assert await late == requests[20:]
        await commits.stop()

    with engine.connect() as busy:
        busy.execute(text("LOCK TABLE inbox_event IN EXCLUSIVE MODE"))
        asyncio.run(play())
        assert [request[0].dedupe_key for request in spool.take().requests] == [one[0].dedupe_key for one in requests]
        busy.rollback()
    deadline = time.monotonic() + 20
    while spool.in_use() and time.monotonic() < deadline:
        file_spool(engine, nudges, spool)
    assert keys(engine) == [request[0].dedupe_key for request in requests]
    assert {row["state"] for row in rows(engine, "inbox_event")} == {EventState.RECEIVED}


def test_a_connection_that_was_cut_costs_no_event(
    engine: Engine, owner: Engine, nudges: PublishedNudges, spool: Spool, an_event: Callable[..., Arrival]
) -> None:
    """A PostgreSQL that restarts drops the connection that is held: what comes next is kept, there or on the disk."""
    commits = GroupCommit(engine, nudges, spool)

    async def play() -> None:
        commits.start()
        await commits.keep([an_event("M1")])
        with owner.connect() as other:
            cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
            other.execute(text(cut))
        await commits.keep([an_event("M2")])
        await commits.stop()

    asyncio.run(play())
    file_spool(engine, nudges, spool)
    assert keys(engine) == ["M1", "M2"]


def test_a_crowd_is_told_to_come_again(
    engine: Engine, nudges: PublishedNudges, an_event: Callable[..., Arrival], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded: who finds too many waiting is refused, and those who wait are kept."""
    monkeypatch.setattr(group_commit, "MOST_REQUESTS", 3)
    told = keep_all(GroupCommit(engine, nudges, no_spool()), [[an_event(f"M{position}")] for position in range(5)])
    assert [isinstance(one, DoorCrowded) for one in told] == [False, False, False, True, True]
    assert keys(engine) == ["M0", "M1", "M2"]


def test_what_waits_when_the_service_ends_is_kept(
    engine: Engine, nudges: PublishedNudges, an_event: Callable[..., Arrival]
) -> None:
    """Ending means to finish: nobody who was let in is left without an answer."""
    commits = GroupCommit(engine, nudges, no_spool())

    async def play() -> None:
        commits.start()
        waiting = [asyncio.ensure_future(commits.keep([an_event(f"M{position:02}")])) for position in range(50)]
        await asyncio.sleep(0)
        await commits.stop()
        with pytest.raises(DoorCrowded):
            await commits.keep([an_event("ZU SPÄT")])
        assert all(len(kept) == 1 for kept in await asyncio.gather(*waiting))

    asyncio.run(play())
    assert len(keys(engine)) == 50


def test_nudges_that_fail_cost_nobody_a_commit(engine: Engine, an_event: Callable[..., Arrival]) -> None:
    """They come after the answers, and whatever is wrong with them the next events are kept: the sweep finds all of them."""
    tried: list[Sequence[str]] = []

    class Broken(PublishedNudges):
        def publish_all(self, job: Job, identifiers: Sequence[str]) -> None:  # noqa: ARG002  # as the port has it
            tried.append(identifiers)
            raise RuntimeError("a fault of ours")

    commits = GroupCommit(engine, Broken(), no_spool())

    async def play() -> None:
        commits.start()
        for key in ("M1", "M2"):
            assert len(await commits.keep([an_event(key)])) == 1
            await asyncio.sleep(0.2)
        await commits.stop()

    asyncio.run(play())
    assert keys(engine) == ["M1", "M2"]
    assert sum(map(len, tried)) == 2


def test_the_words_of_a_customer_who_repeats_them_later_are_two_events(
    engine: Engine, nudges: PublishedNudges, clock: HeldClock, an_event: Callable[..., Arrival]
) -> None:
    """Five seconds apart they are no copies, also in one commit."""
    second = int((clock.now() + timedelta(seconds=60)).timestamp())
    requests = [[an_event(f"{BODY_KEY}f00:0:{second + apart}")] for apart in (0, 5, 10)]
    assert keep_all(GroupCommit(engine, nudges, no_spool()), requests) == requests
