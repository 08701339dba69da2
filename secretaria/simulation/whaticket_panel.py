"""The panel's API of a simulated Whaticket, behind its JWT: login, tickets and their messages."""

from __future__ import annotations

from litestar import Response, get, post, put
from litestar.datastructures import Cookie
from litestar.params import FromPath

from secretaria.simulation.connection import Answer, Connected, EmptyAnswer, Http, Whaticket, deliver
from secretaria.simulation.send_contract import (
    INTERNAL,
    INVALID_TOKEN,
    SAAS_FOREIGN_TICKET,
    Refused,
    internal_error,
    read_json,
    refusal,
)
from secretaria.simulation.sessions import REFRESH_LIFE
from secretaria.simulation.tickets import MESSAGES_PER_PAGE, TICKETS_PER_PAGE, Ticket, message_json, ticket_json

PANEL_USER = {"id": 1, "name": "Atendente", "profile": "admin", "queues": []}


@post("/auth/login")
async def login(request: Http, whaticket: Connected) -> Answer:
    """Open a panel session."""
    fields = read_json(await request.body())
    email, password = fields.get("email"), fields.get("password")
    if not isinstance(email, str) or not isinstance(password, str):
        raise Refused(500, INTERNAL)
    if not whaticket.sessions.knows(email, password):
        raise Refused(401, "ERR_INVALID_CREDENTIALS")
    return _session(whaticket)


@post("/auth/refresh_token")
async def refresh(request: Http, whaticket: Connected) -> Answer:
    """Renew a panel session by its cookie."""
    if not whaticket.sessions.accepts_refresh(request.cookies.get("jrt", "")):
        raise Refused(401, "ERR_SESSION_EXPIRED")
    return _session(whaticket)


@get("/tickets")
async def list_tickets(request: Http, whaticket: Connected) -> Answer:
    """List tickets, the last touched first, 40 a page."""
    _check_session(request, whaticket)
    query = request.query_params
    status, search = query.get("status", ""), query.get("searchParam", "").casefold()
    found = [
        ticket
        for ticket in whaticket.book.tickets()
        if status in ("", ticket.status)
        and (search in ticket.name.casefold() or search in ticket.number)
        and (query.get("showAll") == "true" or ticket.status == "pending" or ticket.user_id == PANEL_USER["id"])
    ]
    end = _page(request) * TICKETS_PER_PAGE
    page = found[end - TICKETS_PER_PAGE : end]
    return Response(
        {"tickets": [ticket_json(ticket) for ticket in page], "count": len(found), "hasMore": end < len(found)}
    )


@get("/tickets/{ticket_id:int}")
async def show_ticket(request: Http, whaticket: Connected, ticket_id: FromPath[int]) -> Answer:
    """Show one ticket."""
    _check_session(request, whaticket)
    return Response(ticket_json(_ticket(whaticket, ticket_id)))


@put("/tickets/{ticket_id:int}")
async def change_ticket(request: Http, whaticket: Connected, ticket_id: FromPath[int]) -> Answer:
    """Close, reopen, hand over or move a ticket to a queue."""
    _check_session(request, whaticket)
    ticket = _ticket(whaticket, ticket_id)
    if not whaticket.book.change(ticket, read_json(await request.body())):
        raise internal_error("saas") if whaticket.flavour == "saas" else Refused(400, "ERR_OTHER_OPEN_TICKET")
    return Response(ticket_json(ticket))


@get("/messages/{ticket_id:int}")
async def list_messages(request: Http, whaticket: Connected, ticket_id: FromPath[int]) -> Answer:
    """List a ticket's messages, 20 a page; this marks it as read, as the real one does."""
    _check_session(request, whaticket)
    ticket = _ticket(whaticket, ticket_id)
    page = _page(request)
    messages, count = whaticket.book.read_messages(ticket, page)
    return Response(
        {
            "messages": [message_json(message, str(request.base_url)) for message in messages],
            "ticket": ticket_json(ticket),
            "count": count,
            "hasMore": page * MESSAGES_PER_PAGE < count,
        }
    )


@post("/messages/{ticket_id:int}")
async def write_message(request: Http, whaticket: Connected, ticket_id: FromPath[int]) -> Answer:
    """Send a text inside a ticket, as a person at the panel does."""
    _check_session(request, whaticket)
    ticket = _ticket(whaticket, ticket_id)
    body = read_json(await request.body()).get("body")
    if not isinstance(body, str):
        raise refusal(whaticket.flavour, "ERR_SENDING_WAPP_MSG")
    await deliver(request, whaticket, ticket, body, stored=True)
    return EmptyAnswer()


def _session(whaticket: Whaticket) -> Answer:
    token, refresh_value = whaticket.sessions.issue()
    cookie = Cookie(key="jrt", value=refresh_value, httponly=True, max_age=int(REFRESH_LIFE.total_seconds()))
    return Response({"token": token, "user": PANEL_USER}, status_code=200, cookies=[cookie])


def _check_session(request: Http, whaticket: Whaticket) -> None:
    """Let a living JWT pass.

    Raises:
        Refused: 401 without one, 403 with another, in the words of the edition.
    """
    authorization = request.headers.get("authorization", "")
    ticketz = whaticket.flavour == "ticketz"
    if not authorization:
        raise Refused(401, "ERR_UNAUTHORIZED" if ticketz else "ERR_SESSION_EXPIRED")
    if not whaticket.sessions.accepts_token(authorization.partition(" ")[2]):
        raise Refused(403, "ERR_SESSION_EXPIRED" if ticketz else INVALID_TOKEN)


def _ticket(whaticket: Whaticket, ticket_id: int) -> Ticket:
    ticket = whaticket.book.ticket(ticket_id)
    if ticket is None:
        raise Refused(400, SAAS_FOREIGN_TICKET) if whaticket.flavour == "saas" else Refused(404, "ERR_NO_TICKET_FOUND")
    return ticket


def _page(request: Http) -> int:
    given = request.query_params.get("pageNumber", "1")
    return int(given) if given.isdecimal() and int(given) > 0 else 1
