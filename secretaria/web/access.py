"""Who may use a route: each declares it, and a route that declares nothing keeps the service from starting."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from secretaria.attendants.entering import Entrance, Person, go_on, prove
from secretaria.attendants.roles import Role
from secretaria.attendants.tokens import TokenInvalid
from secretaria.audit.trail import Actor, note_alone
from secretaria.bootstrap import Installation
from secretaria.settings import secret_values
from secretaria.web.addresses import is_internal, peer, site_of
from secretaria.web.described import OF_ALERTMANAGER, OF_EVERYONE, OF_INTERNAL, OF_PERSONS, responses

ACCESS = "access"
EXPIRED_TOO = "password_expired_too"
BY_PAGE = "asked_by_page"
GOES_ON = "goes_on"  # on a router: its pages renew a session by themselves, no script of theirs has to
RENEWED = "renewed"  # where the answer finds the next cookies of a session that was renewed
EVERYONE, INTERNAL, ALERTMANAGER = "everyone", "internal", "alertmanager"
ACCESS_COOKIE, REFRESH_COOKIE = "__Host-secretaria-access", "__Host-secretaria-refresh"
CSRF_HEADER = "x-csrf-token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_SITE = frozenset({"same-origin", "none"})
RANK = {Role.VIEWER: 0, Role.ATTENDANT: 1, Role.OWNER: 2}

Connection = ASGIConnection[Any, Any, Any, Any]


class RouteUndeclared(RuntimeError):
    """A route does not say who may use it; this is a fault of ours, found at start."""


class CrossSite(PermissionDeniedException):
    """A change was asked for by a page that is not ours."""

    detail = "pedido recusado: não veio de uma página do painel"


class PasswordExpired(PermissionDeniedException):
    """The password was given by somebody else and must be changed before anything."""

    detail = "troque a senha antes: POST /auth/password"


def for_everyone(told: Mapping[int, Any] | None = None) -> dict[str, Any]:
    """Declare a route that needs nobody to be known.

    Args:
        told: Shapes of answers, by status, that are not refusals.
    """
    return {"opt": {ACCESS: EVERYONE}, "responses": responses(OF_EVERYONE, told)}


def for_internal(told: Mapping[int, Any] | None = None) -> dict[str, Any]:
    """Declare a route for our own networks, or for whoever has ``METRICS_TOKEN``; to others it does not exist.

    Args:
        told: Shapes of answers, by status, that are not refusals.
    """
    return {"opt": {ACCESS: INTERNAL}, "guards": [_require_internal], "responses": responses(OF_INTERNAL, told)}


def for_alertmanager() -> dict[str, Any]:
    """Declare a route for whoever has ``ALERTS_TOKEN``, from wherever; to others, and without one to all, it does not exist.

    Our own networks are not enough: a page opened in a browser inside of them can post.
    """
    return {
        "opt": {ACCESS: ALERTMANAGER},
        "guards": [_require_alerts_token],
        "responses": responses(OF_ALERTMANAGER),
    }


def for_role(role: Role, *, password_expired_too: bool = False, asked_by_page: bool = False) -> dict[str, Any]:
    """Declare a route for people of a role and of those above it.

    Args:
        role: The least that is needed.
        password_expired_too: Whether it serves people who must change their password first.
        asked_by_page: Whether open pages ask by themselves; nobody is at work because of it, so no session lives longer.
    """
    opt = {ACCESS: role, EXPIRED_TOO: password_expired_too, BY_PAGE: asked_by_page}
    return {"opt": opt, "guards": [_require_person], "responses": responses(OF_PERSONS)}


def require_declarations(app: Litestar) -> None:
    """Walk all routes of an application.

    Raises:
        RouteUndeclared: One does not say who may use it, or says so without a guard that holds it.
    """
    for route in app.routes:
        for handler in getattr(route, "route_handlers", [getattr(route, "route_handler", None)]):
            if getattr(handler, "http_methods", None) == {"OPTIONS"}:  # the framework's own; it tells methods only
                continue
            declared = handler.opt.get(ACCESS)
            guards = [getattr(guard, "func", guard) for guard in handler.resolve_guards()]
            held = declared == EVERYONE or any(guard in HOLDING for guard in guards)
            if declared is None or not held:
                raise RouteUndeclared(route.path)


def csrf_token(session_id: str, key: str) -> str:
    """Return the word that only a page of ours, shown within a session, knows."""
    return hmac.new(key.encode(), f"csrf:{session_id}".encode(), hashlib.sha256).hexdigest()


def refuse_cross_site(connection: Connection, session_id: str, keys: Sequence[str]) -> None:
    """Refuse a change that rests on a cookie unless a page of ours asked for it.

    Raises:
        CrossSite: The browser says so, or the page does not know the word of the session.
    """
    refuse_foreign_page(connection)
    given = connection.headers.get(CSRF_HEADER, "").encode()
    if not any(hmac.compare_digest(csrf_token(session_id, key).encode(), given) for key in keys):
        raise CrossSite


def refuse_foreign_page(connection: Connection) -> None:
    """Refuse what a browser says another site's page asked for.

    Raises:
        CrossSite: It was.
    """
    headers = connection.headers
    origin = headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != headers.get("host", "")
    if foreign or headers.get("sec-fetch-site", "none") not in OWN_SITE:
        raise CrossSite


def _require_person(connection: Connection, handler: BaseRouteHandler) -> None:
    """Let in whoever a token vouches for and whose role is enough."""
    installation: Installation = connection.app.state.installation
    entrance = installation.entrance
    person = _proven(
        connection, entrance, goes_on=handler.opt.get(GOES_ON, False), used=not handler.opt.get(BY_PAGE, False)
    )
    if RANK[person.role] < RANK[handler.opt[ACCESS]]:
        _note_denied(connection, entrance, person)
        raise PermissionDeniedException("seu papel não permite isto")
    if person.password_expired and not handler.opt[EXPIRED_TOO]:
        raise PasswordExpired
    connection.state.person = person


def _note_denied(connection: Connection, entrance: Entrance, person: Person) -> None:
    """Keep in the audit who tried to go where their role does not lead."""
    actor = Actor(person.login, "panel", site_of(peer(connection)))
    asked = f"{connection.scope.get('method', '')} {connection.scope.get('path_template', '')}"
    note_alone(entrance.engine, actor, "access.denied", asked, at=entrance.clock.now())


def _proven(connection: Connection, entrance: Entrance, *, goes_on: bool, used: bool) -> Person:
    """Prove who is calling; a page's session whose access cookie is over is renewed by its refresh cookie."""
    try:
        token, from_cookie = _presented(connection)
        person = prove(entrance, token, used=used)
    except TokenInvalid:
        refresh = connection.cookies.get(REFRESH_COOKIE)
        if not (goes_on and refresh) or "authorization" in connection.headers:
            raise
        _refuse_change_from_elsewhere(connection, refresh.partition(".")[0], entrance)
        given = go_on(entrance, refresh, used=used)
        connection.state[RENEWED] = given
        return given.person
    if from_cookie:
        _refuse_change_from_elsewhere(connection, person.session_id, entrance)
    return person


