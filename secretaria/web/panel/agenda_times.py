"""What the pages of the agenda share: days and times as they are typed and told, and the times that are free."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Response

from secretaria.agenda.by_hand import agenda_of
from secretaria.agenda.diary import Visit, free_times
from secretaria.agenda.slots import local_moment
from secretaria.agenda.spoken import written_at, written_name
from secretaria.bootstrap import Installation
from secretaria.database.transaction import transaction
from secretaria.errors import SecretariaError, UsageInvalid
from secretaria.web.failures import status_of
from secretaria.web.panel.showing import Http, show

STATES = {"booked": "marcado", "confirmed": "confirmado", "cancelled": "cancelado"}
FIRST_YEAR, LAST_YEAR = 2000, 2100


class TimeInvalid(UsageInvalid):
    """What was typed is no time of that day."""

    def __init__(self) -> None:
        super().__init__(
            "falta a hora, ou ela não existe nesse dia", "escolha um horário livre ou escreva outro, como 14:30"
        )


def day_in(written: str, usual: date) -> date:
    """Return the day that an address or a form names; another one where it names none that a calendar shows."""
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return usual
    return day if FIRST_YEAR <= day.year < LAST_YEAR else usual


def moment_in(installation: Installation, day: str, at: str) -> datetime:
    """Return the moment that a form names, in the zone of the business.

    Raises:
        TimeInvalid: It names none.
    """
    try:
        said = time.fromisoformat(at).replace(second=0, microsecond=0, tzinfo=None)
        moment = local_moment(date.fromisoformat(day), said, zone(installation))
    except (ValueError, OverflowError):
        raise TimeInvalid from None
    if moment is None:
        raise TimeInvalid
    return moment


def choice(installation: Installation, kind: str, unit: str, day: date, hour: str = "") -> dict[str, Any]:
    """Return what a form needs to let somebody choose a time: what is free of a kind, in a unit, on a day."""
    card, now = installation.business.card, installation.clock.now()
    agenda = agenda_of(card)
    kind = kind if kind in agenda.kinds else agenda.kinds[0]
    unit = unit if unit in card.hours.units else next(iter(card.hours.units))
    with transaction(installation.engine) as session:
        free = free_times(session, card, agenda, kind, unit, day, now)
    return {
        "kind": kind,
        "unit": unit,
        "day": day,
        "hour": hour,
        "free": [f"{at.astimezone(zone(installation)):%H:%M}" for at in free],
        "minutes": agenda.minutes_of(kind),
        "kinds": agenda.kinds,
        "kind_names": agenda.names,
        "units": list(card.hours.units),
    }


def show_taken(
    request: Http, installation: Installation, error: SecretariaError, kind: str, unit: str, day: str
) -> Response[str]:
    """Tell that somebody was quicker, and put what is free now into the form, which keeps the rest."""
    free = choice(installation, kind, unit, day_in(day, today(installation)))
    return show(
        request, "_taken.html", status=status_of(error), sentence=error.message, hint="veja os horários livres", **free
    )


def told(installation: Installation, visit: Visit) -> str:
    """Return one booking in a sentence: what, for whom, when, where, and how it stands."""
    kind = kind_names(installation).get(visit.kind, written_name(visit.kind))
    who = f" de {visit.who}" if visit.who else ""
    at = written_at(visit.starts_at, zone(installation))
    return f"{kind.capitalize()}{who}, {at}, {written_name(visit.unit).title()}: {STATES[visit.state]}"


def kind_names(installation: Installation) -> dict[str, str]:
    """Return the kinds as customers read them."""
    return agenda_of(installation.business.card).names


def today(installation: Installation) -> date:
    """Return the present day of the business."""
    return installation.clock.now().astimezone(zone(installation)).date()


def midnight(installation: Installation, day: date) -> datetime:
    """Return when a day of the business begins."""
    return datetime.combine(day, time(), tzinfo=zone(installation))


def zone(installation: Installation) -> ZoneInfo:
    """Return the zone of the business."""
    return installation.business.card.identity.timezone
