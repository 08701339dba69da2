"""Events become messages and turns, once each, whoever asks how often."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session

from secretaria.clock import HeldClock
from secretaria.conversations.store import messages_of_turn
from secretaria.database.engine import build_engine
from secretaria.database.transaction import DatabaseUnavailable
from secretaria.inbox.filing import FilingRoom, file_event
from secretaria.inbox.receive import Door, receive_webhook
from secretaria.queue.jobs import ANSWER_TURN
from secretaria.replies.sweep import sweep
from secretaria.settings import TurnsSection
from secretaria.whaticket.payload import read_payload
from tests.builders import (
    NUMBER,
    PLAIN_TURNS,
    PublishedNudges,
    a_filing_room,
    a_text,
    file_received,
    receive_and_file,
    rows,
    with_token,
)

WITHOUT_NINTH = "552000000101"
NOWHERE = "postgresql://ninguem@/nada?host=/nonexistent"


def receive(door: Door, event: dict[str, Any]) -> UUID:
    """Take an event in without filing it."""
    event_id = receive_webhook(door, with_token(event)).event
    assert event_id is not None
    return event_id


def together(*actions: Callable[[], None]) -> None:
    """Do several things at the same moment."""
    gate = threading.Barrier(len(actions))

    def act(action: Callable[[], None]) -> None:
        gate.wait()
        action()

    with ThreadPoolExecutor(len(actions)) as threads:
        list(threads.map(act, actions))


def test_burst_is_one_turn(door: Door, room: FilingRoom, nudges: PublishedNudges, clock: HeldClock) -> None:
    """Messages that come one after another wait together, and each pushes the answer further away."""
    for second, text in enumerate(("oi bom dia", "qnt ta a limpeza?", "e demora mto?")):
        receive_and_file(door, room, a_text(text, message_id=f"M{second}"))
        clock.advance(3)
    (turn,) = rows(door.engine, "turn")
    assert turn["messages"] == 3
    assert [nudge.delay_seconds for nudge in nudges.of(ANSWER_TURN)] == [8.0, 8.0, 8.0]
    assert {nudge.identifier for nudge in nudges.of(ANSWER_TURN)} == {str(turn["id"])}
    assert (turn["due_at"] - turn["opened_at"]).total_seconds() == 14.0
    assert [message["seq"] for message in rows(door.engine, "message")] == [1, 2, 3]


def test_who_never_stops_typing_is_answered_at_the_deadline(
    door: Door, room: FilingRoom, nudges: PublishedNudges, clock: HeldClock
) -> None:
    """Nothing pushes the answer past 25 seconds from the first message, and what comes after them adds no wait."""
    for second in range(7):
        receive_and_file(door, room, a_text(message_id=f"M{second}"))
        clock.advance(5)
    (turn,) = rows(door.engine, "turn")
    assert [nudge.delay_seconds for nudge in nudges.of(ANSWER_TURN)] == [8.0, 8.0, 8.0, 8.0, 5.0, 0.0, 0.0]
    assert (turn["deadline_at"] - turn["opened_at"]).total_seconds() == 25.0
    assert (turn["due_at"] - turn["opened_at"]).total_seconds() == 30.0


def test_a_long_burst_is_answered_at_once(door: Door, nudges: PublishedNudges, clock: HeldClock) -> None:
    """With as many messages as a turn may hold, nobody waits any longer."""
    room = a_filing_room(door.engine, nudges, clock, PLAIN_TURNS.model_copy(update={"max_messages": 3}))
    for second in range(4):
        receive_and_file(door, room, a_text(message_id=f"M{second}"))
        clock.advance(1)
    assert [nudge.delay_seconds for nudge in nudges.of(ANSWER_TURN)] == [8.0, 8.0, 0.0, 0.0]


def test_without_a_quiet_period_a_turn_is_due_when_it_opens(
    door: Door, nudges: PublishedNudges, clock: HeldClock
) -> None:
    """An owner who switches the wait off gets none."""
    room = a_filing_room(door.engine, nudges, clock, TurnsSection(quiet_period_seconds=0))
    receive_and_file(door, room, a_text())
    (turn,) = rows(door.engine, "turn")
    assert turn["due_at"] == turn["opened_at"] == clock.now()
    assert [nudge.delay_seconds for nudge in nudges.of(ANSWER_TURN)] == [0.0]


def test_a_turn_is_read_in_the_order_in_which_it_was_written(door: Door, room: FilingRoom, clock: HeldClock) -> None:
    """Quick messages may arrive swapped: Whaticket's time decides, arrival only between equals."""
    clock.advance(60)
    for arrival, (text, at) in enumerate((("c", 30), ("a", 10), ("b1", 20), ("b2", 20))):
        receive_and_file(door, room, {**a_text(text, message_id=f"M{arrival}"), "messageTimestamp": 1786453200 + at})
    (turn,) = rows(door.engine, "turn")
    with Session(door.engine) as session:
        assert [message.text for message in messages_of_turn(session, turn["id"])] == ["a", "b1", "b2", "c"]


