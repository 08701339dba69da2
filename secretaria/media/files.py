"""Finds the file of a message and downloads it: at the address the event told, or where Whaticket's panel lists it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from secretaria.egress import Limits, fetch, origin_of
from secretaria.errors import NotFound
from secretaria.whaticket.panel import Panel

MOST_TICKETS = 2
SECONDS = 10.0


class FileNotFound(NotFound):
    """Nobody tells where the file is, or it is not stored yet."""

    def __init__(self) -> None:
        super().__init__("o arquivo da mensagem não foi encontrado no Whaticket")


@dataclass(frozen=True, slots=True)
class Files:
    """Where files may come from.

    Attributes:
        whaticket_url: The back end; files at exactly this origin are trusted, also inside a private network.
        panel: Whaticket's panel, as one of its users; None where no login is configured.
        hosts: Other hosts whose files are taken, over https.
        trusted_origins: Other origins the operator trusts.
        max_bytes: Size of the largest file that is taken.
    """

    whaticket_url: str
    panel: Panel | None
    hosts: Sequence[str]
    trusted_origins: Sequence[str]
    max_bytes: int

    def download(self, url: str, number: str, provider_message_id: str | None) -> bytes:
        """Return the file of a message.

        Args:
            url: What the event told; empty where it told nothing usable.
            number: Digits of the customer, by whom the panel finds the ticket.
            provider_message_id: By which the panel finds the message.

        Raises:
            FileNotFound: There is no address for it.
            DestinationRefused: The address is not one we call.
            AnswerRefused: What it gives is not taken.
            DestinationUnavailable: It does not answer.
            PanelUnavailable: The panel does not answer.
        """
        address = url or self._listed(number, provider_message_id)
        if not address:
            raise FileNotFound
        return fetch(
            urljoin(self.whaticket_url, address),
            hosts=self.hosts,
            trusted_origins=(origin_of(self.whaticket_url), *self.trusted_origins),
            limits=Limits(total_seconds=SECONDS, max_bytes=self.max_bytes),
        )

    def _listed(self, number: str, provider_message_id: str | None) -> str:
        """Look a message up by its id among the newest of the customer's tickets; to them this shows as read."""
        if self.panel is None or not provider_message_id:
            return ""
        for ticket in self.panel.find_tickets(number)[:MOST_TICKETS]:
            for message in self.panel.messages(ticket.id).messages:
                if message.id == provider_message_id:
                    return message.media_url
        return ""
