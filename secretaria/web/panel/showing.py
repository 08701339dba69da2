"""Fills the templates: every page and every part of one goes out through here."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from litestar import MediaType, Request, Response

from secretaria.attendants.entering import Person
from secretaria.attendants.roles import Role
from secretaria.bootstrap import Installation
from secretaria.errors import SecretariaError
from secretaria.knowledge.business import Identity
from secretaria.web.access import RANK, csrf_token
from secretaria.web.panel import formats, wording
from secretaria.web.panel.navigation import menu_for
from secretaria.web.panel.static_files import address_of

FOLDER = Path(__file__).with_name("templates")
ZONE_WITHOUT_BUSINESS = ZoneInfo("America/Sao_Paulo")
NAME_WITHOUT_BUSINESS = "Secretaria Virtual"
# With no-referrer a browser would send `Origin: null` with the form of the login, as a stranger's page does.
HEADERS = {"Referrer-Policy": "same-origin"}

Http = Request[Any, Any, Any]


def show(
    request: Http,
    template: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **told: Any,  # noqa: ANN401
) -> Response[str]:
    """Fill a template.

    Args:
        request: Whom it is shown to; the person who was let in, if any, stands in its state.
        template: Name of the file; one that begins with ``_`` is a part that htmx puts into a page.
        status: HTTP status.
        headers: To be sent beside ours.
        **told: What the template knows beside who looks, the menu and the clock.
    """
    body = templates().get_template(template).render(**_about(request), **told)
    return Response(body, status_code=status, media_type=MediaType.HTML, headers={**HEADERS, **(headers or {})})


def send_to(request: Http, address: str) -> Response[str]:
    """Send a browser to another page, also where htmx asked for a part of this one."""
    if is_part(request):
        return Response("", headers={"HX-Redirect": address})
    return Response("", status_code=303, headers={"Location": address})


def is_part(request: Http) -> bool:
    """Say whether htmx asks, for a part of a page that is already open."""
    return request.headers.get("hx-request") == "true"


def zone_of(installation: Installation) -> ZoneInfo:
    """Return the zone in which the business counts its days."""
    identity = _identity(installation)
    return identity.timezone if identity else ZONE_WITHOUT_BUSINESS


@cache
def templates() -> Environment:
    """Return the templates; text of anybody is escaped and neutralised without a template having to think of it."""
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=formats.neutralised,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "moment": _moment,
        "short_moment": _short_moment,
        "hour": _hour,
        "long_day": formats.long_day,
        "short_day": formats.short_day,
        "span": formats.span,
        "number": formats.number,
        "masked": formats.masked,
        "percent": formats.percent,
        "dollars": formats.dollars,
        "word": wording.word,
    }
    made.globals["static"] = address_of
    return made


def _about(request: Http) -> dict[str, Any]:
    """Say what every template knows."""
    installation: Installation = request.app.state.installation
    person: Person | None = getattr(request.state, "person", None)
    identity = _identity(installation)
    known = {
        "business_name": identity.name if identity else NAME_WITHOUT_BUSINESS,
        "zone": identity.timezone if identity else ZONE_WITHOUT_BUSINESS,
        "now": installation.clock.now(),
        "person": person,
        "path": request.scope["path"],
    }
    if person is None:
        return {**known, "csrf": "", "menu": (), "may": lambda _: False}
    return {
        **known,
        "csrf": csrf_token(person.session_id, installation.entrance.keys[0]),
        "menu": menu_for(person.role),
        "may": lambda role: RANK[person.role] >= RANK[Role(role)],
    }


def _identity(installation: Installation) -> Identity | None:
    with suppress(SecretariaError):  # a page that tells what is wrong must not fail by it
        return installation.business.card.identity
    return None


@pass_context
def _moment(context: Context, at: datetime) -> str:
    return formats.moment(at, context["zone"])


@pass_context
def _short_moment(context: Context, at: datetime) -> str:
    return formats.short_moment(at, context["zone"], context["now"])


@pass_context
def _hour(context: Context, at: datetime) -> str:
    return formats.hour(at, context["zone"])
