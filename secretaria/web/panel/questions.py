"""What customers asked in vain: answered once, so that the base grows, or put away."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from msgspec import Meta, Struct

from secretaria.attendants.roles import Role
from secretaria.bootstrap import Installation
from secretaria.knowledge.business import BusinessInvalid
from secretaria.knowledge.drafting import keep_draft_up
from secretaria.knowledge.editing import ChunkInvalid
from secretaria.knowledge.missing import answer_once, dismiss
from secretaria.knowledge.soundness import LONGEST_CHUNK
from secretaria.web.access import for_role
from secretaria.web.panel.acting import actor_of
from secretaria.web.panel.drafts import SMALL_BODY
from secretaria.web.panel.knowledge_base import LARGE_BODY, PAGE, UNREADABLE
from secretaria.web.panel.showing import Http, send_to, show


class Answer(Struct):
    """What customers may be told."""

    pergunta: int
    resposta: Annotated[str, Meta(max_length=4 * LONGEST_CHUNK)] = ""
    titulo: Annotated[str, Meta(max_length=500)] = ""


class Question(Struct):
    """One question."""

    pergunta: int


@post(
    f"{PAGE}/responder",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=LARGE_BODY,
    **for_role(Role.OWNER),
)
def answer(request: Http, data: URLEncodedBody[Answer], installation: NamedDependency[Installation]) -> Response[str]:
    """Answer once: the answer is published as a unit of the base."""
    by, now = actor_of(request), installation.clock.now()
    try:
        answer_once(installation.engine, data.pergunta, data.resposta, by=by, now=now, title=data.titulo)
    except (ChunkInvalid, BusinessInvalid) as error:
        reasons = [problem.reason for problem in error.problems] if isinstance(error, BusinessInvalid) else []
        beside = {"HX-Retarget": f"#flaw-{data.pergunta}", "HX-Reswap": "innerHTML"}
        sentence = "; ".join(reasons) or error.message
        return show(
            request, "_refusal.html", status=UNREADABLE, headers=beside, sentence=sentence, hint=error.hint
        )  # fmt: skip
    keep_draft_up(installation.engine, by=by, now=now)
    return send_to(request, f"{PAGE}?feito=respondida")


@post(
    f"{PAGE}/dispensar",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SMALL_BODY,
    **for_role(Role.OWNER),
)
def put_away(
    request: Http, data: URLEncodedBody[Question], installation: NamedDependency[Installation]
) -> Response[str]:
    """Take a question off the list for good."""
    dismiss(installation.engine, data.pergunta, by=actor_of(request), now=installation.clock.now())
    return send_to(request, f"{PAGE}?feito=dispensada")


routes = (answer, put_away)
