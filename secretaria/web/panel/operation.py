"""Operação: how everything is, what stands in the queues and since when, and what the owner does about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import redis
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from msgspec import Meta, Struct

import secretaria
from secretaria.attendants.roles import Role
from secretaria.attending.holding import paused_for_all
from secretaria.bootstrap import Installation
from secretaria.database.schema import current_revision, newest_revision
from secretaria.database.transaction import transaction
from secretaria.queue.heartbeats import LivingWorker, describe_workers
from secretaria.queue.pauses import pause_queue, resume_queue
from secretaria.releases.noted import last_release
from secretaria.replies import interventions
from secretaria.replies.backlog import list_standing, read_stats
from secretaria.replies.interventions import Intervention, InterventionRoom, possible
from secretaria.replies.references import Reference, chosen_queues, parse_reference
from secretaria.replies.story import FACTS, STEPS, tell_story
from secretaria.web.access import for_role
from secretaria.web.panel.acting import actor_of
from secretaria.web.panel.showing import Http, is_part, show

SMALL_BODY = 4096
MOST = 100
MOST_ON_THE_WAY = 10
DONE = {
    Intervention.RETRY: "de volta à fila",
    Intervention.ARRIVED: "anotado que já chegou ao cliente",
    Intervention.DROP: "ninguém mais vai olhar",
}
INTERVENE: dict[Intervention, Callable[[InterventionRoom, Reference], None]] = {
    Intervention.RETRY: interventions.retry,
    Intervention.ARRIVED: interventions.confirm_arrived,
    Intervention.DROP: interventions.drop,
}


class QueueSwitch(Struct):
    """A queue, and whether it shall run."""

    fila: Annotated[str, Meta(max_length=40)]
    acao: Literal["pausar", "retomar"]


class Decision(Struct):
    """What is decided about a row that stands still."""

    item: Annotated[str, Meta(max_length=60)]
    acao: Intervention


@get("/painel/operacao", sync_to_thread=True, **for_role(Role.VIEWER))
def show_operation(request: Http, installation: NamedDependency[Installation]) -> Response[str]:
    """Show everything as it is now; a page that is open stands as it was while nobody can be proven to be in."""
    return _operation(request, installation, "_operation.html" if is_part(request) else "operation.html")


@get("/painel/operacao/historia/{item:str}", sync_to_thread=True, **for_role(Role.VIEWER))
def show_story(request: Http, installation: NamedDependency[Installation], item: FromPath[str]) -> Response[str]:
    """Tell what happened to one row, without what anybody wrote."""
    reference = parse_reference(item)
    story = tell_story(installation.engine, reference)
    return show(
        request,
        "operation_story.html",
        story=story,
        choices=possible(reference, story.state, story.reason),
        steps=STEPS,
        facts=FACTS,
        done="",
    )


@post(
    "/painel/operacao/fila",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SMALL_BODY,
    **for_role(Role.OWNER),
)
def switch_queue(
    request: Http, data: URLEncodedBody[QueueSwitch], installation: NamedDependency[Installation]
) -> Response[str]:
    """Stop a queue in all workers, or let it run again."""
    (queue,) = chosen_queues([data.fila])
    actor, now = actor_of(request), installation.clock.now()
    if data.acao == "pausar":
        pause_queue(installation.engine, queue, by=actor.name, now=now, actor=actor)
        done = "fila pausada: o que chega é guardado e espera"
    else:
        resume_queue(installation.engine, queue, now=now, actor=actor)
        done = "fila retomada: o que esperava anda em alguns segundos"
    return _operation(request, installation, "_operation.html", done=done)


@post(
    "/painel/operacao/item",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SMALL_BODY,
    **for_role(Role.OWNER),
)
def decide(request: Http, data: URLEncodedBody[Decision], installation: NamedDependency[Installation]) -> Response[str]:
    """Try a row again, believe that it arrived, or give it up."""
    reference = parse_reference(data.item)
    room = InterventionRoom(installation.engine, installation.publisher, installation.clock, actor_of(request))
    INTERVENE[data.acao](room, reference)
    return _operation(request, installation, "_operation.html", done=f"{reference}: {DONE[data.acao]}")


def _operation(request: Http, installation: Installation, template: str, *, done: str = "") -> Response[str]:
    watched = installation.vigil.look()
    return show(
        request,
        template,
        watched=watched,
        ill=[one.name for one in watched if one.finding is not None and not one.finding.ok],
        workers=_workers(installation),
        version=secretaria.__version__,
        started_at=installation.started_at,
        newest_revision=newest_revision(),
        done=done,
        **_rows(installation),
    )


def _rows(installation: Installation) -> dict[str, Any]:
    """Read what stands in PostgreSQL; who asks was proven by it a moment ago."""
    stats = read_stats(installation.engine, installation.clock.now())
    standing = list_standing(installation.engine, queue=None, state=None, limit=MOST)
    with transaction(installation.engine) as session:
        paused = paused_for_all(session)
    choices = [(row, possible(row.reference, row.state, row.reason)) for row in standing]
    return {
        "stats": stats,
        "stuck": [(row, possible_now) for row, possible_now in choices if possible_now],
        "moving": [row for row, possible_now in choices if not possible_now][:MOST_ON_THE_WAY],
        "open": sum(one.open for one in stats),
        "paused": paused,
        "revision": current_revision(installation.engine),
        "release": last_release(installation.engine),
    }


def _workers(installation: Installation) -> list[LivingWorker]:
    """Return the workers that say they live; none where Redis cannot tell."""
    try:
        return describe_workers(installation.redis)
    except (redis.RedisError, OSError):
        return []


routes = (show_operation, show_story, switch_queue, decide)
