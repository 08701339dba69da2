"""The port to Whaticket: hand over one text, and say honestly what is known of it afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """What a hand-over proved."""

    ACCEPTED = "accepted"
    """Whaticket took the text."""
    NOT_SENT = "not_sent"
    """Surely not sent; the same call may work later."""
    MISCONFIGURED = "misconfigured"
    """Surely not sent, and no message will be until a person mends the address, the token or the plan."""
    REFUSED = "refused"
    """Surely not sent, and this one never will be."""
    UNKNOWN = "unknown"
    """It may have left: never repeated by itself."""


@dataclass(frozen=True, slots=True)
class SendResult:
    """What is known after one hand-over.

    Attributes:
        outcome: What may be done with the message next.
        status: The HTTP status, or None where no answer was read.
        error: A short code of ours or of Whaticket, at most 200 characters, never personal data.
        provider_message_id: The WhatsApp id, where this Whaticket returns it.
        ticket_id: Whaticket's ticket, where it was looked up.
        retry_after_seconds: Wait at least this long, or None where the caller's own backoff stands.
        alert: A person should hear of it now.
    """

    outcome: Outcome
    status: int | None = None
    error: str = ""
    provider_message_id: str | None = None
    ticket_id: int | None = None
    retry_after_seconds: float | None = None
    alert: bool = False


class Gateway(Protocol):
    """Hands texts to one Whaticket connection; may be shared by threads."""

    def send_text(self, number: str, body: str) -> SendResult:
        """Hand over one text, once; what surely did not leave may be tried again for a few seconds.

        Args:
            number: Digits exactly as they were received.
            body: What the customer should read.
        """
        ...

    def ping(self) -> None:
        """Return when Whaticket answers HTTP at all, whatever it says.

        Raises:
            Unavailable: Nothing answers.
        """
        ...

    def close(self) -> None:
        """Close the connections kept open."""
        ...
