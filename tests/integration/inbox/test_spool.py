"""While PostgreSQL is away events wait on the disk: none is lost, doubled or misread, whoever dies on the way."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine

from secretaria.clock import HeldClock
from secretaria.database.engine import build_engine
from secretaria.database.transaction import DatabaseUnavailable
from secretaria.inbox.keeping import file_spool
from secretaria.inbox.models import Arrival
from secretaria.inbox.receive import Door, receive_webhook
from secretaria.inbox.spool import FRAME, Spool, SpoolFull
from secretaria.queue.jobs import FILE_EVENT
from tests.builders import PublishedNudges, a_door, a_text, encoded, rows, signed, with_token

NOWHERE = "postgresql://ninguem@/nada?host=/nonexistent"
PLENTY = 1024 * 1024
WRITE_AND_WAIT = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
import uuid_utils.compat
from secretaria.inbox.models import Arrival
from secretaria.inbox.spool import Spool
spool = Spool(Path(sys.argv[1]), 1024 * 1024)
spool.append([Arrival(id=uuid_utils.compat.uuid7(), channel="principal", dedupe_key="DE-OUTRO", body=b"{}",
                         received_at=datetime(2026, 8, 11, 12, 0, tzinfo=UTC))])
print("pronto", flush=True)
time.sleep(600)
"""


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """Open a spool in a folder of its own."""
    opened = Spool(tmp_path / "spool", PLENTY)
    yield opened
    opened.leave()


@pytest.fixture
def cut_off(nudges: PublishedNudges, clock: HeldClock, spool: Spool) -> Door:
    """Open a door whose PostgreSQL is away."""
    return a_door(build_engine(NOWHERE), nudges, clock, spool)


def file_in(folder: Path) -> Path:
    """Return the only file of a spool."""
    (found,) = (folder / "spool").iterdir()
    return found


def next_life(tmp_path: Path) -> Spool:
    """Return the spool of the process that starts after this one was killed."""
    return Spool(tmp_path / "spool", PLENTY)


def event_of(door: Door, position: int) -> Arrival:
    """Build an event as the door would keep it."""
    return Arrival(
        id=UUID(f"0198a000-0000-7000-8000-{position:012d}"),
        channel=door.channel,
        dedupe_key=f"M{position}",
        body=b"{}",
        received_at=door.clock.now(),
    )


def test_what_was_acknowledged_is_filed_in_order_and_once(
    cut_off: Door, engine: Engine, nudges: PublishedNudges, clock: HeldClock, tmp_path: Path
) -> None:
    """Each event becomes the very row it would have been: id of its receipt, arrival, signature and raw body."""
    knocks, receipts, arrived = [], [], []
    for position in range(250):
        clock.advance(0.01)
        arrived.append(clock.now())
        knocks.append(signed(encoded(a_text(f"mensagem {position}", message_id=f"M{position}")), clock.now()))
        receipts.append(receive_webhook(cut_off, knocks[-1]))
    assert file_spool(engine, nudges, cut_off.spool) == len(knocks)
    assert file_spool(engine, nudges, cut_off.spool) == 0
    kept = rows(engine, "inbox_event")
    assert [(row["id"], row["dedupe_key"], row["body"]) for row in kept] == [
        (receipt.event, f"M{position}", knocks[position].body) for position, receipt in enumerate(receipts)
    ]
    assert [row["received_at"] for row in kept] == arrived
    assert [row["signature"] for row in kept] == [dict(knock.headers)[b"x-signature"].decode() for knock in knocks]
    assert [nudge.identifier for nudge in nudges.of(FILE_EVENT)] == [str(receipt.event) for receipt in receipts]
    assert list((tmp_path / "spool").iterdir()) == []


def test_copies_on_the_spool_are_one_event(cut_off: Door, engine: Engine, nudges: PublishedNudges) -> None:
    """A message posted before, during and again during the outage is the one of before."""
    with_database = replace(cut_off, engine=engine)
    first = receive_webhook(with_database, with_token(a_text()))
    receive_webhook(cut_off, with_token(a_text()))
    receive_webhook(cut_off, with_token(a_text("outra leitura")))
    assert file_spool(engine, nudges, cut_off.spool) == 0
    assert [row["id"] for row in rows(engine, "inbox_event")] == [first.event]


