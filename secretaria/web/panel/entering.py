"""The way in and out: login, log-out, one's own password."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter, URLEncodedBody
from msgspec import Meta, Struct

from secretaria.attendants.entering import Person, leave, log_in, renew_password
from secretaria.attendants.roles import Role
from secretaria.bootstrap import Installation
from secretaria.errors import SecretariaError
from secretaria.web.access import for_everyone, for_role, refuse_foreign_page
from secretaria.web.addresses import peer, site_of
from secretaria.web.auth import Code, no_cookies, pass_cookies
from secretaria.web.failures import headers_of, status_of
from secretaria.web.panel.navigation import HOME
from secretaria.web.panel.refusals import LOGIN, PASSWORD
from secretaria.web.panel.showing import Http, send_to, show

SMALL_BODY = 4096
REASONS = {"terminou": "Sua sessão terminou. Entre de novo.", "saiu": "Você saiu.", "": ""}
Words = Annotated[str, Meta(min_length=1, max_length=256)]
Asked = Annotated[str, QueryParameter(max_length=500)]
Back = Annotated[str, Meta(max_length=500)]


class Credentials(Struct):
    """What is typed to enter, and the page that was asked for before."""

    login: Words
    password: Words
    code: Code = ""
    depois: Back = ""


class NewPassword(Struct):
    """The password in force, the one to be, and the same once more."""

    current: Words
    new: Words
    again: Words


@get(LOGIN, sync_to_thread=True, **for_everyone())
def show_login(request: Http, depois: Asked = "", motivo: Asked = "") -> Response[str]:
    """Ask who it is."""
    return _login(request, depois, notice=REASONS.get(motivo, ""))


@post(LOGIN, sync_to_thread=True, request_max_body_size=SMALL_BODY, **for_everyone())
def enter(
    request: Http, data: URLEncodedBody[Credentials], installation: NamedDependency[Installation]
) -> Response[str]:
    """Let somebody in, and on to the page that was asked for."""
    refuse_foreign_page(request)
    try:
        given = log_in(installation.entrance, data.login, data.password, site_of(peer(request)), data.code)
    except SecretariaError as error:
        return _login(request, data.depois, error=error, login=data.login)
    answer = send_to(request, PASSWORD if given.person.password_expired else _inside(data.depois))
    answer.cookies = pass_cookies(installation, given)
    return answer


@post(
    "/painel/sair",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SMALL_BODY,
    **for_role(Role.VIEWER, password_expired_too=True),
)
def go_out(
    request: Http, person: NamedDependency[Person], installation: NamedDependency[Installation]
) -> Response[str]:
    """End the session."""
    leave(installation.entrance, person)
    answer = send_to(request, f"{LOGIN}?motivo=saiu")
    answer.cookies = no_cookies()
    return answer


@get(PASSWORD, sync_to_thread=True, **for_role(Role.VIEWER, password_expired_too=True))
def show_password(request: Http) -> Response[str]:
    """Ask for a new password."""
    return show(request, "password.html")


@post(
    PASSWORD,
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SMALL_BODY,
    **for_role(Role.VIEWER, password_expired_too=True),
)
def set_password(
    request: Http,
    data: URLEncodedBody[NewPassword],
    person: NamedDependency[Person],
    installation: NamedDependency[Installation],
) -> Response[str]:
    """Change one's own password; all sessions end, and a new one begins here."""
    if data.new != data.again:  # typed twice by the same person: nothing is compared with a secret that is kept
        return show(request, "_refusal.html", status=400, sentence="as duas senhas novas não são iguais", hint="")
    given = renew_password(installation.entrance, person, data.current, data.new, site_of(peer(request)))
    answer = send_to(request, HOME)
    answer.cookies = pass_cookies(installation, given)
    return answer


def _login(
    request: Http, back: str, *, notice: str = "", error: SecretariaError | None = None, login: str = ""
) -> Response[str]:
    return show(
        request,
        "login.html",
        status=status_of(error) if error else 200,
        headers=headers_of(error) if error else None,
        back=back,
        notice=notice,
        error=error,
        login=login,
        keeps_sessions=_keeps_sessions(request),
    )


def _inside(back: str) -> str:
    """Return a page of ours to go to; what somebody made up leads home."""
    inside = back.startswith("/painel/") and not any(sign in back for sign in ("//", "\\", ".."))
    return back if inside and back.isprintable() and not back.startswith(LOGIN) else HOME


def _keeps_sessions(request: Http) -> bool:
    """Say whether a browser will keep our cookies: they are for TLS, or for this very machine."""
    if request.scope["scheme"] == "https":
        return True
    host = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


routes = (show_login, enter, go_out, show_password, set_password)
