"""What stands where, since when and why: counted, listed with what needs a person first, and waited for."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import pytest
from sqlalchemy import Engine, event, text

from secretaria.errors import UsageInvalid
from secretaria.inbox.receive import receive_webhook
from secretaria.queue.pauses import pause_queue
from secretaria.replies.backlog import QueueStats, Standing, list_standing, read_stats, wait_until_idle
from secretaria.replies.references import Reference, chosen_queues, parse_reference
from tests.answering import FIRST, SECOND, Scene
from tests.builders import NUMBER, a_door, a_text, rows, with_token

WHOLE = re.compile(
    r"Seq Scan on (?:inbox_event|outbox_item|turn)\b|using (?:inbox_event|outbox_item|turn)_(?:pkey|once|of_conversation)\b"
)
EVENT = "01991f3e-7a10-7c4e-9a55-3f2f5f0d6a01"


def listed(scene: Scene, *, queue: str | None = None, state: str | None = None, limit: int = 50) -> list[Standing]:
    """List what stands."""
    return list_standing(scene.engine, queue=queue, state=state, limit=limit)


def receive(scene: Scene, message_id: str) -> None:
    """Let an event in and leave it unfiled."""
    receive_webhook(a_door(scene.engine, scene.nudges, scene.clock), with_token(a_text(message_id=message_id)))


class Cursor(Protocol):
    """What psycopg2's cursor tells of the last query."""

    query: bytes


@contextmanager
def recorded(engine: Engine, asked: list[str]) -> Iterator[None]:
    """Collect the queries sent meanwhile, as PostgreSQL gets them."""

    def collect(_connection: object, cursor: Cursor, *_: object) -> None:
        asked.append(cursor.query.decode())

    event.listen(engine, "after_cursor_execute", collect)
    try:
        yield
    finally:
        event.remove(engine, "after_cursor_execute", collect)


def test_stats_of_an_empty_installation(scene: Scene) -> None:
    """Every open and attention state is there with its zero, in the order of a message's walk."""
    assert [(stats.queue, dict(stats.states), stats.oldest_seconds, stats.paused_at) for stats in stats_of(scene)] == [
        ("inbox", {"received": 0, "parked": 0}, None, None),
        ("turns", {"waiting": 0, "answering": 0}, None, None),
        ("outbox", {"pending": 0, "sending": 0, "unconfirmed": 0, "held": 0, "dead": 0}, None, None),
    ]


def test_stats_count_what_is_open_and_what_needs_a_person(answered: Scene) -> None:
    """Counts by state, the age of the oldest open row and who paused what; what ended well is not counted."""
    answered.change("outbox_item", FIRST, state="held")
    answered.clock.advance(30)
    receive(answered, "M1")
    answered.clock.advance(12)
    pause_queue(answered.engine, "turns", by="renata@balcao", now=answered.clock.now())
    inbox, turns, outbox = stats_of(answered)
    assert (inbox.states["received"], inbox.oldest_seconds) == (1, 12.0)
    assert (sum(turns.states.values()), turns.oldest_seconds) == (0, None)
    assert (turns.paused_by, turns.paused_at) == ("renata@balcao", answered.clock.now())
    assert (outbox.states["pending"], outbox.states["held"], outbox.oldest_seconds) == (1, 1, 42.0)


def test_nothing_that_has_come_to_its_end_is_read(engine: Engine, scene: Scene) -> None:
    """Every question about what stands is answered by the indexes of what stands, however much has ended well."""
    asked: list[str] = []
    with recorded(engine, asked):
        read_stats(engine, scene.clock.now())
        listed(scene)
    with engine.connect() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))  # a handful of rows is not worth an index otherwise
        plans = ["\n".join(connection.execute(text(f"EXPLAIN {one}")).scalars()) for one in asked]
    read = [table for plan in plans for table in WHOLE.findall(plan)]
    assert len(plans) > 10
    assert read == []


def test_list_says_what_needs_a_person_first(answered: Scene) -> None:
    """Held and parked rows stand above open ones, each group by how long it has stood; every row says why."""
    answered.change("outbox_item", FIRST, state="held", reason="lease_expired")
    receive(answered, "M1")
    receive(answered, "M2")
    parked = rows(answered.engine, "inbox_event")[-1]["id"]
    change_event(answered, parked, state="parked", reason="KeyError", failures=5)
    answered.clock.advance(1)
    answered.customer_writes("e aí?")
    found = listed(answered)
    assert [(row.reference.queue, row.state, row.attention) for row in found] == [
        ("inbox", "parked", True),
        ("outbox", "held", True),
        ("outbox", "pending", False),
        ("turns", "waiting", False),
    ]
    assert [(row.reason, row.tries, row.number) for row in found[:2]] == [
        ("KeyError", 5, None),
        ("lease_expired", 0, NUMBER),
    ]
    assert found[3].next_at is not None
    assert found[3].next_at > found[3].since
    assert str(found[2].reference) == f"o:{SECOND}"


