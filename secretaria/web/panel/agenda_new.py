"""Agenda: a new booking, for a customer who is known, for a number or for a name."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter, URLEncodedBody
from msgspec import Meta, Struct
from sqlmodel import Session

from secretaria.agenda.booking import SlotTaken
from secretaria.agenda.desk import Place, Wanted, book_at_desk
from secretaria.agenda.diary import find_clients, number_in
from secretaria.attendants.roles import Role
from secretaria.bootstrap import Installation
from secretaria.conversations.store import upsert_contact
from secretaria.database.transaction import transaction
from secretaria.web.access import for_role
from secretaria.web.panel import agenda_times as times
from secretaria.web.panel.acting import actor_of
from secretaria.web.panel.showing import Http, send_to, show
from secretaria.whaticket.numbers import identity_key

SMALL_BODY = 4096
NO_NUL = r"^[^\x00]*$"  # PostgreSQL keeps everything else
Word = Annotated[str, QueryParameter(max_length=40)]
Said = Annotated[str, Meta(max_length=40, pattern=NO_NUL)]
Words = Annotated[str, Meta(max_length=80, pattern=NO_NUL)]


class NewBooking(Struct):
    """What is booked: for the contact that was chosen, else for the number or the name that was typed."""

    tipo: Said
    unidade: Said
    dia: Said
    pedido: Said
    hora: Said = ""
    outra: Said = ""
    encaixe: Said = ""
    quem: Words = ""
    contato: Annotated[str, Meta(max_length=18, pattern=r"^[0-9]*$")] = ""
    nome: Words = ""


class Who(Struct):
    """What was typed of a customer so far."""

    quem: Words = ""


@get("/painel/agenda/marcar", sync_to_thread=True, **for_role(Role.ATTENDANT))
def ask_booking(
    request: Http,
    installation: NamedDependency[Installation],
    dia: Word = "",
    unidade: Word = "",
    hora: Word = "",
    tipo: Word = "",
) -> Response[str]:
    """Ask what is to be booked, for whom and when."""
    choice = times.choice(installation, tipo, unidade, times.day_in(dia, times.today(installation)), hora)
    return show(request, "booking_new.html", request_id=str(uuid4()), **choice)


@get("/painel/agenda/horarios", sync_to_thread=True, **for_role(Role.ATTENDANT))
def offer_times(
    request: Http,
    installation: NamedDependency[Installation],
    dia: Word = "",
    unidade: Word = "",
    tipo: Word = "",
    hora: Word = "",
) -> Response[str]:
    """Show what is free of a kind, in a unit, on a day."""
    choice = times.choice(installation, tipo, unidade, times.day_in(dia, times.today(installation)), hora)
    return show(request, "_times.html", **choice)


@post(
    "/painel/agenda/clientes",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SMALL_BODY,
    **for_role(Role.ATTENDANT),
)
def offer_clients(
    request: Http, data: URLEncodedBody[Who], installation: NamedDependency[Installation]
) -> Response[str]:
    """Show the customers that a name or a number may mean; a post, because addresses end up in logs."""
    with transaction(installation.engine) as session:
        clients = find_clients(session, data.quem)
    return show(request, "_clients.html", clients=clients, asked=data.quem.strip(), number=number_in(data.quem))


@post(
    "/painel/agenda/marcar",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SMALL_BODY,
    **for_role(Role.ATTENDANT),
)
def book(request: Http, data: URLEncodedBody[NewBooking], installation: NamedDependency[Installation]) -> Response[str]:
    """Book it; whoever is too late sees what is free now, and keeps what was typed."""
    card, now = installation.business.card, installation.clock.now()
    starts_at = times.moment_in(installation, data.dia, data.outra or data.hora)
    try:
        with transaction(installation.engine) as session:
            contact_id = _contact(session, data, installation)
            person = data.nome.strip() or (data.quem.strip() if contact_id is None else "")
            wanted = Wanted(
                kind=data.tipo,
                place=Place(data.unidade, starts_at, outside_hours=bool(data.encaixe)),
                contact_id=contact_id,
                person=person or None,
                request_id=data.pedido,
            )
            booking = book_at_desk(session, card, wanted, actor_of(request), now)
    except SlotTaken as taken:
        return times.show_taken(request, installation, taken, data.tipo, data.unidade, data.dia)
    return send_to(request, f"/painel/agenda?dia={data.dia}&feito={booking.code}")


def _contact(session: Session, data: NewBooking, installation: Installation) -> int | None:
    """Return the contact that was chosen, or the one behind a number that was typed, who may be new."""
    if data.contato:
        return int(data.contato)
    number = number_in(data.quem)
    if number is None:
        return None
    now = installation.clock.now()
    return upsert_contact(session, identity_key=identity_key(number), number=number, name=None, now=now)


routes = (ask_booking, offer_times, offer_clients, book)
