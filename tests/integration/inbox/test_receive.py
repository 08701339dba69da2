"""The door keeps every event once, and before it says so."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from sqlalchemy import Engine

from secretaria.clock import HeldClock
from secretaria.inbox.filing import file_event
from secretaria.inbox.receive import Door, Knock, Receipt, receive_webhook
from secretaria.local.engines import EngineUrls
from secretaria.queue.broker import build_broker
from secretaria.queue.jobs import FILE_EVENT, Job
from secretaria.queue.publisher import QueuePublisher
from tests.builders import (
    NUMBER,
    PublishedNudges,
    a_filing_room,
    a_text,
    encoded,
    rows,
    signed,
    with_token,
)

COPIES = 8
SIM = {"number": NUMBER, "message": {"conversation": "sim"}}
SEEN = Receipt()


def knock_together(knocks: list[Callable[[], Receipt]]) -> list[Receipt]:
    """Knock several times at the same moment."""
    gate = threading.Barrier(len(knocks))

    def knock(one: Callable[[], Receipt]) -> Receipt:
        gate.wait()
        return one()

    with ThreadPoolExecutor(len(knocks)) as threads:
        return list(threads.map(knock, knocks))


@dataclass
class Onlooker:
    """A publisher that looks, on a connection of its own, at what is committed when it is called."""

    engine: Engine
    seen: list[tuple[str, str, float, list[str]]]

    def publish(self, job: Job, identifier: str, delay_seconds: float = 0.0) -> None:
        """Look."""
        committed = [str(row["id"]) for row in rows(self.engine, "inbox_event")]
        self.seen.append((job.name, identifier, delay_seconds, committed))

    def publish_all(self, job: Job, identifiers: Sequence[str]) -> None:
        """Look, once for each."""
        for identifier in identifiers:
            self.publish(job, identifier)


def test_the_event_is_committed_before_the_nudge_and_the_receipt(engine: Engine, door: Door) -> None:
    """Whoever is nudged finds the row, byte for byte, and the receipt names it."""
    onlooker = Onlooker(engine, [])
    knock = with_token(a_text("Olá, vocês abrem sábado?"))
    receipt = receive_webhook(replace(door, publisher=onlooker), knock)
    assert onlooker.seen == [("inbox.file", str(receipt.event), 0.0, [str(receipt.event)])]
    (event,) = rows(engine, "inbox_event")
    assert (event["state"], event["body"], event["reason"]) == ("received", knock.body, None)


def test_the_queue_carries_only_the_id(engines: EngineUrls, door: Door, valkey: redis.Redis) -> None:
    """Nothing that a customer wrote, nor who wrote it, nor a secret reaches Redis."""
    broker = build_broker(engines.redis_url, timeout_seconds=5.0)
    receipt = receive_webhook(
        replace(door, publisher=QueuePublisher(broker)), signed(encoded(a_text("meu CPF é segredo")), door.clock.now())
    )
    broker.close()
    kept = str([valkey.hgetall(name) for name in valkey.scan_iter(_type="hash")])
    assert str(receipt.event) in kept
    assert not any(word in kept for word in ("segredo", NUMBER, "Juliana", "3EB0", "principal"))


def test_a_dead_queue_does_not_close_the_door(engine: Engine, door: Door) -> None:
    """With Redis away the event is kept and acknowledged; the sweep will find it."""
    broker = build_broker("unix:///nonexistent/secretaria.sock", timeout_seconds=1.0)
    receipt = receive_webhook(replace(door, publisher=QueuePublisher(broker)), with_token(a_text()))
    (event,) = rows(engine, "inbox_event")
    assert (receipt.event, event["state"]) == (event["id"], "received")


def test_a_queue_that_hangs_costs_a_batch_one_time_out(engine: Engine, door: Door, tmp_path: Path) -> None:
    """A Redis that accepts and never answers holds a request up once, however many messages it brings."""
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(tmp_path / "mute.sock"))
        mute.listen(64)
        broker = build_broker(f"unix://{tmp_path}/mute.sock", timeout_seconds=0.5)
        batch = {"messages": [a_text(message_id=f"LOTE-{position}") for position in range(40)]}
        begun = time.monotonic()
        receive_webhook(replace(door, publisher=QueuePublisher(broker)), with_token(batch))
        assert time.monotonic() - begun < 10  # one by one it would be twenty
    assert len(rows(engine, "inbox_event")) == 40


def test_the_same_message_id_is_one_event(
    engine: Engine, door: Door, clock: HeldClock, nudges: PublishedNudges
) -> None:
    """Whaticket may post a message again, hours later, freshly signed or by token: it is the one of before."""
    first = receive_webhook(door, signed(encoded(a_text()), clock.now()))
    for seconds in (1, 290, 9_000, 172_800):
        clock.advance(seconds)
        assert receive_webhook(door, signed(encoded(a_text()), clock.now())) == SEEN
        assert receive_webhook(door, with_token(a_text("outra leitura do mesmo"))) == SEEN
    assert [event["id"] for event in rows(engine, "inbox_event")] == [first.event]
    assert [nudge.identifier for nudge in nudges.of(FILE_EVENT)] == [str(first.event)]


@pytest.mark.parametrize("event", [a_text(), SIM], ids=["with message id", "without"])
def test_a_replay_is_never_a_second_event(
    engine: Engine, door: Door, clock: HeldClock, event: Mapping[str, object]
) -> None:
    """The same signature again, in either spelling and as long as its window lasts, adds nothing."""
    original = signed(encoded(event), clock.now())
    shouted = [(name, value.upper()) for name, value in original.headers]
    assert receive_webhook(door, original).event
    for seconds in (0, 3, 7, 90, 200):
        clock.advance(seconds)
        assert receive_webhook(door, original) == SEEN
        assert receive_webhook(door, Knock([(b"x-other", b"1"), *shouted], original.body)) == SEEN
    assert len(rows(engine, "inbox_event")) == 1


@pytest.mark.parametrize("skew", [-200, 0, 200])
def test_a_repeat_that_was_not_kept_cannot_be_replayed(engine: Engine, door: Door, clock: HeldClock, skew: int) -> None:
    """A copy with a signature of its own stays nothing when it is replayed, however the relay's clock goes."""

    def sign() -> Knock:
        return signed(encoded(SIM), clock.now() + timedelta(seconds=skew))

    assert receive_webhook(door, sign()).event
    clock.advance(3)
    copy = sign()
    assert receive_webhook(door, copy) == SEEN
    clock.advance(6)
    assert receive_webhook(door, sign()).event  # said again, nine seconds after the first
    clock.advance(60)
    assert receive_webhook(door, copy) == SEEN
    assert len(rows(engine, "inbox_event")) == 2


