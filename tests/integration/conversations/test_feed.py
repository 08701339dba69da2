"""What happens is read once, whatever commits when and whoever was away meanwhile."""

from __future__ import annotations

import random
import threading
from contextlib import ExitStack
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from secretaria.clock import HeldClock
from secretaria.conversations.feed import CursorUnknown, cursor_at, newest_cursor, read_feed
from tests.answering import BUBBLES, Scene, a_draft
from tests.builders import rows
from tests.scripted_model import ScriptedModel, says

ENTRY = text("INSERT INTO feed_entry (kind, conversation_id) VALUES ('message', :number)")


def read(
    engine: Engine, after: str | None, limit: int = 500, conversation_id: int | None = None
) -> tuple[list[int], str]:
    """Read one page in a transaction of its own; return whose entries came, and the cursor."""
    with Session(engine) as session:
        page = read_feed(session, after, limit=limit, conversation_id=conversation_id)
    return [entry.conversation_id or 0 for entry in page.entries], page.cursor


def test_what_commits_late_is_neither_missed_nor_waited_for(engine: Engine) -> None:
    """A later transaction is read at once; the earlier one when it commits, once, and nothing twice."""
    with engine.connect() as early, engine.connect() as late:
        early.execute(ENTRY, {"number": 1})
        late.execute(ENTRY, {"number": 2})
        late.commit()
        seen, cursor = read(engine, None)
        assert seen == [2]
        assert read(engine, cursor)[0] == []
        early.execute(ENTRY, {"number": 3})
        early.commit()
        seen, cursor = read(engine, cursor)
        assert seen == [1, 3]
        assert read(engine, cursor)[0] == []


def test_what_is_rolled_back_never_happened(engine: Engine) -> None:
    """An open transaction that ends in nothing leaves nothing, and the cursor forgets it."""
    with engine.connect() as early:
        early.execute(ENTRY, {"number": 1})
        with engine.begin() as late:
            late.execute(ENTRY, {"number": 2})
        _, cursor = read(engine, None)
        assert cursor.count("-") == 2
        early.rollback()
    seen, cursor = read(engine, cursor)
    assert (seen, cursor.count("-")) == ([], 1)


def test_every_entry_is_a_place_to_go_on_from(engine: Engine) -> None:
    """Whoever breaks off in the middle of a page goes on after the last entry that was read."""
    for number in range(1, 6):
        with engine.begin() as connection:
            connection.execute(ENTRY, {"number": number})
    with Session(engine) as session:
        page = read_feed(session, None)
    assert [read(engine, entry.cursor)[0] for entry in page.entries] == [[2, 3, 4, 5], [3, 4, 5], [4, 5], [5], []]


def test_pages_of_one_transaction_can_be_cut_anywhere(engine: Engine) -> None:
    """A transaction that wrote more than fits a page is read to its end, entry by entry."""
    with engine.begin() as connection:
        for number in range(1, 8):
            connection.execute(ENTRY, {"number": number})
    seen: list[int] = []
    cursor: str | None = None
    for _ in range(7):
        page, cursor = read(engine, cursor, limit=1)
        seen += page
    assert seen == [1, 2, 3, 4, 5, 6, 7]


def test_newest_begins_with_what_comes(engine: Engine) -> None:
    """From the newest cursor on the past is not read, and what was open at that moment is."""
    with engine.begin() as connection:
        connection.execute(ENTRY, {"number": 1})
    with engine.connect() as open_still:
        open_still.execute(ENTRY, {"number": 2})
        with engine.begin() as connection:
            connection.execute(ENTRY, {"number": 3})
        with Session(engine) as session:
            cursor = newest_cursor(session)
        open_still.commit()
    assert read(engine, cursor)[0] == [2]


