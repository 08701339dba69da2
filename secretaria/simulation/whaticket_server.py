"""A Whaticket that speaks real HTTP: send, login, tickets and messages as its editions do, without any WhatsApp."""

from __future__ import annotations

from typing import Any

from litestar import Litestar, MediaType, Response, get, post
from litestar.di import Provide
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.params import FromPath

from secretaria.clock import Clock, SystemClock
from secretaria.settings import Flavour
from secretaria.simulation.connection import Answer, Connected, Http, Whaticket, deliver
from secretaria.simulation.faults import SendFaults
from secretaria.simulation.ledger import Ledger
from secretaria.simulation.send_contract import Refused, check_api_token, read_send_request
from secretaria.simulation.sessions import Sessions
from secretaria.simulation.tickets import TicketBook
from secretaria.simulation.whaticket_panel import (
    change_ticket,
    list_messages,
    list_tickets,
    login,
    refresh,
    show_ticket,
    write_message,
)


def create_whaticket(
    flavour: Flavour,
    token: str,
    ledger: Ledger,
    *,
    faults: SendFaults | None = None,
    book: TicketBook | None = None,
    email: str = "",
    password: str = "",
    clock: Clock | None = None,
) -> Litestar:
    """Build the application of one Whaticket with one connection.

    Args:
        flavour: The edition whose contract it keeps.
        token: The static token of the send API.
        ledger: Where physical sends are written down.
        faults: The switches for failures; a healthy server when left out.
        book: Its tickets; give one to let customers write or to look inside.
        email: Login of the panel user; empty closes the panel's routes.
        password: Password of the panel user; empty closes the panel's routes.
        clock: The time, for the life of tokens and the order of tickets.

    Returns:
        An application to run with ``LocalServer``.
    """
    time = clock or SystemClock()
    whaticket = Whaticket(
        flavour=flavour,
        token=token,
        ledger=ledger,
        faults=faults or SendFaults(),
        book=book or TicketBook(time),
        sessions=Sessions(email, password, time),
    )
    return Litestar(
        [send, login, refresh, list_tickets, show_ticket, change_ticket, list_messages, write_message, serve_file],
        dependencies={"whaticket": Provide(lambda: whaticket, sync_to_thread=False)},
        exception_handlers={
            Refused: _answer_refused,
            NotFoundException: _answer_not_found,
            MethodNotAllowedException: _answer_not_found,
        },
        openapi_config=None,
        logging_config=None,
    )


@post("/api/messages/send")
async def send(request: Http, whaticket: Connected) -> Answer:
    """Send a text to a number, with the connection's token."""
    check_api_token(whaticket.flavour, request.headers.get("authorization", ""), whaticket.token)
    wanted = read_send_request(whaticket.flavour, await request.body())
    ticket = whaticket.book.ticket_for_send(wanted.number, whaticket.flavour)
    answer = await deliver(request, whaticket, ticket, wanted.body, stored=wanted.save_on_ticket)
    if wanted.close_ticket:
        whaticket.book.change(ticket, {"status": "closed"})
    return answer


@get("/public/{name:str}", media_type="application/octet-stream")
async def serve_file(whaticket: Connected, name: FromPath[str]) -> Response[bytes]:
    """Serve a file that a customer sent, to whoever knows its name, as the real one does."""
    file = whaticket.book.files.get(name)
    if file is None:
        raise NotFoundException
    return Response(file, media_type="application/octet-stream")


def _answer_refused(_: Http, refused: Refused) -> Response[Any]:
    return Response({"error": refused.error}, status_code=refused.status)


def _answer_not_found(request: Http, _: HTTPException) -> Response[Any]:
    page = f"<!DOCTYPE html><pre>Cannot {request.method} {request.url.path}</pre>"
    return Response(page, status_code=404, media_type=MediaType.HTML)
