"""Tickets are made and reused as each edition does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from secretaria.clock import HeldClock
from secretaria.settings import Flavour
from secretaria.simulation.tickets import TicketBook

NUMBER = "5520900000101"


@pytest.fixture
def clock() -> HeldClock:
    """A time that stands still until a test moves it."""
    return HeldClock(datetime(2026, 8, 10, 12, tzinfo=UTC))


@pytest.fixture
def book(clock: HeldClock) -> TicketBook:
    """A Whaticket without any ticket."""
    return TicketBook(clock)


def test_an_open_ticket_is_reused_and_stays_open(book: TicketBook) -> None:
    """A send to a contact whose ticket a person took goes into that ticket, which stays theirs."""
    ticket = book.receive(NUMBER, "oi", name="Ana")
    book.change(ticket, {"status": "open", "userId": 7})
    assert book.ticket_for_send(NUMBER, "community") is ticket
    assert (ticket.status, ticket.user_id, ticket.unread) == ("open", 7, 1)


def test_a_recent_closed_ticket_reopens_as_pending(book: TicketBook, clock: HeldClock) -> None:
    """Within two hours a send after a close takes the ticket back from its person; later it makes a new one."""
    ticket = book.receive(NUMBER, "oi")
    book.change(ticket, {"status": "closed", "userId": 7})
    clock.advance(3600)
    assert book.ticket_for_send(NUMBER, "community") is ticket
    assert (ticket.status, ticket.user_id) == ("pending", None)
    book.change(ticket, {"status": "closed"})
    clock.advance(2 * 3600)
    later = book.ticket_for_send(NUMBER, "community")
    assert (later.id, later.contact_id, later.status) == (2, ticket.contact_id, "pending")


def test_saas_reuses_a_closed_ticket_and_leaves_it_closed(book: TicketBook, clock: HeldClock) -> None:
    """In saas the last ticket takes the send however old, and loses its user and queue."""
    ticket = book.receive(NUMBER, "oi")
    book.change(ticket, {"status": "closed", "userId": 7, "queueId": 2})
    clock.advance(7 * 86400)
    assert book.ticket_for_send(NUMBER, "saas") is ticket
    assert (ticket.status, ticket.user_id, ticket.queue_id) == ("closed", None, None)


@pytest.mark.parametrize("flavour", ["community", "saas", "ticketz"])
def test_a_new_number_gets_a_pending_ticket(book: TicketBook, flavour: Flavour) -> None:
    """The first send to somebody makes a ticket that waits for a person."""
    assert book.ticket_for_send(NUMBER, flavour).status == "pending"


def test_a_closed_ticket_does_not_reopen_beside_an_open_one(book: TicketBook, clock: HeldClock) -> None:
    """Two open tickets of one contact are refused, and nothing changes."""
    old = book.receive(NUMBER, "oi")
    book.change(old, {"status": "closed"})
    clock.advance(3 * 3600)
    book.receive(NUMBER, "oi de novo")
    assert not book.change(old, {"status": "open"})
    assert old.status == "closed"


def test_any_status_is_accepted(book: TicketBook) -> None:
    """Whaticket checks no status, so neither do we."""
    ticket = book.receive(NUMBER, "oi")
    assert book.change(ticket, {"status": "banana"})
    assert ticket.status == "banana"


def test_messages_come_by_page_and_are_read(book: TicketBook, clock: HeldClock) -> None:
    """The newest page first, oldest first within it; looking marks the ticket as read."""
    ticket = book.receive(NUMBER, "1")
    for text in range(2, 26):
        clock.advance(1)
        book.receive(NUMBER, str(text))
    newest, count = book.read_messages(ticket, page=1)
    assert (newest[0].body, newest[-1].body, count) == ("6", "25", 25)
    assert [message.body for message in book.read_messages(ticket, page=2)[0]] == ["1", "2", "3", "4", "5"]
    assert (ticket.unread, book.seen) == (0, [1, 1])


def test_a_sent_message_may_show_late(book: TicketBook, clock: HeldClock) -> None:
    """The API lists an own message only after its delay, and never one that was not stored."""
    ticket = book.receive(NUMBER, "oi")
    book.store_sent(ticket, "resposta", stored=True, shown_after=timedelta(seconds=5))
    book.store_sent(ticket, "sem cópia", stored=False, shown_after=timedelta())
    assert [message.body for message in book.read_messages(ticket, page=1)[0]] == ["oi"]
    clock.advance(5)
    assert [message.body for message in book.read_messages(ticket, page=1)[0]] == ["oi", "resposta"]