@pytest.mark.parametrize("seed", range(6))
def test_any_interleaving_is_read_once(engine: Engine, seed: int) -> None:
    """Writers that begin, write, commit and give up in any order, a reader that looks at any moment with any page."""
    dice = random.Random(seed)  # noqa: S311  # not cryptographic
    cursor: str | None = None
    seen: list[int] = []
    kept: list[int] = []
    number = 0
    with ExitStack() as stack:
        connections = [stack.enter_context(engine.connect()) for _ in range(4)]
        wrote: list[list[int]] = [[] for _ in connections]
        for _ in range(250):
            place = dice.randrange(len(connections))
            match dice.choice("wwwcrll"):
                case "w":
                    number += 1
                    connections[place].execute(ENTRY, {"number": number})
                    wrote[place].append(number)
                case "c":
                    connections[place].commit()
                    kept += wrote[place]
                    wrote[place] = []
                case "r":
                    connections[place].rollback()
                    wrote[place] = []
                case _:
                    page, cursor = read(engine, cursor, limit=dice.choice([1, 2, 3, 500]))
                    seen += page
        for place, connection in enumerate(connections):
            connection.commit()
            kept += wrote[place]
    for _ in range(len(kept) + 1):
        page, cursor = read(engine, cursor, limit=7)
        seen += page
    assert sorted(seen) == sorted(kept)
    assert len(set(seen)) == len(seen)


def test_writers_at_once_are_read_once(engine: Engine) -> None:
    """Four writers in threads and a reader that never stops: all of it, nothing twice."""

    def write(first: int) -> None:
        for number in range(first, first + 60):
            with engine.begin() as connection:
                connection.execute(ENTRY, {"number": number})

    writers = [threading.Thread(target=write, args=(1000 * place,)) for place in range(1, 5)]
    for writer in writers:
        writer.start()
    seen: list[int] = []
    cursor: str | None = None
    while any(writer.is_alive() for writer in writers):
        page, cursor = read(engine, cursor, limit=10)
        seen += page
    for _ in range(50):
        page, cursor = read(engine, cursor, limit=10)
        seen += page
    assert sorted(seen) == sorted(1000 * place + number for place in range(1, 5) for number in range(60))


@pytest.mark.parametrize("written", ["", "x", "1", "1-", "1-2-", "-1-2", "9" * 19 + "-1", "1-2; DROP TABLE x", "１-2"])
def test_a_cursor_nobody_gave_is_refused(engine: Engine, written: str) -> None:
    """What was not read here, or belongs to a database that is no more, is told instead of silently skipped."""
    with pytest.raises(CursorUnknown):
        read(engine, written)


def test_one_exchange_is_told_in_order(asked: Scene, model: ScriptedModel) -> None:
    """A message, the reply with its analysis, its bubbles and what became of them; nothing of what was said."""
    model.endings.append(says(a_draft(bubbles=BUBBLES)))
    asked.answer()
    with asked.engine.begin() as connection:
        connection.execute(text("UPDATE outbox_item SET state = 'sending' WHERE id = 1"))
        connection.execute(text("UPDATE outbox_item SET state = 'sent' WHERE id = 1"))
    with Session(asked.engine) as session:
        told = read_feed(session, None).entries
    assert [(entry.kind, entry.state, entry.message_id, entry.turn_id) for entry in told] == [
        ("message", "contact", 1, 1),
        ("reply", "model", None, 1),
        ("message", "secretary", 2, 1),
        ("message", "secretary", 3, 1),
        ("delivery", "sent", 2, 1),
    ]
    words = [value for row in rows(asked.engine, "feed_entry") for value in row.values() if isinstance(value, str)]
    assert not any(said in word for word in words for said in ("limpeza", "180", "5520"))


def test_only_one_conversation(engine: Engine) -> None:
    """A reader of one conversation sees nothing of the others, and what concerns all of them."""
    with engine.begin() as connection:
        for number in (1, 2, 1):
            connection.execute(ENTRY, {"number": number})
        connection.execute(text("INSERT INTO secretary_pause VALUES ('all', 'marta', now())"))
    assert read(engine, None, conversation_id=1)[0] == [1, 1, 0]


def test_backfill_begins_at_a_moment(engine: Engine, clock: HeldClock) -> None:
    """A cursor can be had for a moment of the past."""
    for minutes in (30, 20, 10):
        with engine.begin() as connection:
            at = clock.now() - timedelta(minutes=minutes)
            connection.execute(
                text("INSERT INTO feed_entry (kind, conversation_id, at) VALUES ('message', :number, :at)"),
                {"number": minutes, "at": at},
            )
    for since, expected in ((40, [30, 20, 10]), (25, [20, 10]), (5, [])):
        with Session(engine) as session:
            cursor = cursor_at(session, clock.now() - timedelta(minutes=since))
        assert read(engine, cursor)[0] == expected