def _refuse_change_from_elsewhere(connection: Connection, session_id: str, entrance: Entrance) -> None:
    if connection.scope["method"] not in SAFE_METHODS:  # type: ignore[typeddict-item]  # HTTP only
        refuse_cross_site(connection, session_id, entrance.keys)


def _presented(connection: Connection) -> tuple[str, bool]:
    """Return the token of a request, and whether the browser sent it by itself."""
    values = connection.headers.getall("authorization", [])
    if values:
        scheme, _, token = values[0].partition(" ")
        if len(values) > 1 or scheme.lower() != "bearer":
            raise TokenInvalid
        return token, False
    cookie = connection.cookies.get(ACCESS_COOKIE)
    if not cookie:
        raise TokenInvalid
    return cookie, True


def provide_person(request: Connection) -> Person:
    """Hand the person who was let in to a handler."""
    person: Person = request.state.person
    return person


def _require_internal(connection: Connection, _: BaseRouteHandler) -> None:
    installation: Installation = connection.app.state.installation
    section = installation.settings.server
    if is_internal(connection, section.internal_networks, behind_proxy=bool(section.trusted_proxies)):
        return
    _require_token(connection, secret_values(installation.settings.secrets.metrics_token))


def _require_alerts_token(connection: Connection, _: BaseRouteHandler) -> None:
    installation: Installation = connection.app.state.installation
    _require_token(connection, secret_values(installation.settings.secrets.alerts_token))


def _require_token(connection: Connection, tokens: Sequence[str]) -> None:
    given = connection.headers.get("authorization", "").removeprefix("Bearer ").encode()
    if not any(hmac.compare_digest(token.encode(), given) for token in tokens):
        raise NotFoundException


HOLDING = frozenset({_require_internal, _require_alerts_token, _require_person})
