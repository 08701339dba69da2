"""The port to Whaticket's panel: what a person logged in there sees and does; tickets and their messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from secretaria.errors import Unavailable

TicketStatus = Literal["open", "pending", "closed"]


class PanelUnavailable(Unavailable):
    """The panel did not answer, or answered something else than what was asked.

    Attributes:
        status: The HTTP status, None where no answer came.
        error: A short code of ours or of Whaticket, never personal data.
    """

    def __init__(self, error: str, status: int | None = None) -> None:
        super().__init__(f"o painel do Whaticket não atendeu ({error})", "confira se o Whaticket está no ar")
        self.error = error
        self.status = status


class PanelClosed(PanelUnavailable):
    """The panel refuses our login; a person must mend it."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One conversation as Whaticket lists it.

    Attributes:
        status: Whatever Whaticket says; ``open``, ``pending`` and ``closed`` mean something.
        user_id: The person who has it, if somebody does.
        unread: Messages of the customer that nobody has read; an own message sets it to 0.
        updated_at: By Whaticket's clock.
    """

    id: int
    status: str
    number: str
    name: str
    user_id: int | None
    queue_id: int | None
    unread: int
    last_message: str
    updated_at: datetime
    is_group: bool


@dataclass(frozen=True, slots=True)
class PanelMessage:
    """One message of a ticket; its id is WhatsApp's, its time Whaticket's, ``media_url`` empty without a file."""

    id: str
    body: str
    from_me: bool
    at: datetime
    media_url: str = ""


@dataclass(frozen=True, slots=True)
class TicketPage:
    """Some tickets, the last touched first, and whether there are more."""

    tickets: Sequence[Ticket]
    has_more: bool


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Some messages, newest first, and whether there are older ones."""

    messages: Sequence[PanelMessage]
    has_more: bool


class Panel(Protocol):
    """Reads and moves tickets; may be shared by threads. Every call may raise ``PanelUnavailable``."""

    def list_tickets(self, status: TicketStatus, page: int = 1, *, search: str = "") -> TicketPage:
        """Return a page of the tickets with a status; this marks nothing as read."""
        ...

    def find_tickets(self, number: str) -> Sequence[Ticket]:
        """Return the tickets of a person, those that somebody works on first; there may be several (contract Q9)."""
        ...

    def messages(self, ticket_id: int, page: int = 1) -> MessagePage:
        """Return a page of a ticket's messages; this marks it as read and shows the customer "seen"."""
        ...

    def change_ticket(self, ticket_id: int, *, status: TicketStatus, user_id: int | None, queue_id: int) -> Ticket:
        """Give a ticket a status, a person or nobody, and a queue.

        Returns:
            The ticket as it is afterwards, which may not be as it was asked (contract 1.2).
        """
        ...

    def close_ticket(self, ticket_id: int) -> Ticket:
        """Close a ticket and leave the rest of it as it is.

        Returns:
            The ticket as it is afterwards: an edition that asks for a rating answers well and leaves it open.
        """
        ...

    def close(self) -> None:
        """Close the connections kept open."""
        ...
