"""What Secretária and Base de conhecimento share: one draft, which is published, dropped or carried over."""

from __future__ import annotations

from typing import Literal

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from msgspec import Struct

from secretaria.attendants.roles import Role
from secretaria.bootstrap import Installation
from secretaria.database.transaction import transaction
from secretaria.knowledge.changing import publish_draft
from secretaria.knowledge.drafting import Workbench, carry_draft_over, drop_draft, read_workbench
from secretaria.knowledge.store import PublishedMeanwhile
from secretaria.web.access import for_role
from secretaria.web.panel.acting import actor_of
from secretaria.web.panel.showing import Http, send_to, show

SMALL_BODY = 4096
LOST = 409
DONE = {
    "gravado": "Rascunho gravado. Nada muda para os clientes até alguém publicar.",
    "igual": "Nada mudou: é o que já está no ar.",
    "publicado": "Publicado. A próxima resposta já segue esta versão.",
    "descartado": "Rascunho descartado. Ele continua no histórico.",
    "trazido": "O rascunho agora parte da versão publicada.",
    "respondida": "Respondida. A base cresceu e a próxima resposta já a conhece.",
    "dispensada": "Pergunta dispensada.",
    "restaurado": "Versão restaurada. A próxima resposta já a segue.",
}


class Draft(Struct):
    """A draft, as somebody saw it.

    Attributes:
        versao: Its number.
        volta: The page it was seen on.
    """

    versao: int
    volta: Literal["/painel/secretaria", "/painel/base"] = "/painel/secretaria"


@post(
    "/painel/secretaria/publicar",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SMALL_BODY,
    **for_role(Role.OWNER),
)
def publish(request: Http, data: URLEncodedBody[Draft], installation: NamedDependency[Installation]) -> Response[str]:
    """Publish the draft; who comes second is told who came first."""
    try:
        publish_draft(installation.engine, data.versao, by=actor_of(request), now=installation.clock.now())
    except PublishedMeanwhile:
        bench = open_workbench(installation)
        return show(request, "_lost.html", status=LOST, bench=bench, draft=data.versao, back=data.volta)
    return send_to(request, f"{data.volta}?feito=publicado")


@post(
    "/painel/secretaria/descartar",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SMALL_BODY,
    **for_role(Role.OWNER),
)
def drop(request: Http, data: URLEncodedBody[Draft], installation: NamedDependency[Installation]) -> Response[str]:
    """Work on the draft no longer."""
    drop_draft(installation.engine, data.versao, by=actor_of(request), now=installation.clock.now())
    return send_to(request, f"{data.volta}?feito=descartado")


@post(
    "/painel/secretaria/trazer",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SMALL_BODY,
    **for_role(Role.OWNER),
)
def carry_over(
    request: Http, data: URLEncodedBody[Draft], installation: NamedDependency[Installation]
) -> Response[str]:
    """Make the changes of an overtaken draft again, to what is published now."""
    carry_draft_over(installation.engine, data.versao, by=actor_of(request), now=installation.clock.now())
    return send_to(request, f"{data.volta}?feito=trazido")


def open_workbench(installation: Installation) -> Workbench:
    """Read what is published and what is worked on; where nothing is published yet, the configured folder is first."""
    installation.library.ensure()
    with transaction(installation.engine) as session:
        return read_workbench(session)


routes = (publish, drop, carry_over)
