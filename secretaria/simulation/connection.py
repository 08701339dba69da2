"""One connection of a simulated Whaticket: its parts, and the physical send with everything that can go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from litestar import MediaType, Request, Response
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.response.base import ASGIResponse

from secretaria.settings import Flavour
from secretaria.simulation.faults import SendFaults
from secretaria.simulation.ledger import Ledger, Sent
from secretaria.simulation.send_contract import (
    COMMUNITY_COLUMN_LIMIT,
    SUCCESS,
    Refused,
    internal_error,
    refusal,
    render,
)
from secretaria.simulation.serving import linger, reset_connection
from secretaria.simulation.sessions import Sessions
from secretaria.simulation.tickets import Ticket, TicketBook

BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>"

Http = Request[Any, Any, State]
Answer = Response[Any]


@dataclass(frozen=True)
class Whaticket:
    """The parts of one simulated Whaticket, as its routes see them."""

    flavour: Flavour
    token: str
    ledger: Ledger
    faults: SendFaults
    book: TicketBook
    sessions: Sessions


Connected = NamedDependency[Whaticket]


async def deliver(request: Http, whaticket: Whaticket, ticket: Ticket, body: str, *, stored: bool) -> Answer:
    """Send physically, unless a fault comes first; what happens after the send cannot undo it.

    Args:
        request: Kept waiting, or broken, by some faults.
        whaticket: The connection.
        ticket: Where the customer is.
        body: The text as it was given, templates and all.
        stored: False where no copy is kept on the ticket.

    Returns:
        The answer of a send by the API.

    Raises:
        Refused: An error of Whaticket, which may come after the send.
    """
    await linger(request.receive, whaticket.faults.delay_seconds)
    fault = whaticket.faults.take()
    if fault is not None and not fault.endswith("_after_send"):
        return await _fail(request, whaticket, fault)
    text = render(whaticket.flavour, body)
    shown_after = timedelta(seconds=whaticket.faults.shown_after_seconds)
    message = whaticket.book.store_sent(ticket, text, stored=stored, shown_after=shown_after)
    whaticket.ledger.record(Sent(ticket.number, text, message.at, ticket.id, message.id))
    if fault is not None:
        return await _fail(request, whaticket, fault)
    if whaticket.flavour == "community" and len(text.encode()) > COMMUNITY_COLUMN_LIMIT:
        raise Refused(400, "ERR_SENDING_WAPP_MSG")
    success = SUCCESS[whaticket.flavour]
    return Response(success, status_code=200) if success else EmptyAnswer()


async def _fail(request: Http, whaticket: Whaticket, fault: str) -> Answer:
    if fault.startswith("ERR_"):
        raise refusal(whaticket.flavour, fault)
    if fault == "400_after_send":
        raise refusal(whaticket.flavour, "ERR_SENDING_WAPP_MSG")
    if fault == "500_after_send":
        raise internal_error(whaticket.flavour)
    if fault.startswith("hang"):
        await linger(request.receive, None)
    if fault.startswith("reset"):
        reset_connection(request.scope)
    return Response(BAD_GATEWAY, status_code=502, media_type=MediaType.HTML)


class EmptyAnswer(Response[None]):
    """200 with ``Content-Length: 0`` and no content type, which is how community says that it sent."""

    def __init__(self) -> None:
        super().__init__(None, status_code=200)

    def to_asgi_response(self, *_: object, **__: object) -> ASGIResponse:
        """Return the bare answer instead of an empty JSON."""
        return _BareAnswer(status_code=200)


class _BareAnswer(ASGIResponse):
    def encode_headers(self) -> list[tuple[bytes, bytes]]:
        return [(b"content-length", b"0")]
