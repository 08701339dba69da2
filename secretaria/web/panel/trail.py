"""Auditoria: who did what, when, from where; for the owner."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from secretaria.attendants.roles import Role
from secretaria.audit.trail import read_trail
from secretaria.bootstrap import Installation
from secretaria.web.access import for_role
from secretaria.web.panel.showing import Http, is_part, show

PERIODS = {"1": "hoje e ontem", "7": "7 dias", "30": "30 dias", "365": "1 ano"}
MOST = 200
Typed = Annotated[str, QueryParameter(max_length=100)]


@get("/painel/auditoria", sync_to_thread=True, **for_role(Role.OWNER))
def show_trail(
    request: Http,
    installation: NamedDependency[Installation],
    quem: Typed = "",
    acao: Typed = "",
    dias: Typed = "7",
) -> Response[str]:
    """Show the newest entries that fit, and no more than can be looked over."""
    days = dias if dias in PERIODS else "7"
    since = installation.clock.now() - timedelta(days=int(days))
    entries = read_trail(
        installation.engine, since=since, actor=quem.strip(), action=acao.strip().lower(), limit=MOST + 1
    )
    return show(
        request,
        "_trail.html" if is_part(request) else "trail.html",
        entries=entries[:MOST],
        more=len(entries) > MOST,
        most=MOST,
        asked={"quem": quem, "acao": acao, "dias": days},
        periods=PERIODS,
    )


routes = (show_trail,)
