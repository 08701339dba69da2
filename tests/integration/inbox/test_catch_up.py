"""What only Whaticket heard is taken in late: once, with its own words, and without a "seen" to anybody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from secretaria.clock import HeldClock
from secretaria.inbox.catch_up import CatchUpRoom, catch_up
from secretaria.inbox.receive import receive_webhook
from secretaria.queue.jobs import FILE_EVENT
from secretaria.whaticket.notices import NOTICE_HEAD
from tests.answering import Scene, WhaticketSite, captured_lines
from tests.builders import NUMBER, PublishedNudges, a_door, a_filing_room, a_text, file_received, rows, with_token


@pytest.fixture
def room(engine: Engine, nudges: PublishedNudges, clock: HeldClock, whaticket: WhaticketSite) -> Iterator[CatchUpRoom]:
    """Compare with the community edition."""
    with closing(whaticket.panel()) as panel:
        yield CatchUpRoom(engine, nudges, clock, "principal", panel)


def test_unheard_customer_is_heard(room: CatchUpRoom, whaticket: WhaticketSite, clock: HeldClock) -> None:
    """A message that never reached us becomes an event, a message and a turn, after a minute and once."""
    whaticket.book.receive(NUMBER, "tem horário hoje?", name="Juliana Prates")
    written_at = clock.now()
    clock.advance(59)
    assert catch_up(room) == 0
    clock.advance(1)
    with captured_lines() as lines:
        assert catch_up(room) == 1
    assert [(line["message"], line["level"].name) for line in lines] == [("unheard_customers", "ERROR")]
    assert NUMBER not in lines[0]["text"]
    (event,) = rows(room.engine, "inbox_event")
    assert room.publisher.published[0].job == FILE_EVENT  # type: ignore[attr-defined]  # the recorder of tests
    file_received(a_filing_room(room.engine, room.publisher, clock))  # type: ignore[arg-type]  # as above
    (message,) = rows(room.engine, "message")
    assert (message["text"], message["sent_at"], message["event_id"]) == ("tem horário hoje?", written_at, event["id"])
    assert [contact["name"] for contact in rows(room.engine, "contact")] == ["Juliana Prates"]
    assert [turn["state"] for turn in rows(room.engine, "turn")] == ["waiting"]
    assert [one["ticket_id"] for one in rows(room.engine, "conversation")] == [whaticket.book.tickets()[0].id]
    clock.advance(60)
    assert catch_up(room) == 0
    assert whaticket.book.seen == []


def test_who_was_heard_is_left_alone(room: CatchUpRoom, scene: Scene, whaticket: WhaticketSite) -> None:
    """Whoever is in our own book already, ninth digit or not, is not heard twice."""
    whaticket.book.receive("552000000101", "oi")
    scene.customer_writes("oi")
    scene.clock.advance(61)
    assert catch_up(room) == 0


def test_what_waits_to_be_filed_is_not_missing(
    room: CatchUpRoom, nudges: PublishedNudges, clock: HeldClock, whaticket: WhaticketSite
) -> None:
    """While events wait, what seems to be missing may be among them: the next round looks again."""
    whaticket.book.receive(NUMBER, "oi")
    receive_webhook(a_door(room.engine, nudges, clock), with_token(a_text("oi")))
    clock.advance(61)
    assert catch_up(room) == 0


def test_tickets_that_need_nobody_are_left_alone(room: CatchUpRoom, clock: HeldClock, whaticket: WhaticketSite) -> None:
    """A ticket of a person, a closed one, one whose last word is ours or was read, and an old one are not missing."""
    changes: list[dict[str, object]] = [{"status": "open", "userId": 7}, {"status": "closed"}, {"userId": 7}]
    for last, change in enumerate(changes):
        whaticket.book.change(whaticket.book.receive(f"552090000030{last}", "oi"), change)
    whaticket.book.receive("5520900000304", "oi").unread = 0
    clock.advance(15 * 60 + 1)
    assert catch_up(room) == 0


def test_a_notice_to_the_owner_is_nobody_unheard(room: CatchUpRoom, clock: HeldClock, whaticket: WhaticketSite) -> None:
    """The ticket that an alert opened at Whaticket is not a customer's."""
    whaticket.book.receive(NUMBER, f"{NOTICE_HEAD}\n\n*NenhumWorker*")
    clock.advance(61)
    assert catch_up(room) == 0


def test_many_tickets_are_read_by_page(room: CatchUpRoom, clock: HeldClock, whaticket: WhaticketSite) -> None:
    """After an outage of some minutes everybody who wrote is heard, not only the first forty."""
    for last in range(45):
        whaticket.book.receive(f"55209000003{last:02}", "oi")
    clock.advance(120)
    assert catch_up(room) == 45


def test_without_answer_or_login_nothing_happens(room: CatchUpRoom, whaticket: WhaticketSite) -> None:
    """Whaticket away costs a line; without a login there is nobody to ask."""
    with closing(replace(whaticket, url="http://127.0.0.1:1").panel()) as nobody, captured_lines() as lines:
        assert catch_up(replace(room, panel=nobody)) == 0
    assert [line["message"] for line in lines] == ["catch_up_postponed"]
    assert catch_up(replace(room, panel=None)) == 0
