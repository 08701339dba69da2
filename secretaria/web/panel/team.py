"""Equipe: who enters the panel, and as what; for the owner."""

from __future__ import annotations

import secrets
from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from msgspec import Meta, Struct

from secretaria.attendants.accounts import (
    AccountsRoom,
    add_attendant,
    change_password,
    change_role,
    disable_attendant,
    enable_attendant,
)
from secretaria.attendants.roles import Role
from secretaria.attendants.store import list_attendants
from secretaria.bootstrap import Installation
from secretaria.database.transaction import transaction
from secretaria.web.access import for_role
from secretaria.web.panel.acting import actor_of
from secretaria.web.panel.showing import Http, show

SMALL_BODY = 4096
DRAWN_BYTES = 12
Login = Annotated[str, Meta(min_length=1, max_length=100)]


class NewAttendant(Struct):
    """Somebody who shall enter."""

    login: Login
    role: Role
    name: Annotated[str, Meta(max_length=100)] = ""


class WhoseRole(Struct):
    """Somebody, and what the person may do from now on."""

    login: Login
    role: Role


class Whose(Struct):
    """Somebody of the team."""

    login: Login


@get("/painel/equipe", sync_to_thread=True, **for_role(Role.OWNER))
def show_team(request: Http, installation: NamedDependency[Installation]) -> Response[str]:
    """Show everybody who has an account."""
    return _team(request, installation, "team.html")


@post("/painel/equipe", status_code=200, sync_to_thread=True, request_max_body_size=SMALL_BODY, **for_role(Role.OWNER))
def add(
    request: Http, data: URLEncodedBody[NewAttendant], installation: NamedDependency[Installation]
) -> Response[str]:
    """Open an account under a drawn password, which is shown once and must be changed at the first entry."""
    drawn = secrets.token_urlsafe(DRAWN_BYTES)
    room = _room(request, installation)
    added = add_attendant(room, login=data.login, name=data.name, role=data.role, password=drawn, expired=True)
    return _team(request, installation, "_team.html", drawn=drawn, whose=added.login)


@post(
    "/painel/equipe/papel",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SMALL_BODY,
    **for_role(Role.OWNER),
)
def set_role(
    request: Http, data: URLEncodedBody[WhoseRole], installation: NamedDependency[Installation]
) -> Response[str]:
    """Let somebody do more or less."""
    change_role(_room(request, installation), data.login, data.role)
    return _team(request, installation, "_team.html", done=f"{data.login}: papel trocado; precisa entrar de novo")


@post(
    "/painel/equipe/senha",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SMALL_BODY,
    **for_role(Role.OWNER),
)
def reset_password(
    request: Http, data: URLEncodedBody[Whose], installation: NamedDependency[Installation]
) -> Response[str]:
    """Draw a new password, shown once."""
    drawn = secrets.token_urlsafe(DRAWN_BYTES)
    change_password(_room(request, installation), data.login, drawn, expired=True)
    return _team(request, installation, "_team.html", drawn=drawn, whose=data.login)


@post(
    "/painel/equipe/fechar",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SMALL_BODY,
    **for_role(Role.OWNER),
)
def disable(request: Http, data: URLEncodedBody[Whose], installation: NamedDependency[Installation]) -> Response[str]:
    """Close an account; its sessions end at once."""
    disable_attendant(_room(request, installation), data.login)
    return _team(request, installation, "_team.html", done=f"{data.login}: conta fechada")


@post(
    "/painel/equipe/reabrir",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SMALL_BODY,
    **for_role(Role.OWNER),
)
def enable(request: Http, data: URLEncodedBody[Whose], installation: NamedDependency[Installation]) -> Response[str]:
    """Open a closed account again."""
    enable_attendant(_room(request, installation), data.login)
    return _team(request, installation, "_team.html", done=f"{data.login}: conta reaberta")


def _team(
    request: Http, installation: Installation, template: str, *, drawn: str = "", whose: str = "", done: str = ""
) -> Response[str]:
    with transaction(installation.engine) as session:
        team = list_attendants(session)
    return show(request, template, team=team, roles=list(Role), drawn=drawn, whose=whose, done=done)


def _room(request: Http, installation: Installation) -> AccountsRoom:
    return installation.accounts_room(actor_of(request))


routes = (show_team, add, set_role, reset_password, disable, enable)