def test_a_time_in_the_future_is_the_present(door: Door, room: FilingRoom, clock: HeldClock) -> None:
    """A clock that runs ahead, or lies, cannot put a message behind all that will follow; an old one stands."""
    for arrival, stamp in enumerate(("1786453199", 1786460400, 253402300799000, "nunca", {"low": -1, "high": 2**30})):
        receive_and_file(door, room, {**a_text(message_id=f"M{arrival}"), "messageTimestamp": stamp})
    ages = [(clock.now() - message["sent_at"]).total_seconds() for message in rows(door.engine, "message")]
    assert ages == [1.0, 0.0, 0.0, 0.0, 0.0]


def test_an_event_is_filed_once_however_often_it_is_nudged(
    door: Door, room: FilingRoom, nudges: PublishedNudges
) -> None:
    """A second nudge, and one for an event that never was, find nothing to do."""
    event_id = receive(door, a_text())
    for _ in range(3):
        file_event(room, event_id)
    file_event(room, uuid4())
    assert len(rows(door.engine, "message")) == len(nudges.of(ANSWER_TURN)) == 1
    assert rows(door.engine, "turn")[0]["messages"] == 1


def test_two_workers_file_an_event_once(door: Door, room: FilingRoom, nudges: PublishedNudges) -> None:
    """Nudged on several workers at the same moment, an event is one message all the same."""
    event_ids = [receive(door, a_text(message_id=f"M{number}")) for number in range(3)]
    for event_id in event_ids:
        together(*[lambda event_id=event_id: file_event(room, event_id)] * 4)
    assert [message["event_id"] for message in rows(door.engine, "message")] == event_ids
    assert len(nudges.of(ANSWER_TURN)) == 3


def test_the_first_words_of_a_stranger_open_one_conversation(door: Door, room: FilingRoom) -> None:
    """A burst filed by several workers at once makes one contact, one conversation and one turn of all messages."""
    events = [receive(door, a_text(message_id=f"M{number}")) for number in range(5)]
    together(*[lambda event=event: file_event(room, event) for event in events])
    assert len(rows(door.engine, "contact")) == len(rows(door.engine, "conversation")) == 1
    (turn,) = rows(door.engine, "turn")
    assert turn["messages"] == 5
    assert [message["seq"] for message in rows(door.engine, "message")] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("first", "then"), [(NUMBER, WITHOUT_NINTH), (WITHOUT_NINTH, NUMBER)])
def test_the_ninth_digit_makes_no_second_person(door: Door, room: FilingRoom, first: str, then: str) -> None:
    """With or without it the conversation is one, and answers go to the number as it last came."""
    receive_and_file(door, room, a_text(message_id="M1", number=first))
    receive_and_file(door, room, {**a_text(message_id="M2", number=then), "pushName": ""})
    (contact,) = rows(door.engine, "contact")
    assert (contact["number"], contact["name"]) == (then, "Juliana Prates")
    assert len(rows(door.engine, "conversation")) == len(rows(door.engine, "turn")) == 1


