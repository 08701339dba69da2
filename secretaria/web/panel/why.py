"""Por que respondeu isso: the receipts of one answer, and what a person makes of them."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from msgspec import Meta, Struct

from secretaria.attendants.roles import Role
from secretaria.attending.explaining import explain_turn
from secretaria.bootstrap import Installation
from secretaria.database.transaction import transaction
from secretaria.replies.cases import LONGEST_NOTE, Expected, keep_as_case
from secretaria.web.access import for_role
from secretaria.web.panel.acting import actor_of
from secretaria.web.panel.conversations import BASE_PAGE
from secretaria.web.panel.navigation import MENU
from secretaria.web.panel.showing import Http, show

SMALL_BODY = 8192


class Judging(Struct):
    """What should have come of a turn."""

    note: Annotated[str, Meta(max_length=LONGEST_NOTE)]


@get("/painel/porque/{message_id:int}", sync_to_thread=True, **for_role(Role.VIEWER))
def explain(request: Http, message_id: FromPath[int], installation: NamedDependency[Installation]) -> Response[str]:
    """Show everything that is kept of how a bubble came about."""
    with transaction(installation.engine) as session:
        why = explain_turn(session, message_id=message_id)
    has_base_page = any(item.path == BASE_PAGE for item in MENU)
    return show(request, "_why.html", why=why, base_page=BASE_PAGE, has_base_page=has_base_page)


@post(
    "/painel/porque/{turn_id:int}/teste",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SMALL_BODY,
    **for_role(Role.ATTENDANT),
)
def keep(
    request: Http,
    turn_id: FromPath[int],
    data: URLEncodedBody[Judging],
    installation: NamedDependency[Installation],
) -> Response[str]:
    """Keep the turn as a case that evaluations answer again."""
    with transaction(installation.engine) as session:
        keep_as_case(session, turn_id, Expected(data.note), by=actor_of(request), now=installation.clock.now())
    return show(request, "_kept.html")


routes = (explain, keep)
