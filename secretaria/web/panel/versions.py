"""The versions of the business: who made each, when, what it changed; and the way back to one."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from msgspec import Struct

from secretaria.attendants.roles import Role
from secretaria.bootstrap import Installation
from secretaria.database.transaction import transaction
from secretaria.knowledge.changing import restore
from secretaria.knowledge.difference import Difference, compare
from secretaria.knowledge.store import find_version, list_editions, published_id, snapshot_of
from secretaria.web.access import for_role
from secretaria.web.panel.acting import actor_of
from secretaria.web.panel.changes import told_changes
from secretaria.web.panel.drafts import SMALL_BODY, open_workbench
from secretaria.web.panel.showing import Http, send_to, show

MOST = 200


class Chosen(Struct):
    """One version."""

    versao: int


@get("/painel/secretaria/versoes", sync_to_thread=True, **for_role(Role.VIEWER))
def show_versions(request: Http, installation: NamedDependency[Installation]) -> Response[str]:
    """Show all versions, newest first."""
    bench = open_workbench(installation)
    with transaction(installation.engine) as session:
        editions = list_editions(session, MOST)
    return show(request, "versions.html", editions=editions, bench=bench)


@get("/painel/secretaria/versoes/{number:int}", sync_to_thread=True, **for_role(Role.VIEWER))
def show_version(request: Http, number: FromPath[int], installation: NamedDependency[Installation]) -> Response[str]:
    """Show what one version changed of the one that it was made from."""
    with transaction(installation.engine) as session:
        version = find_version(session, number)
        difference = Difference((), ())
        if version.parent_id is not None:
            difference = compare(snapshot_of(find_version(session, version.parent_id)), snapshot_of(version))
        live = published_id(session)
    return show(request, "version.html", version=version, changes=told_changes(difference), live=live)


@post(
    "/painel/secretaria/restaurar",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SMALL_BODY,
    **for_role(Role.OWNER),
)
def bring_back(
    request: Http, data: URLEncodedBody[Chosen], installation: NamedDependency[Installation]
) -> Response[str]:
    """Publish what an older version says, as a new one."""
    change = restore(installation.engine, data.versao, by=actor_of(request), now=installation.clock.now())
    return send_to(request, f"/painel/secretaria?feito={'restaurado' if change.published else 'igual'}")


routes = (show_versions, show_version, bring_back)
