"""Entering and leaving: /auth/token, /auth/refresh, /auth/logout, /auth/password, /auth/me."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from litestar import Request, Response, Router, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from secretaria.attendants.entering import Pass, Person, go_on, leave, log_in, renew_password
from secretaria.attendants.roles import Role
from secretaria.attendants.tokens import LIFE, TokenInvalid
from secretaria.bootstrap import Installation
from secretaria.web.access import (
    ACCESS_COOKIE,
    REFRESH_COOKIE,
    csrf_token,
    for_everyone,
    for_role,
    refuse_cross_site,
    refuse_foreign_page,
)
from secretaria.web.addresses import peer, site_of

SMALL_BODY = 4096
Http = Request[Any, Any, Any]
Body = dict[str, Any]
Words = Annotated[str, Meta(min_length=1, max_length=256)]
Code = Annotated[str, Meta(max_length=40)]


class Credentials(Struct, forbid_unknown_fields=True):
    """What is typed to enter; a browser asks for cookies, a program for tokens; a code where the account has a second step."""

    login: Words
    password: Words
    code: Code = ""
    session: Literal["token", "cookie"] = "token"


class Refreshing(Struct, forbid_unknown_fields=True):
    """What is sent to go on; a browser sends nothing, its cookie is enough."""

    refresh_token: Annotated[str, Meta(max_length=256)] = ""


class Leaving(Struct, forbid_unknown_fields=True):
    """Whether all sessions of the person end."""

    everywhere: bool = False


class NewPassword(Struct, forbid_unknown_fields=True):
    """The password in force and the one to be."""

    current: Words
    new: Words


@post("/token", status_code=200, sync_to_thread=True, request_max_body_size=SMALL_BODY, **for_everyone())
def enter(request: Http, data: JSONBody[Credentials], installation: NamedDependency[Installation]) -> Response[Body]:
    """Let somebody in."""
    refuse_foreign_page(request)
    given = log_in(installation.entrance, data.login, data.password, site_of(peer(request)), data.code)
    return _handed(installation, given, by_cookie=data.session == "cookie")


@post("/refresh", status_code=200, sync_to_thread=True, request_max_body_size=SMALL_BODY, **for_everyone())
def refresh(request: Http, data: JSONBody[Refreshing], installation: NamedDependency[Installation]) -> Response[Body]:
    """Exchange a refresh token for the next pass."""
    cookie = request.cookies.get(REFRESH_COOKIE, "")
    if data.refresh_token:
        return _handed(installation, go_on(installation.entrance, data.refresh_token), by_cookie=False)
    if not cookie:
        raise TokenInvalid
    refuse_cross_site(request, cookie.partition(".")[0], installation.entrance.keys)
    return _handed(installation, go_on(installation.entrance, cookie), by_cookie=True)


@post(
    "/logout",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SMALL_BODY,
    **for_role(Role.VIEWER, password_expired_too=True),
)
def log_out(
    data: JSONBody[Leaving], person: NamedDependency[Person], installation: NamedDependency[Installation]
) -> Response[Body]:
    """End the session, and with it every copy of its tokens."""
    leave(installation.entrance, person, everywhere=data.everywhere)
    return Response({"left": True}, cookies=no_cookies())


@post(
    "/password",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SMALL_BODY,
    **for_role(Role.VIEWER, password_expired_too=True),
)
def set_password(
    request: Http,
    data: JSONBody[NewPassword],
    person: NamedDependency[Person],
    installation: NamedDependency[Installation],
) -> Response[Body]:
    """Change one's own password; all sessions end, and a new one begins where tokens are handed out."""
    address = site_of(peer(request))
    given = renew_password(installation.entrance, person, data.current, data.new, address)
    return _handed(installation, given, by_cookie=ACCESS_COOKIE in request.cookies)


@get("/me", sync_to_thread=False, **for_role(Role.VIEWER, password_expired_too=True))
def me(person: NamedDependency[Person], installation: NamedDependency[Installation]) -> Body:
    """Say who is calling."""
    return _described(installation, person)


def _handed(installation: Installation, given: Pass, *, by_cookie: bool) -> Response[Body]:
    seconds = int(LIFE.total_seconds())
    described = {**_described(installation, given.person), "expires_in": seconds}
    if not by_cookie:
        tokens = {"access_token": given.access, "token_type": "Bearer", "refresh_token": given.refresh}
        return Response({**described, **tokens})
    return Response(described, cookies=pass_cookies(installation, given))


def pass_cookies(installation: Installation, given: Pass) -> list[Cookie]:
    """Return what a browser keeps of a pass."""
    longest = installation.settings.panel.longest_hours * 3600
    return [
        _cookie(ACCESS_COOKIE, given.access, int(LIFE.total_seconds())),
        _cookie(REFRESH_COOKIE, given.refresh, longest),
    ]


def no_cookies() -> list[Cookie]:
    """Return what makes a browser forget its pass."""
    return [_cookie(ACCESS_COOKIE, "", 0), _cookie(REFRESH_COOKIE, "", 0)]


def _described(installation: Installation, person: Person) -> Body:
    return {
        "login": person.login,
        "name": person.name,
        "role": person.role,
        "password_expired": person.password_expired,
        "csrf_token": csrf_token(person.session_id, installation.entrance.keys[0]),
    }


def _cookie(name: str, value: str, seconds: int) -> Cookie:
    return Cookie(key=name, value=value, path="/", max_age=seconds, secure=True, httponly=True, samesite="strict")


router = Router(path="/auth", route_handlers=[enter, refresh, log_out, set_password, me])
