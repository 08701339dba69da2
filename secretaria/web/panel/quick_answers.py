"""Respostas rápidas: what the team types every day, under short names."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from msgspec import Meta, Struct

from secretaria.attendants.roles import Role
from secretaria.attending.quick_answers import LONGEST, list_quick_answers, remove_quick_answer, save_quick_answer
from secretaria.bootstrap import Installation
from secretaria.database.transaction import transaction
from secretaria.web.access import for_role
from secretaria.web.panel.acting import actor_of
from secretaria.web.panel.attending import BODY
from secretaria.web.panel.showing import Http, show

CHANGES: dict[str, Any] = {
    "status_code": 200,
    "sync_to_thread": True,
    "request_max_body_size": BODY,
}


class Answer(Struct):
    """A text under its name."""

    name: Annotated[str, Meta(max_length=100)]
    text: Annotated[str, Meta(max_length=2 * LONGEST)]


class Named(Struct):
    """One of them."""

    name: Annotated[str, Meta(max_length=100)]


@get("/painel/respostas-rapidas", sync_to_thread=True, **for_role(Role.VIEWER))
def show_answers(request: Http, installation: NamedDependency[Installation]) -> Response[str]:
    """Show all of them."""
    return _answers(request, installation, "quick_answers.html")


@post("/painel/respostas-rapidas", **CHANGES, **for_role(Role.ATTENDANT))
def save(request: Http, data: URLEncodedBody[Answer], installation: NamedDependency[Installation]) -> Response[str]:
    """Write one, or write over it."""
    with transaction(installation.engine) as session:
        save_quick_answer(session, data.name, data.text, actor_of(request), installation.clock.now())
    return _answers(request, installation, "_quick_answers.html")


@post("/painel/respostas-rapidas/remover", **CHANGES, **for_role(Role.ATTENDANT))
def remove(request: Http, data: URLEncodedBody[Named], installation: NamedDependency[Installation]) -> Response[str]:
    """Remove one."""
    with transaction(installation.engine) as session:
        remove_quick_answer(session, data.name, actor_of(request), installation.clock.now())
    return _answers(request, installation, "_quick_answers.html")


def _answers(request: Http, installation: Installation, template: str) -> Response[str]:
    with transaction(installation.engine) as session:
        answers = list_quick_answers(session)
    return show(request, template, answers=answers)


routes = (show_answers, save, remove)
