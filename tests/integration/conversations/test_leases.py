"""A lease is short so that a dead worker costs little, and renewed so that a slow draft costs nothing."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlmodel import Session

from secretaria.clock import HeldClock
from secretaria.conversations.leases import LEASE_SECONDS, LeaseKeeper, take_lease
from secretaria.conversations.store import lock_conversation, upsert_contact
from tests.builders import NUMBER, rows


def lease(engine: Engine, clock: HeldClock) -> int | None:
    """Take the lease on the only conversation, which is made when it is missing."""
    with Session(engine) as session:
        contact = upsert_contact(session, identity_key=NUMBER, number=NUMBER, name=None, now=clock.now())
        conversation = lock_conversation(session, contact_id=contact, channel="principal", now=clock.now())
        token = take_lease(session, conversation.id or 0, now=clock.now(), seconds=LEASE_SECONDS)
        session.commit()
        return token


def test_held_lease_outlives_its_length(engine: Engine, clock: HeldClock) -> None:
    """While a draft is being written nobody else gets the conversation, however long it takes."""
    keeper, token = LeaseKeeper(engine, clock), lease(engine, clock)
    assert token == 1
    with keeper.hold(1, token):
        for _ in range(5):
            clock.advance(LEASE_SECONDS - 1)
            keeper.renew()
            assert lease(engine, clock) is None
    keeper.stop()


def test_lease_of_a_dead_worker_runs_out(engine: Engine, clock: HeldClock) -> None:
    """Without renewal the next worker takes over after the length of one lease, with a higher token."""
    assert lease(engine, clock) == 1
    clock.advance(LEASE_SECONDS - 0.1)
    assert lease(engine, clock) is None
    clock.advance(0.2)
    assert lease(engine, clock) == 2


def test_overtaken_worker_neither_renews_nor_releases(engine: Engine, clock: HeldClock) -> None:
    """A worker that slept past its lease cannot lengthen it, and its end does not end its successor's."""
    keeper = LeaseKeeper(engine, clock)
    first = lease(engine, clock)
    assert first is not None
    with keeper.hold(1, first):
        clock.advance(LEASE_SECONDS + 1)
        second = lease(engine, clock)
        assert second is not None
        until = rows(engine, "conversation")[0]["lease_until"]
        keeper.renew()
        assert rows(engine, "conversation")[0]["lease_until"] == until
        with keeper.hold(1, second):
            pass
    keeper.stop()
