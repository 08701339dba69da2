"""Indicadores: how the attending goes, in numbers read from the rows themselves."""

from __future__ import annotations

from litestar import Response, get
from litestar.di import NamedDependency

from secretaria.attendants.roles import Role
from secretaria.bootstrap import Installation
from secretaria.database.transaction import transaction
from secretaria.replies.indicators import read_indicators
from secretaria.web.access import for_role
from secretaria.web.panel.showing import Http, show


@get("/painel/indicadores", sync_to_thread=True, **for_role(Role.VIEWER))
def show_indicators(request: Http, installation: NamedDependency[Installation]) -> Response[str]:
    """Show the moment."""
    with transaction(installation.engine) as session:
        present = read_indicators(session)
    return show(request, "indicators.html", present=present)