def test_a_batch_stays_whole_and_in_order(
    cut_off: Door, engine: Engine, nudges: PublishedNudges, tmp_path: Path
) -> None:
    """The messages of one body are one record that holds the body once, and are filed as they stood in it."""
    batch = {"messages": [a_text("x" * 2_000, message_id=f"L{9 - position}") for position in range(8)]}
    receipt = receive_webhook(cut_off, with_token(batch))
    assert file_in(tmp_path).stat().st_size < 2 * len(encoded(batch))
    file_spool(engine, nudges, cut_off.spool)
    kept = {row["id"]: row["dedupe_key"] for row in rows(engine, "inbox_event")}
    assert [kept[row_id] for row_id in sorted(kept)] == [f"L{9 - position}" for position in range(8)]
    assert [nudge.identifier for nudge in nudges.of(FILE_EVENT)] == [str(row_id) for row_id in sorted(kept)]
    assert receipt.event == min(kept)
    assert all(row["body"] == encoded(batch) for row in rows(engine, "inbox_event"))


@pytest.mark.parametrize("tail", [b"\x00", b"\x00" * 512, FRAME.pack(400, 7), FRAME.pack(2**31, 7) + b"{}"])
def test_a_torn_tail_is_cut(
    cut_off: Door, engine: Engine, nudges: PublishedNudges, tmp_path: Path, tail: bytes
) -> None:
    """Half a record, or zeros that a power cut left, end the file; what stands before them is filed."""
    receipt = receive_webhook(cut_off, with_token(a_text()))
    with file_in(tmp_path).open("ab") as file:
        file.write(tail)
    file_spool(engine, nudges, cut_off.spool)
    assert [row["id"] for row in rows(engine, "inbox_event")] == [receipt.event]


def test_a_record_cut_anywhere_is_never_misread(spool: Spool, cut_off: Door, tmp_path: Path) -> None:
    """Wherever the last write stopped, and whichever bit of it is wrong, that record is not read and the first is."""
    spool.append([event_of(cut_off, 1)])
    whole = file_in(tmp_path).stat().st_size
    spool.append([event_of(cut_off, 2)])
    content = file_in(tmp_path).read_bytes()
    damaged = [content[:end] for end in range(whole, len(content))]
    damaged += [
        content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :] for at in range(whole + FRAME.size, len(content))
    ]
    for version in damaged:
        file_in(tmp_path).write_bytes(version)
        assert [request[0].dedupe_key for request in spool.take().requests] == ["M1"]


def test_a_full_spool_refuses_and_goes_on(
    cut_off: Door, engine: Engine, nudges: PublishedNudges, tmp_path: Path
) -> None:
    """Beyond its bytes nothing is acknowledged, what was stays, and there is room again once it is filed."""
    small = Spool(tmp_path / "spool", 20_000)
    door = replace(cut_off, spool=small)
    receipts = [receive_webhook(door, with_token(a_text("x" * 900, message_id=f"M{n}"))) for n in range(12)]
    for _ in range(2):
        with pytest.raises(SpoolFull):
            receive_webhook(door, with_token(a_text("x" * 9_000, message_id="GRANDE")))
    assert small.size() <= 20_000
    assert not small.has_room()
    file_spool(engine, nudges, small)
    assert [row["id"] for row in rows(engine, "inbox_event")] == [receipt.event for receipt in receipts]
    assert small.has_room()
    assert receive_webhook(door, with_token(a_text(message_id="DEPOIS"))).event
    small.leave()


