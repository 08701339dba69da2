"""A PostgreSQL that takes the question and does not answer: nobody waits for it for long, and nothing doubles."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from secretaria.clock import HeldClock
from secretaria.database.engine import build_engine
from secretaria.inbox.keeping import file_spool
from secretaria.inbox.receive import receive_webhook
from secretaria.inbox.spool import Spool
from tests.builders import PublishedNudges, a_door, a_text, rows, with_token


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """Open a spool in a folder of its own."""
    opened = Spool(tmp_path / "spool", 1024 * 1024)
    yield opened
    opened.leave()


def test_a_server_that_hangs_is_asked_once(
    nudges: PublishedNudges, clock: HeldClock, spool: Spool, tmp_path: Path
) -> None:
    """A stopped PostgreSQL accepts and never answers: one request finds out, the others go straight to the disk."""
    callers: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0), backlog=64) as mute:

        def accept() -> None:
            while True:
                try:
                    callers.append(mute.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept)
        thread.start()
        stopped = build_engine(f"postgresql://ninguem@127.0.0.1:{mute.getsockname()[1]}/nada", connect_timeout=3)
        door = a_door(stopped, nudges, clock, spool)
        receipts = [receive_webhook(door, with_token(a_text(message_id=f"M{position}"))) for position in range(50)]
        mute.shutdown(socket.SHUT_RDWR)
        thread.join()
    for caller in callers:
        caller.close()
    assert len(callers) == 1
    assert all(receipt.event for receipt in receipts)
    waiting = Spool(tmp_path / "spool", 1024 * 1024)
    spool.leave()
    assert waiting.adopt()
    assert [request[0].id for request in waiting.take().requests] == [receipt.event for receipt in receipts]
    waiting.leave()


def test_a_late_commit_and_its_copy_on_the_spool_are_one_event(
    engine: Engine, nudges: PublishedNudges, clock: HeldClock, spool: Spool
) -> None:
    """A commit that was given up, and comes after all, finds or is found by the copy; the customer wrote once."""
    others = set(threading.enumerate())
    door = a_door(engine, nudges, clock, spool)
    with engine.connect() as busy:
        busy.execute(text("LOCK TABLE inbox_event IN EXCLUSIVE MODE"))
        receipt = receive_webhook(door, with_token(a_text()))
        assert spool.in_use()
        busy.rollback()
    late = [thread for thread in threading.enumerate() if thread.name == "postgresql" and thread not in others]
    for thread in late:
        thread.join()
    file_spool(engine, nudges, spool)
    assert [row["id"] for row in rows(engine, "inbox_event")] == [receipt.event]
    assert receive_webhook(door, with_token(a_text())).event is None