def test_list_by_queue_state_and_number(answered: Scene) -> None:
    """Filters leave only what is asked for; a limit keeps what comes first."""
    answered.change("outbox_item", FIRST, state="held")
    receive(answered, "M1")
    assert [row.state for row in listed(answered, queue="outbox")] == ["held", "pending"]
    assert [row.state for row in listed(answered, state="received")] == ["received"]
    assert [row.state for row in listed(answered, limit=1)] == ["held"]
    assert listed(answered, queue="turns") == []


def test_since_when_an_item_stands(answered: Scene) -> None:
    """The time is that of its last change of state, which the database wrote itself."""
    (pending, *_) = listed(answered, queue="outbox")
    assert pending.since == answered.item()["created_at"]
    answered.change("outbox_item", FIRST, state="held")
    (moved,) = rows(answered.engine, "outbox_log")
    assert listed(answered, state="held")[0].since == moved["at"]


@pytest.mark.parametrize("wrong", [{"queue": "outbux"}, {"state": "hold"}, {"queue": "turns", "state": "held"}])
def test_unknown_queue_or_state_is_refused(scene: Scene, wrong: dict[str, str]) -> None:
    """What does not exist is said, with what there is."""
    with pytest.raises(UsageInvalid) as refused:
        listed(scene, **wrong)  # type: ignore[arg-type]  # a test passes what the command passes
    assert refused.value.hint.startswith("há ")


def test_idle_is_said_at_once(scene: Scene) -> None:
    """With nothing open nothing is waited for."""
    assert wait_until_idle(scene.engine, chosen_queues([]), timeout_seconds=60) == {}


def test_drain_says_what_is_left(answered: Scene) -> None:
    """When the time is over the open rows are counted; what needs a person, and other queues, do not count."""
    answered.change("outbox_item", FIRST, state="held")
    receive(answered, "M1")
    assert wait_until_idle(answered.engine, ("outbox",), timeout_seconds=0) == {"outbox": {"pending": 1}}
    assert wait_until_idle(answered.engine, chosen_queues([]), timeout_seconds=0) == {
        "inbox": {"received": 1},
        "outbox": {"pending": 1},
    }
    answered.change("outbox_item", SECOND, state="held")
    assert wait_until_idle(answered.engine, ("turns", "outbox"), timeout_seconds=0) == {}


def test_drain_waits_for_what_is_in_flight(answered: Scene) -> None:
    """It ends as soon as the last send has come to its end."""
    until = answered.clock.now() + timedelta(seconds=45)
    answered.change("outbox_item", SECOND, state="superseded")
    answered.change("outbox_item", FIRST, state="sending", lease_until=until)
    end = threading.Timer(0.7, answered.change, ("outbox_item", FIRST), {"state": "sent"})
    end.start()
    assert wait_until_idle(answered.engine, ("outbox",), timeout_seconds=20) == {}
    end.join()


def test_references_are_readable_and_typed() -> None:
    """The letter says what it is; a UUID alone is an event; what is written is what is read."""
    assert parse_reference(EVENT) == parse_reference(f"e:{EVENT}") == Reference("inbox", UUID(EVENT))
    assert parse_reference("t:12") == Reference("turns", 12)
    assert parse_reference("o:34") == Reference("outbox", 34)
    for written in (f"e:{EVENT}", "t:12", "o:34"):
        assert str(parse_reference(written)) == written


@pytest.mark.parametrize(
    "written", ["", "12", "x:1", "t:", "t:0", "t:-1", "o:1.5", "o:٣", "e:12", f"t:{EVENT}", f":{EVENT}"]
)
def test_what_names_nothing_is_refused(written: str) -> None:
    """Anything else is a usage error that shows the forms."""
    with pytest.raises(UsageInvalid) as refused:
        parse_reference(written)
    assert "e:<uuid>" in refused.value.hint


def stats_of(scene: Scene) -> list[QueueStats]:
    """Count what stands."""
    return read_stats(scene.engine, scene.clock.now())


def change_event(scene: Scene, identifier: UUID, **values: object) -> None:
    """Write values over an event."""
    scene.change("inbox_event", identifier, **values)  # type: ignore[arg-type]  # its key is a UUID