def test_a_poisonous_event_is_parked_and_blocks_nobody(
    door: Door, room: FilingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails five times is kept whole for a person; others are filed before, between and after."""

    def fail_on_poison(payload: dict[str, Any]) -> object:
        if payload["key"]["id"] == "VENENO":
            raise KeyError("veneno")
        return read_payload(payload)

    monkeypatch.setattr("secretaria.inbox.filing.read_payload", fail_on_poison)
    poison = receive(door, a_text("veneno", message_id="VENENO"))
    for attempt in range(1, 7):
        file_event(room, poison)
        receive_and_file(door, room, a_text(message_id=f"M{attempt}"))
    event = next(event for event in rows(door.engine, "inbox_event") if event["id"] == poison)
    assert (event["state"], event["reason"], event["failures"]) == ("parked", "KeyError", 5)
    assert b"veneno" in event["body"]
    assert len(rows(door.engine, "message")) == 6


def test_an_event_that_kills_its_worker_is_parked(
    door: Door, room: FilingRoom, nudges: PublishedNudges, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the process dies nothing is left to count it, so each try after the first is counted before it begins."""

    class Killed(BaseException):
        """The process is gone in the middle of the work."""

    def die_of_poison(payload: dict[str, Any]) -> object:
        if payload["key"]["id"] == "VENENO":
            raise Killed
        return read_payload(payload)

    monkeypatch.setattr("secretaria.inbox.filing.read_payload", die_of_poison)
    poison = receive(door, a_text("veneno", message_id="VENENO"))
    deaths = 0
    for attempt in range(10):
        try:
            file_event(room, poison)
        except Killed:
            deaths += 1
        receive_and_file_other(door, room, f"M{attempt}", poison)
        clock.advance(6)
        sweep(door.engine, nudges, clock)
    event = next(event for event in rows(door.engine, "inbox_event") if event["id"] == poison)
    assert (event["state"], event["reason"], deaths) == ("parked", "tried_too_often", 5)
    assert b"veneno" in event["body"]
    assert len(rows(door.engine, "message")) == 10


def receive_and_file_other(door: Door, room: FilingRoom, message_id: str, poison: UUID) -> None:
    """Walk another event through, as a worker that lives would."""
    event_id = receive(door, a_text(message_id=message_id))
    assert event_id != poison
    file_event(room, event_id)


def test_a_late_event_that_fails_counts_once_a_try(
    door: Door, room: FilingRoom, nudges: PublishedNudges, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the sweep brings back and fails with an error of ours is counted for the try, not twice."""
    event_id = receive(door, a_text())
    clock.advance(6)
    sweep(door.engine, nudges, clock)
    monkeypatch.setattr("secretaria.inbox.filing.read_payload", lambda payload: payload["nada"])
    file_event(room, event_id)
    assert rows(door.engine, "inbox_event")[0]["failures"] == 1
    monkeypatch.undo()
    file_event(room, event_id)
    assert rows(door.engine, "inbox_event")[0]["state"] == "filed"


def test_ticket_of_whaticket_is_noted(door: Door, room: FilingRoom) -> None:
    """What an event tells of its ticket is kept for whoever must find it; one that tells none changes nothing."""
    receive_and_file(door, room, {**a_text(message_id="M1"), "ticket": {"id": 357}})
    assert rows(door.engine, "conversation")[0]["ticket_id"] == 357
    receive_and_file(door, room, a_text(message_id="M2"))
    assert rows(door.engine, "conversation")[0]["ticket_id"] == 357
    receive_and_file(door, room, {**a_text(message_id="M3"), "ticketId": 2**40, "ticketData": {"id": 358}})
    assert rows(door.engine, "conversation")[0]["ticket_id"] == 358


def test_a_failure_of_the_database_is_no_failure_of_the_event(
    door: Door, room: FilingRoom, nudges: PublishedNudges, clock: HeldClock
) -> None:
    """While PostgreSQL is away nothing is counted against an event, and it is filed when it is back."""
    event_id = receive(door, a_text())
    nowhere = build_engine(NOWHERE)
    for _ in range(7):
        with pytest.raises(DatabaseUnavailable):
            file_event(a_filing_room(nowhere, nudges, clock), event_id)
    assert rows(door.engine, "inbox_event")[0]["failures"] == 0
    file_received(room)
    assert rows(door.engine, "inbox_event")[0]["state"] == "filed"
