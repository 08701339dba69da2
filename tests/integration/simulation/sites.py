"""A running Whaticket as a test sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from secretaria.clock import HeldClock
from secretaria.settings import Flavour
from secretaria.simulation.faults import SendFaults
from secretaria.simulation.ledger import Ledger
from secretaria.simulation.serving import LocalServer
from secretaria.simulation.tickets import TicketBook

TOKEN = "ficha-inventada"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
NUMBER = "5520900000101"
EMAIL, PASSWORD = "painel@clinica.example", "senha-inventada"


@dataclass
class Site:
    """One running Whaticket and everything a test turns or reads."""

    server: LocalServer
    http: httpx.Client
    ledger: Ledger
    faults: SendFaults
    book: TicketBook
    clock: HeldClock

    def send(self, body: str = "oi", number: object = NUMBER, **more: object) -> httpx.Response:
        """Send one text by the API."""
        fields = {"number": number, "body": body, **more}
        return self.http.post("/api/messages/send", json=fields, headers=AUTHORIZED)

    def log_in(self) -> dict[str, str]:
        """Open a panel session and return its header."""
        token = self.http.post("/auth/login", json={"email": EMAIL, "password": PASSWORD}).json()["token"]
        return {"Authorization": f"Bearer {token}"}


Open = Callable[[Flavour], Site]
