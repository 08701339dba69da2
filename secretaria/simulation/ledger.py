"""What the simulated Whaticket physically sent to customers: the oracle that tests and the demo read."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from secretaria.errors import Unavailable


class SendNotSeen(Unavailable):
    """The messages waited for were not sent in time."""


@dataclass(frozen=True)
class Sent:
    """One message that reached a customer's phone.

    Attributes:
        number: Digits of the customer.
        body: The text as the phone shows it, after the templates of Whaticket.
        at: Aware moment of the send.
        ticket_id: The ticket it was sent in.
        message_id: The WhatsApp id it got; the API never returns it, the ticket's messages do.
    """

    number: str
    body: str
    at: datetime
    ticket_id: int
    message_id: str


Listener = Callable[[Sent], None]


class Ledger:
    """The list of physical sends in order; safe to read and wait on from any thread."""

    def __init__(self) -> None:
        self._sent: list[Sent] = []
        self._listeners: list[Listener] = []
        self._changed = threading.Condition()

    def record(self, sent: Sent) -> None:
        """Write one send down and tell everyone who waits or listens."""
        with self._changed:
            self._sent.append(sent)
            listeners = list(self._listeners)
            self._changed.notify_all()
        for listener in listeners:
            listener(sent)

    def sent(self, number: str | None = None) -> tuple[Sent, ...]:
        """Return every send so far, oldest first, or only those to one number."""
        with self._changed:
            return tuple(sent for sent in self._sent if number in (None, sent.number))

    def wait_for(self, wanted: int | Callable[[Sequence[Sent]], bool], timeout: float) -> tuple[Sent, ...]:
        """Wait until enough was sent.

        Args:
            wanted: How many sends in all, or a question about all of them, asked again after each.
            timeout: Seconds to wait at most.

        Returns:
            Every send so far, oldest first.

        Raises:
            SendNotSeen: The time is over.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while not self._satisfies(wanted):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise SendNotSeen(
                        f"esperei {timeout:g} s e o Whaticket simulado só enviou {len(self._sent)} mensagem(ns)"
                    )
                self._changed.wait(left)
            return tuple(self._sent)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call a function after each send, on the server's thread.

        Returns:
            A function that ends the subscription.
        """
        with self._changed:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._changed:
                self._listeners.remove(listener)

        return unsubscribe

    def _satisfies(self, wanted: int | Callable[[Sequence[Sent]], bool]) -> bool:
        return wanted(self._sent) if callable(wanted) else len(self._sent) >= wanted