def test_a_full_disk_refuses_and_loses_nothing(
    cut_off: Door, engine: Engine, nudges: PublishedNudges, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A write that the disk breaks off is not acknowledged, and neither hides what came before nor what comes after."""
    before = receive_webhook(cut_off, with_token(a_text(message_id="ANTES")))
    write = os.write

    def break_off(descriptor: int, content: bytes) -> int:
        if len(content) < 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, content[:-50])

    with monkeypatch.context() as disk:
        disk.setattr("secretaria.inbox.spool.os.write", break_off)
        for position in range(20):
            with pytest.raises(SpoolFull):
                receive_webhook(cut_off, with_token(a_text(message_id=f"CHEIO-{position}")))
    after = receive_webhook(cut_off, with_token(a_text(message_id="DEPOIS")))
    assert len(list((tmp_path / "spool").iterdir())) == 2
    file_spool(engine, nudges, cut_off.spool)
    assert [row["id"] for row in rows(engine, "inbox_event")] == [before.event, after.event]


def test_the_file_of_a_killed_process_is_taken_over(
    cut_off: Door, engine: Engine, nudges: PublishedNudges, tmp_path: Path
) -> None:
    """A file is nobody else's while its process lives, and anybody's after kill -9; the older event is filed first."""
    folder = tmp_path / "spool"
    with subprocess.Popen(
        [sys.executable, "-c", WRITE_AND_WAIT, str(folder)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "pronto\n"
        assert not cut_off.spool.adopt()
        receive_webhook(cut_off, with_token(a_text(message_id="NOSSO")))
        file_spool(engine, nudges, cut_off.spool)
        assert [row["dedupe_key"] for row in rows(engine, "inbox_event")] == ["NOSSO"]
        receive_webhook(cut_off, with_token(a_text(message_id="NOSSO-2")))
        other.send_signal(signal.SIGKILL)
    assert file_spool(engine, nudges, cut_off.spool) == 2
    kept = {str(row["id"]): row["dedupe_key"] for row in rows(engine, "inbox_event")}
    told = [kept[nudge.identifier] for nudge in nudges.of(FILE_EVENT)]
    assert told == ["NOSSO", "DE-OUTRO", "NOSSO-2"]
    assert list(folder.iterdir()) == []


def test_killed_between_commit_and_removal_files_nothing_twice(
    cut_off: Door, engine: Engine, nudges: PublishedNudges, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Who comes after finds events that are there already, with an id or without, and removes the file."""
    receive_webhook(cut_off, with_token(a_text()))
    receive_webhook(cut_off, with_token({"number": "5520900000102", "message": {"conversation": "sim"}}))

    def die(*_: object) -> None:
        raise InterruptedError

    with monkeypatch.context() as killed:
        killed.setattr(Spool, "forget", die)
        with pytest.raises(InterruptedError):
            file_spool(engine, nudges, cut_off.spool)
    cut_off.spool.leave()
    committed = rows(engine, "inbox_event")
    assert len(committed) == 2
    assert file_spool(engine, nudges, next_life(tmp_path)) == 0
    assert rows(engine, "inbox_event") == committed
    assert list((tmp_path / "spool").iterdir()) == []


def test_while_it_is_away_nothing_is_removed(cut_off: Door, nudges: PublishedNudges, tmp_path: Path) -> None:
    """An attempt to file that finds no PostgreSQL leaves everything as it is, however often."""
    receive_webhook(cut_off, with_token(a_text()))
    before = file_in(tmp_path).read_bytes()
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable):
            file_spool(cut_off.engine, nudges, cut_off.spool)
    assert file_in(tmp_path).read_bytes() == before


def test_what_comes_during_the_filing_is_filed_after_it(cut_off: Door, engine: Engine, nudges: PublishedNudges) -> None:
    """Until the last waiting event is filed new ones queue up behind it, even if PostgreSQL answers again."""
    receive_webhook(cut_off, with_token(a_text(message_id="M0")))
    taken = cut_off.spool.take()
    back = replace(cut_off, engine=engine)
    receive_webhook(back, with_token(a_text(message_id="M1")))
    assert rows(engine, "inbox_event") == []
    assert [request[0].dedupe_key for request in taken.requests] == ["M0"]
    file_spool(engine, nudges, cut_off.spool)
    receive_webhook(back, with_token(a_text(message_id="M2")))
    assert [row["dedupe_key"] for row in rows(engine, "inbox_event")] == ["M0", "M1", "M2"]


def test_an_event_that_postgresql_refuses_does_not_stop_the_others(
    cut_off: Door, spool: Spool, engine: Engine, nudges: PublishedNudges
) -> None:
    """What can never be stored as it is is parked under a name of its own, whole, and what is behind it is filed."""
    poison = replace(event_of(cut_off, 2), dedupe_key="M\x002")
    for request in ([event_of(cut_off, 1)], [poison], [event_of(cut_off, 3)]):
        spool.append(request)
    file_spool(engine, nudges, spool)
    kept = [(row["dedupe_key"], row["state"], row["body"]) for row in rows(engine, "inbox_event")]
    assert kept == [
        ("M1", "received", b"{}"),
        (f"refused:{poison.id}", "parked", b"{}"),
        ("M3", "received", b"{}"),
    ]


def test_files_are_private(cut_off: Door, tmp_path: Path) -> None:
    """Customers' words on the disk are for the user that runs the service alone."""
    receive_webhook(cut_off, with_token(a_text()))
    assert file_in(tmp_path).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700
    assert json.loads(file_in(tmp_path).read_bytes().rpartition(b"\n")[2])["key"]