@pytest.mark.parametrize(
    ("start", "apart", "events"),
    [(0, 0.0, 1), (0, 4.9, 1), (4.9, 0.2, 1), (4.9, 3.9, 1), (0, 5.1, 2), (4.9, 5.1, 2), (2, 30, 2)],
)
def test_without_an_id_the_same_words_within_seconds_are_one_event(
    engine: Engine, door: Door, clock: HeldClock, start: float, apart: float, events: int
) -> None:
    """An identical body within a few seconds is a copy, across any border of the clock; later it is a second 'sim'."""
    clock.advance(start)
    assert receive_webhook(door, with_token(SIM)).event
    clock.advance(apart)
    receive_webhook(door, with_token(SIM))
    assert len(rows(engine, "inbox_event")) == events


@pytest.mark.parametrize("event", [a_text(), SIM], ids=["with message id", "without"])
@pytest.mark.parametrize("way", ["signed", "token"])
def test_copies_at_the_same_moment_are_one_event(
    engine: Engine, door: Door, nudges: PublishedNudges, event: Mapping[str, object], way: str
) -> None:
    """Of eight parallel copies one is kept and nudged, and seven are told that it is here."""
    knock = with_token(event) if way == "token" else signed(encoded(event), door.clock.now())
    receipts = knock_together([lambda: receive_webhook(door, knock)] * COPIES)
    (kept,) = rows(engine, "inbox_event")
    assert sorted(receipts, key=lambda receipt: receipt == SEEN) == [Receipt(event=kept["id"])] + [SEEN] * (COPIES - 1)
    assert [nudge.identifier for nudge in nudges.published] == [str(kept["id"])]


def test_batches_that_hold_the_same_messages_do_not_block_each_other(engine: Engine, door: Door) -> None:
    """Two requests that bring the same messages in opposite orders at the same moment are both acknowledged."""
    messages = [a_text("oi", message_id=f"LOTE-{position}") for position in range(150)]
    receipts = knock_together(
        [
            lambda: receive_webhook(door, with_token({"messages": messages})),
            lambda: receive_webhook(door, with_token({"messages": messages[::-1]})),
        ]
    )
    assert len(receipts) == 2
    assert len(rows(engine, "inbox_event")) == len(messages)


def test_every_message_of_a_batch_is_an_event(engine: Engine, door: Door, nudges: PublishedNudges) -> None:
    """A batch leaves an event for each item that can be read, a repeated item once, and none for a broken one."""
    first, second = a_text("oi", message_id="B1"), a_text("tudo bem?", message_id="B2")
    batch = {
        "messages": [
            first,
            a_text(message_id="GRUPO", remoteJid="120363000000000001@g.us"),
            "nada",
            {"key": {"id": "B9"}, "message": {}},
            second,
            first,
        ]
    }
    receipt = receive_webhook(door, with_token(batch))
    kept = {event["dedupe_key"]: event for event in rows(engine, "inbox_event")}
    received = {key: (event["item"], event["reason"]) for key, event in kept.items() if event["state"] == "received"}
    assert received == {"B1": (0, None), "B2": (4, None)}
    assert [event["reason"] for event in kept.values() if event["state"] == "ignored"] == ["group", "empty"]
    assert receipt == Receipt(event=kept["B1"]["id"])
    assert {nudge.identifier for nudge in nudges.published} == {str(kept["B1"]["id"]), str(kept["B2"]["id"])}
    again = {"messages": [second, a_text("mais uma", message_id="B3")]}
    assert receive_webhook(door, with_token(again)).event == rows(engine, "inbox_event")[-1]["id"]


def test_a_message_id_of_any_length_is_known_again(engine: Engine, door: Door) -> None:
    """A sender chooses its ids: one too long for an index is told from another by all its characters."""
    assert receive_webhook(door, with_token(a_text(message_id="body:x"))).event
    long = "Ã" * 20_000
    assert receive_webhook(door, with_token(a_text(message_id=long + "1"))).event
    assert receive_webhook(door, with_token(a_text(message_id=long + "2"))).event
    assert receive_webhook(door, with_token(a_text(message_id=long + "1"))) == SEEN
    assert len(rows(engine, "inbox_event")) == 3


def test_what_was_filed_is_still_known(engine: Engine, door: Door, clock: HeldClock, nudges: PublishedNudges) -> None:
    """Filing an event does not open the door to its copy."""
    receipt = receive_webhook(door, with_token(a_text()))
    assert receipt.event is not None
    file_event(a_filing_room(engine, nudges, clock), receipt.event)
    assert receive_webhook(door, with_token(a_text())) == SEEN
