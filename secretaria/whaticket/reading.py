"""What one inbound item turned out to be: a message to answer, something to leave alone, or nothing usable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from msgspec import Struct

Outcome = Literal["message", "ignored", "rejected"]
Kind = Literal[
    "text",
    "image",
    "video",
    "document",
    "audio",
    "sticker",
    "interactive",
    "template",
    "location",
    "contact",
]


@dataclass(frozen=True, slots=True)
class Media:
    """A reference to the file of a message.

    Attributes:
        url: Where Whaticket serves it, absolute or as a path of its back end; empty where the event tells no usable
            address: what WhatsApp itself serves is encrypted, and only Whaticket's panel has it in the clear.
        mime: The type that is claimed, without parameters; empty where none is.
        seconds: The length that is claimed; None where none is.
    """

    url: str = ""
    mime: str = ""
    seconds: float | None = None


class Reading(Struct, frozen=True):
    """One inbound item, read.

    An ignored item keeps its text and kind only when somebody may need them: ``from_me`` (a person wrote from the
    phone) and ``unresolved_lid`` (a customer nobody can answer).

    Attributes:
        outcome: ``message`` is answered, ``ignored`` is acknowledged and left alone, ``rejected`` is refused.
        reason: Why it is not a message, by the name the contract gives it; empty for a message.
        number: Digits of the customer, exactly as received, or None when no field holds a usable one.
        text: What the customer said or captioned, trimmed; may be empty for media, location and contact.
        kind: What was sent, or None when that is not known.
        message_id: The id WhatsApp gave, or None when the shape carries none.
        sent_at: When it was sent, aware and in UTC, or None when unusable: the time of arrival stands.
        name: The name the customer goes by, at most 120 characters, or None.
        ticket_id: Whaticket's ticket, or None where the shape tells none.
        media: Where its file may be found; None where it has none.
        closes_ticket: Whether it says that a person has closed this customer's ticket.
    """

    outcome: Outcome
    reason: str = ""
    number: str | None = None
    text: str = ""
    kind: Kind | None = None
    message_id: str | None = None
    sent_at: datetime | None = None
    name: str | None = None
    ticket_id: int | None = None
    media: Media | None = None
    closes_ticket: bool = False
