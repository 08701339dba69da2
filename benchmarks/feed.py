"""What the feed costs whoever writes, with its triggers and without in the same run, and how soon a commit is seen."""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, text
from sqlmodel import Session

from benchmarks.figures import Figure, Section, run
from secretaria.conversations.feed import newest_cursor, read_feed
from secretaria.conversations.models import Author, Direction
from secretaria.conversations.store import add_message, lock_conversation, upsert_contact
from secretaria.conversations.waking import Bell, Waker, ring_after_commits
from secretaria.database.engine import build_engine
from secretaria.database.migrate import upgrade
from secretaria.database.transaction import transaction
from secretaria.local.engines import EmbeddedEngines
from secretaria.queue.broker import build_redis

ROUNDS, EACH, SEEN = 12, 50, 200
NUMBER = "5520900000101"
ROWS = 2000
MANY_MESSAGES = """
    EXPLAIN (ANALYZE, FORMAT JSON)
    INSERT INTO message (conversation_id, seq, direction, author, kind, text, delivery, sent_at, received_at)
    SELECT 1, 1000000 + n, 'inbound', 'contact', 'text', 'oi', '', now(), now() FROM generate_series(1, :rows) AS n
"""
MESSAGE_TRIGGERS = ("message_told", "message_heard_told", "conversation_told")


def measure(*, short: bool) -> Section:  # noqa: ARG001  # nothing of it is guarded
    """Measure what the triggers cost, and how soon a commit is seen."""
    with tempfile.TemporaryDirectory(prefix="secretaria-feed-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        with EmbeddedEngines(Path(folder)) as running:
            engine = build_engine(running.urls.database_url)
            upgrade(engine)
            cost, trigger = _measure_cost(engine), _measure_trigger(engine)
            client = build_redis(running.urls.redis_url, timeout_seconds=1.5)
            ring_after_commits(engine, Bell(lambda: client))
            sight = _measure_sight(engine, Waker(client))
            engine.dispose()
    return Section("The feed", [cost, sight], [trigger])


def _measure_cost(engine: Engine) -> Figure:
    """Commit messages with and without the triggers, in turns, so that both see the same machine."""
    ratios = []
    for _ in range(ROUNDS):
        quartile = {}
        for told in (True, False):
            _switch(engine, told=told)
            quartile[told] = statistics.quantiles([_time_to_say(engine) for _ in range(EACH)], n=4)[0]
        ratios.append(quartile[True] / quartile[False])
    _switch(engine, told=True)
    return Figure.of("a message committed with the feed's triggers, against the same without, lower quartile", ratios)


def _measure_trigger(engine: Engine) -> str:
    """Let PostgreSQL say how long the trigger itself takes for each of many rows."""
    with engine.connect() as connection:
        (plan,) = connection.execute(text(MANY_MESSAGES), {"rows": ROWS}).scalar_one()
        connection.rollback()
    told = next(one for one in plan["Triggers"] if one["Trigger Name"] == "message_told")
    each, whole = told["Time"] * 1000 / ROWS, plan["Execution Time"] * 1000 / ROWS
    return (
        f"The trigger of a message takes {each:.0f} of the {whole:.0f} microseconds that its row takes in PostgreSQL."
    )


def _measure_sight(engine: Engine, waker: Waker) -> Figure:
    """Commit now and then while another thread follows; both look at the same clock."""
    listener = waker.listen()
    committed: list[float] = []
    seen: list[float] = []
    with Session(engine) as session:
        cursor = newest_cursor(session)

    def write() -> None:
        for _ in range(SEEN):
            _say(engine)
            committed.append(time.perf_counter())
            time.sleep(0.02)

    writer = threading.Thread(target=write)
    writer.start()
    while len(seen) < SEEN:
        with Session(engine) as session:
            page = read_feed(session, cursor)
        cursor = page.cursor
        seen += [time.perf_counter()] * len([one for one in page.entries if one.kind == "message"])
        if not page.entries:
            listener.wait()
    writer.join()
    late = [(saw - said) * 1000 for said, saw in zip(committed, seen, strict=False)]
    return Figure.of("from a commit to the moment a follower sees it", late, unit="ms")


def _switch(engine: Engine, *, told: bool) -> None:
    with engine.begin() as connection:
        for trigger in MESSAGE_TRIGGERS:
            table = "conversation" if trigger.startswith("conversation") else "message"
            connection.execute(text(f"ALTER TABLE {table} {'ENABLE' if told else 'DISABLE'} TRIGGER {trigger}"))


def _time_to_say(engine: Engine) -> float:
    begun = time.perf_counter()
    _say(engine)
    return (time.perf_counter() - begun) * 1000


def _say(engine: Engine) -> None:
    now = datetime.now(UTC)
    with transaction(engine) as session:
        contact = upsert_contact(session, identity_key=NUMBER, number=NUMBER, name=None, now=now)
        conversation = lock_conversation(session, contact_id=contact, channel="principal", now=now)
        add_message(
            session,
            conversation,
            direction=Direction.INBOUND,
            author=Author.CONTACT,
            kind="text",
            text="oi",
            sent_at=now,
            now=now,
        )


if __name__ == "__main__":
    run(measure)
