"""Agenda: a day or a week at a glance, and what may be done to one booking."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, URLEncodedBody
from msgspec import Meta, Struct

from secretaria.agenda import store
from secretaria.agenda.booking import SlotTaken
from secretaria.agenda.by_hand import BookingChanged, agenda_of, cancel_by_hand, confirm_by_hand
from secretaria.agenda.desk import Place, move_at_desk
from secretaria.agenda.diary import read_days, read_visit
from secretaria.attendants.roles import Role
from secretaria.audit.trail import note
from secretaria.bootstrap import Installation
from secretaria.database.transaction import transaction
from secretaria.web.access import for_role
from secretaria.web.panel import agenda_times as times
from secretaria.web.panel.acting import actor_of
from secretaria.web.panel.showing import Http, is_part, send_to, show

SMALL_BODY = 4096
NO_NUL = r"^[^\x00]*$"  # PostgreSQL keeps everything else
VIEWS = {"dia": "Dia", "semana": "Semana"}
WEEK = 7
EXPORTED_DAYS = 60
Word = Annotated[str, QueryParameter(max_length=40)]
Code = Annotated[str, Meta(min_length=1, max_length=40)]
Moment = Annotated[str, Meta(max_length=40, pattern=NO_NUL)]


class Which(Struct):
    """A booking, the time it was seen at, and the list it was seen in, if it was one."""

    codigo: Code
    visto: Moment
    dia: Moment = ""
    vista: Moment = ""
    unidade: Moment = ""


class NewTime(Struct):
    """A booking, the time it was seen at, and where and when it shall be."""

    codigo: Code
    visto: Moment
    unidade: Moment
    dia: Moment
    hora: Moment = ""
    outra: Moment = ""
    encaixe: Moment = ""


@get("/painel/agenda", sync_to_thread=True, **for_role(Role.VIEWER))
def show_agenda(
    request: Http,
    installation: NamedDependency[Installation],
    dia: Word = "",
    vista: Word = "dia",
    unidade: Word = "",
    feito: Word = "",
) -> Response[str]:
    """Show a day, or the week around it."""
    told = _look(installation, dia, vista, unidade)
    if told is None:
        return show(request, "agenda_none.html")
    done = ""
    if feito and not is_part(request):
        with transaction(installation.engine) as session:
            done = times.told(installation, read_visit(session, feito)[0])
    return show(request, "_agenda.html" if is_part(request) else "agenda.html", **told, done=done)


@get("/painel/agenda/marcacao/{code:str}", sync_to_thread=True, **for_role(Role.VIEWER))
def show_booking(request: Http, installation: NamedDependency[Installation], code: FromPath[str]) -> Response[str]:
    """Show one booking with its history, and what may be done to it."""
    return _booking(request, installation, code, "booking.html")


@post(
    "/painel/agenda/confirmar",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SMALL_BODY,
    **for_role(Role.ATTENDANT),
)
def confirm(request: Http, data: URLEncodedBody[Which], installation: NamedDependency[Installation]) -> Response[str]:
    """Note that the customer will come."""
    return _decide(request, installation, data, "confirm")


@post(
    "/painel/agenda/cancelar",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SMALL_BODY,
    **for_role(Role.ATTENDANT),
)
def cancel(request: Http, data: URLEncodedBody[Which], installation: NamedDependency[Installation]) -> Response[str]:
    """Cancel a booking."""
    return _decide(request, installation, data, "cancel")


@get("/painel/agenda/mover/{code:str}", sync_to_thread=True, **for_role(Role.ATTENDANT))
def ask_new_time(
    request: Http,
    installation: NamedDependency[Installation],
    code: FromPath[str],
    dia: Word = "",
    unidade: Word = "",
) -> Response[str]:
    """Ask for the new time of a booking."""
    with transaction(installation.engine) as session:
        visit, _ = read_visit(session, code)
    local = visit.starts_at.astimezone(times.zone(installation))
    day = times.day_in(dia, local.date())
    choice = times.choice(installation, visit.kind, unidade or visit.unit, day)
    return show(request, "booking_move.html", visit=visit, **choice)


@post(
    "/painel/agenda/mover",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SMALL_BODY,
    **for_role(Role.ATTENDANT),
)
def move(request: Http, data: URLEncodedBody[NewTime], installation: NamedDependency[Installation]) -> Response[str]:
    """Give a booking another time; whoever is too late sees what is free now, and keeps what was chosen."""
    starts_at = times.moment_in(installation, data.dia, data.outra or data.hora)
    try:
        with transaction(installation.engine) as session:
            moved = move_at_desk(
                session,
                installation.business.card,
                data.codigo,
                Place(data.unidade, starts_at, outside_hours=bool(data.encaixe)),
                actor_of(request),
                installation.clock.now(),
                seen=_seen(data.visto),
            )
    except SlotTaken as taken:
        with transaction(installation.engine) as session:
            kind = read_visit(session, data.codigo)[0].kind
        return times.show_taken(request, installation, taken, kind, data.unidade, data.dia)
    return send_to(request, f"/painel/agenda?dia={data.dia}&feito={moved.code}")


@get("/painel/agenda.ics", sync_to_thread=True, media_type="text/calendar", **for_role(Role.ATTENDANT))
def download_calendar(request: Http, installation: NamedDependency[Installation], dia: Word = "") -> Response[bytes]:
    """Hand the coming weeks to another calendar, with names but without numbers; it is written down who took them."""
    from secretaria.agenda.calendar_file import write_calendar  # noqa: PLC0415  # a hundred modules for a file now and then, read in a thread

    card, now = installation.business.card, installation.clock.now()
    agenda_of(card)
    first = times.day_in(dia, times.today(installation))
    with transaction(installation.engine) as session:
        bookings = store.bookings_between(
            session, times.midnight(installation, first), times.midnight(installation, first + timedelta(EXPORTED_DAYS))
        )
        content = write_calendar(bookings, card, {}, now)
        note(session, actor_of(request), "agenda.exported", "agenda", at=now)
    return Response(
        content,
        media_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="agenda-{first:%Y-%m-%d}.ics"'},
    )


def _look(installation: Installation, dia: str, vista: str, unidade: str) -> dict[str, Any] | None:
    """Return what the list shows, whatever was typed into its address; None where there is no agenda."""
    card, now = installation.business.card, installation.clock.now()
    if card.agenda is None:
        return None
    view, unit = vista if vista in VIEWS else "dia", unidade if unidade in card.hours.units else ""
    today = times.today(installation)
    day = times.day_in(dia, today)
    first = day - timedelta(days=day.weekday()) if view == "semana" else day
    length = WEEK if view == "semana" else 1
    with transaction(installation.engine) as session:
        days = read_days(session, card, card.agenda, first, length, now, unit or None)
    return {
        "days": days,
        "day": day,
        "today": today,
        "before": day - timedelta(days=length),
        "after": day + timedelta(days=length),
        "view": view,
        "views": VIEWS,
        "unit": unit,
        "units": list(card.hours.units),
        "usual_kind": card.agenda.kinds[0],
        "kind_names": card.agenda.names,
    }


def _decide(request: Http, installation: Installation, data: Which, change: str) -> Response[str]:
    decide = {"confirm": confirm_by_hand, "cancel": cancel_by_hand}[change]
    card, now = installation.business.card, installation.clock.now()
    with transaction(installation.engine) as session:
        decide(session, card, data.codigo, by=actor_of(request), now=now, seen=_seen(data.visto))
    told = _look(installation, data.dia, data.vista, data.unidade) if data.vista else None
    if told is None:
        return _booking(request, installation, data.codigo, "_booking.html")
    with transaction(installation.engine) as session:
        done = times.told(installation, read_visit(session, data.codigo)[0])
    return show(request, "_agenda.html", **told, done=done)


def _booking(request: Http, installation: Installation, code: str, template: str) -> Response[str]:
    with transaction(installation.engine) as session:
        visit, changes = read_visit(session, code)
    return show(request, template, visit=visit, changes=changes, kind_names=times.kind_names(installation))


def _seen(written: str) -> datetime | None:
    """Return the time a page showed; one that cannot be read was shown by no page of ours."""
    try:
        seen = datetime.fromisoformat(written)
    except ValueError:
        raise BookingChanged from None
    if seen.tzinfo is None:
        raise BookingChanged
    return seen


routes = (show_agenda, show_booking, confirm, cancel, ask_new_time, move, download_calendar)
