"""The memory of a simulated Whaticket: contacts' tickets, their messages and who has read them."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from secretaria.clock import Clock
from secretaria.settings import Flavour

TICKETS_PER_PAGE = 40
MESSAGES_PER_PAGE = 20
REOPEN_WINDOW = timedelta(hours=2)
ACTIVE = ("open", "pending")
CHANGEABLE = {"status": "status", "userId": "user_id", "queueId": "queue_id"}


@dataclass
class Ticket:
    """One conversation as the panel shows it; ``status`` is whatever was last written, the real one checks nothing."""

    id: int
    contact_id: int
    number: str
    name: str
    created_at: datetime
    updated_at: datetime
    status: str = "pending"
    user_id: int | None = None
    queue_id: int | None = None
    unread: int = 0
    last_message: str = ""


@dataclass(frozen=True)
class StoredMessage:
    """One message of a ticket; ``shown_at`` is when the API begins to list it, ``file`` the name of what it carries."""

    id: str
    ticket_id: int
    body: str
    from_me: bool
    at: datetime
    shown_at: datetime
    file: str = ""


class TicketBook:
    """Every ticket of one connection; safe to fill from a test while the server runs.

    Attributes:
        files: What the public folder serves, by name.
        seen: Ids of tickets whose messages were listed, in order: each one sent "seen" to a customer.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tickets: dict[int, Ticket] = {}
        self._contacts: dict[str, int] = {}
        self._messages: list[StoredMessage] = []
        self._lock = threading.RLock()
        self.seen: list[int] = []
        self.files: dict[str, bytes] = {}

    def receive(self, number: str, text: str, message_id: str = "", name: str = "", file: str = "") -> Ticket:
        """Store what a customer wrote, in the open or pending ticket or in a new pending one.

        Args:
            number: Digits of the customer.
            text: What was written.
            message_id: The WhatsApp id of the message; a new one when empty.
            name: The customer's profile name; the number stands in for an empty one.
            file: Name of the file that was sent, from ``files``; empty for a text.
        """
        with self._lock:
            ticket = self._latest(number, ACTIVE) or self._open(number, name)
            ticket.unread += 1
            now = self._clock.now()
            message = StoredMessage(
                message_id or new_message_id(), ticket.id, text, from_me=False, at=now, shown_at=now, file=file
            )
            self._store(ticket, message)
            return ticket

    def ticket_for_send(self, number: str, flavour: Flavour) -> Ticket:
        """Find or make the ticket an API send goes to, with the side effects of the edition.

        Community and ticketz reuse an open or pending ticket, reopen as pending one touched in the last two hours, or
        make one. Saas takes the last one even if closed, leaves its status and clears its user and queue.
        """
        with self._lock:
            if flavour == "saas":
                ticket = self._latest(number) or self._open(number)
                ticket.user_id = ticket.queue_id = None
                return ticket
            active = self._latest(number, ACTIVE)
            if active:
                return active
            recent = self._latest(number)
            if recent and self._clock.now() - recent.updated_at < REOPEN_WINDOW:
                recent.status, recent.user_id = "pending", None
                return recent
            return self._open(number)

    def store_sent(self, ticket: Ticket, body: str, *, stored: bool, shown_after: timedelta) -> StoredMessage:
        """Make an own message of a ticket.

        Args:
            ticket: Where it was sent.
            body: The text.
            stored: False for the editions that send without keeping a copy.
            shown_after: How late the API begins to list it.
        """
        with self._lock:
            now = self._clock.now()
            message = StoredMessage(new_message_id(), ticket.id, body, from_me=True, at=now, shown_at=now + shown_after)
            if stored:
                self._store(ticket, message)
            return message

    def ticket(self, ticket_id: int) -> Ticket | None:
        """Return one ticket, or None when there is no such ticket."""
        return self._tickets.get(ticket_id)

    def tickets(self) -> list[Ticket]:
        """Return every ticket, the last touched first."""
        with self._lock:
            return sorted(self._tickets.values(), key=lambda ticket: (ticket.updated_at, ticket.id), reverse=True)

    def change(self, ticket: Ticket, fields: Mapping[str, object]) -> bool:
        """Write the given fields of the API (status, userId, queueId) over a ticket; others keep their value.

        Returns:
            False, with nothing changed, when a closed ticket would reopen beside another open one of the contact.
        """
        with self._lock:
            if (
                ticket.status == "closed"
                and fields.get("status", "closed") != "closed"
                and self._latest(ticket.number, ACTIVE)
            ):
                return False
            for field, attribute in CHANGEABLE.items():
                if field in fields:
                    setattr(ticket, attribute, fields[field])
            ticket.updated_at = self._clock.now()
            return True

    def read_messages(self, ticket: Ticket, page: int) -> tuple[list[StoredMessage], int]:
        """List a page of a ticket's messages, oldest first within it, and mark the ticket as read.

        Returns:
            The messages of the page (1 holds the newest) and how many there are in all.
        """
        with self._lock:
            ticket.unread = 0
            self.seen.append(ticket.id)
            now = self._clock.now()
            shown = [item for item in self._messages if item.ticket_id == ticket.id and item.shown_at <= now]
            newest_first = shown[::-1][(page - 1) * MESSAGES_PER_PAGE : page * MESSAGES_PER_PAGE]
            return newest_first[::-1], len(shown)

    def _latest(self, number: str, statuses: Iterable[str] | None = None) -> Ticket | None:
        return next(
            (
                ticket
                for ticket in self.tickets()
                if ticket.number == number and (statuses is None or ticket.status in statuses)
            ),
            None,
        )

    def _open(self, number: str, name: str = "") -> Ticket:
        now = self._clock.now()
        contact_id = self._contacts.setdefault(number, len(self._contacts) + 1)
        ticket = Ticket(len(self._tickets) + 1, contact_id, number, name or number, created_at=now, updated_at=now)
        self._tickets[ticket.id] = ticket
        return ticket

    def _store(self, ticket: Ticket, message: StoredMessage) -> None:
        self._messages.append(message)
        ticket.last_message, ticket.updated_at = message.body, message.at


def new_message_id() -> str:
    """Return an id in the form WhatsApp Web gives to its messages."""
    return "3EB0" + uuid.uuid4().hex[:16].upper()


def ticket_json(ticket: Ticket) -> dict[str, Any]:
    """Show a ticket as the API of Whaticket does."""
    return {
        "id": ticket.id,
        "status": ticket.status,
        "unreadMessages": ticket.unread,
        "lastMessage": ticket.last_message,
        "isGroup": False,
        "createdAt": _iso(ticket.created_at),
        "updatedAt": _iso(ticket.updated_at),
        "userId": ticket.user_id,
        "queueId": ticket.queue_id,
        "contactId": ticket.contact_id,
        "whatsappId": 1,
        "contact": {"id": ticket.contact_id, "name": ticket.name, "number": ticket.number, "isGroup": False},
    }


def message_json(message: StoredMessage, base_url: str) -> dict[str, Any]:
    """Show a message as the API of Whaticket does, its file at an address of the back end."""
    return {
        "id": message.id,
        "body": message.body,
        "fromMe": message.from_me,
        "read": True,
        "ack": 2 if message.from_me else 0,
        "mediaType": "audio" if message.file else "chat",
        "mediaUrl": f"{base_url}public/{message.file}" if message.file else None,
        "isDeleted": False,
        "quotedMsg": None,
        "ticketId": message.ticket_id,
        "createdAt": _iso(message.at),
        "updatedAt": _iso(message.at),
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
