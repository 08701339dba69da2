"""Conversas: who is waiting, what is said, and everything a person needs to go on with it; parts are renewed live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import uuid4

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from sqlmodel import Session

from secretaria.attendants.roles import Role
from secretaria.attendants.store import list_attendants
from secretaria.attending.board import MOST, PAGE, Filters, list_conversations
from secretaria.attending.holding import paused_for_all
from secretaria.attending.quick_answers import list_quick_answers
from secretaria.attending.record import BUBBLES, Record, open_record
from secretaria.bootstrap import Installation
from secretaria.context.schema import INTENTIONS
from secretaria.conversations.feed import newest_cursor
from secretaria.conversations.models import Mode
from secretaria.database.transaction import transaction
from secretaria.web.access import for_role
from secretaria.web.panel.navigation import MENU
from secretaria.web.panel.showing import Http, show

PERIODS = {"": "qualquer data", "1": "últimas 24 horas", "7": "7 dias", "30": "30 dias"}
SENTIMENTS = {"": "qualquer", "-1": "negativo", "0": "neutro", "1": "positivo"}
BASE_PAGE = "/painel/base"
MOST_BUBBLES = 2000
Typed = Annotated[str, QueryParameter(max_length=100)]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the list is filtered by, as it stands in the address and in the form."""

    busca: str = ""
    modo: str = ""
    intencao: str = ""
    sentimento: str = ""
    dias: str = ""
    quantas: int = PAGE


def asked_for(
    busca: Typed = "",
    modo: Typed = "",
    intencao: Typed = "",
    sentimento: Typed = "",
    dias: Typed = "",
    quantas: Annotated[int, QueryParameter(ge=1, le=MOST)] = PAGE,
) -> Asked:
    """Read the filters of a request; what is none of those offered filters nothing."""
    return Asked(
        busca,
        modo if modo in set(Mode) else "",
        intencao if intencao in INTENTIONS else "",
        sentimento if sentimento in SENTIMENTS else "",
        dias if dias in PERIODS else "",
        quantas,
    )


@get("/painel/conversas", sync_to_thread=True, **for_role(Role.VIEWER))
def show_conversations(
    request: Http, installation: NamedDependency[Installation], asked: NamedDependency[Asked]
) -> Response[str]:
    """Show the list."""
    with transaction(installation.engine) as session:
        cursor = newest_cursor(session)  # before what is shown is read, so that nothing falls in between
        board = _board(session, installation, asked)
    return show(request, "conversations.html", record=None, cursor=cursor, **board)


@get("/painel/conversas/lista", sync_to_thread=True, **for_role(Role.VIEWER, asked_by_page=True))
def renew_board(
    request: Http,
    installation: NamedDependency[Installation],
    asked: NamedDependency[Asked],
    aberta: FromQuery[int] = 0,
) -> Response[str]:
    """Show the list again."""
    with transaction(installation.engine) as session:
        board = _board(session, installation, asked)
    return show(request, "_board.html", here=aberta, **board)


@get("/painel/conversas/{conversation_id:int}", sync_to_thread=True, **for_role(Role.VIEWER))
def show_conversation(
    request: Http,
    conversation_id: FromPath[int],
    installation: NamedDependency[Installation],
    asked: NamedDependency[Asked],
    baloes: FromQuery[int] = BUBBLES,
) -> Response[str]:
    """Show one conversation beside the list."""
    with transaction(installation.engine) as session:
        cursor = newest_cursor(session)
        board = _board(session, installation, asked)
        about = _about(session, installation, conversation_id, baloes)
        answers = list_quick_answers(session)
    request_id = str(uuid4())
    return show(
        request, "conversations.html", cursor=cursor, answers=answers, request_id=request_id, **{**board, **about}
    )


@get(
    "/painel/conversas/{conversation_id:int}/partes",
    sync_to_thread=True,
    **for_role(Role.VIEWER, asked_by_page=True),
)
def renew_conversation(
    request: Http,
    conversation_id: FromPath[int],
    installation: NamedDependency[Installation],
    baloes: FromQuery[int] = BUBBLES,
) -> Response[str]:
    """Show again what may have changed of an open conversation; what is being typed stays."""
    return show_parts(request, installation, conversation_id, baloes)


def show_parts(
    request: Http,
    installation: Installation,
    conversation_id: int,
    bubbles: int = BUBBLES,
    **told: Any,  # noqa: ANN401  # what the template takes
) -> Response[str]:
    """Fill the parts of a conversation that change while it is open."""
    with transaction(installation.engine) as session:
        about = _about(session, installation, conversation_id, bubbles)
    return show(request, "_parts.html", **about, **told)


def _board(session: Session, installation: Installation, asked: Asked) -> Mapping[str, Any]:
    now = installation.clock.now()
    filters = Filters(
        search=asked.busca,
        mode=asked.modo or None,
        intention=asked.intencao or None,
        sentiment=int(asked.sentimento) if asked.sentimento else None,
        since=now - timedelta(days=int(asked.dias)) if asked.dias else None,
    )
    return {
        "rows": list_conversations(session, filters, limit=asked.quantas),
        "asked": asked,
        "most": MOST,
        "page_size": PAGE,
        "modes": list(Mode),
        "intentions": INTENTIONS,
        "sentiments": SENTIMENTS,
        "periods": PERIODS,
        "all_paused": paused_for_all(session),
        "names": _names(session),
    }


def _about(session: Session, installation: Installation, conversation_id: int, bubbles: int) -> Mapping[str, Any]:
    limit = min(max(bubbles, 1), MOST_BUBBLES)
    record: Record = open_record(session, conversation_id, now=installation.clock.now(), limit=limit)
    return {
        "record": record,
        "bubbles": limit,
        "more_bubbles": min(limit + BUBBLES, MOST_BUBBLES),
        "all_paused": paused_for_all(session),
        "names": _names(session),
        "has_base_page": any(item.path == BASE_PAGE for item in MENU),
    }


def _names(session: Session) -> Mapping[str, str]:
    """Return how those are called whose logins stand in what is shown; from the terminal, accounts of a machine act."""
    return {attendant.login: attendant.name for attendant in list_attendants(session)}


routes = (show_conversations, renew_board, show_conversation, renew_conversation)
