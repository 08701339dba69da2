"""Puts the panel together: its pages, how a session goes on between them, and how a refusal looks."""

from __future__ import annotations

from litestar import Response, Router, get
from litestar.datastructures import MutableScopeHeaders
from litestar.di import Provide
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.types import Message, Scope

from secretaria.attendants.entering import Pass
from secretaria.bootstrap import Installation
from secretaria.web.access import GOES_ON, RENEWED, for_everyone
from secretaria.web.auth import pass_cookies
from secretaria.web.panel import (
    agenda,
    agenda_new,
    attending,
    conversations,
    drafts,
    entering,
    indicators,
    knowledge_base,
    live,
    operation,
    questions,
    quick_answers,
    secretary,
    team,
    trail,
    versions,
    why,
)
from secretaria.web.panel.navigation import HOME
from secretaria.web.panel.refusals import HANDLERS
from secretaria.web.panel.showing import Http, send_to
from secretaria.web.panel.static_files import hand_out


@get("/painel", sync_to_thread=False, **for_everyone())
def go_home(request: Http) -> Response[str]:
    """Send to the first page; who is not in is asked there."""
    return send_to(request, HOME)


@get("/painel/{rest:path}", sync_to_thread=False, **for_everyone())
def lose_the_way(rest: FromPath[str]) -> None:
    """Tell in a page, not in JSON, that there is none of this name."""
    raise NotFoundException(rest)


async def keep_going(message: Message, scope: Scope) -> None:
    """Hand the next cookies to a browser whose session was renewed on the way in, whatever is answered."""
    given: Pass | None = scope.get("state", {}).get(RENEWED)
    if given is None or message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    if "set-cookie" in headers:  # the page itself ended or began a session
        return
    installation: Installation = scope["litestar_app"].state.installation
    for cookie in pass_cookies(installation, given):
        headers.add("set-cookie", cookie.to_header(header=""))


PAGES = (
    entering,
    conversations,
    live,
    attending,
    why,
    agenda,
    agenda_new,
    quick_answers,
    secretary,
    drafts,
    versions,
    knowledge_base,
    questions,
    indicators,
    operation,
    team,
    trail,
)
router = Router(
    path="/",
    route_handlers=[go_home, lose_the_way, hand_out, *(route for page in PAGES for route in page.routes)],
    dependencies={"asked": Provide(conversations.asked_for, sync_to_thread=False)},
    opt={GOES_ON: True},
    exception_handlers=HANDLERS,
    include_in_schema=False,
)
