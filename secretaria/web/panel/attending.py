"""What a person does in a conversation: take, write, note, give back, close, pause; the rules are ``secretaria.attending``'s."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import uuid4

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from msgspec import Meta, Struct
from sqlmodel import Session

from secretaria.attendants.entering import Person
from secretaria.attendants.roles import Role
from secretaria.attending import holding
from secretaria.attending.record import number_of
from secretaria.attending.suggesting import suggest_draft
from secretaria.attending.writing import LONGEST, add_note, write_as_person
from secretaria.audit.trail import note
from secretaria.bootstrap import Installation
from secretaria.database.transaction import transaction
from secretaria.web.access import for_role
from secretaria.web.panel.acting import actor_of
from secretaria.web.panel.conversations import show_parts
from secretaria.web.panel.showing import Http, send_to, show

BODY = 6 * LONGEST * 3  # every character may be six bytes of UTF-8 in the form's own writing
CHANGES: dict[str, Any] = {
    "status_code": 200,
    "sync_to_thread": True,
    "request_max_body_size": BODY,
}
Words = Annotated[str, Meta(max_length=2 * LONGEST)]
RequestId = Annotated[str, Meta(min_length=1, max_length=100)]


class Writing(Struct):
    """Words, and what makes them the same words when they are sent twice."""

    text: Words
    request_id: RequestId


@post("/painel/conversas/{conversation_id:int}/assumir", **CHANGES, **for_role(Role.ATTENDANT))
def take(request: Http, conversation_id: FromPath[int], installation: NamedDependency[Installation]) -> Response[str]:
    """Take it: the secretary falls silent there."""
    return _done(request, installation, conversation_id, holding.take)


@post("/painel/conversas/{conversation_id:int}/devolver", **CHANGES, **for_role(Role.ATTENDANT))
def release(
    request: Http,
    conversation_id: FromPath[int],
    person: NamedDependency[Person],
    installation: NamedDependency[Installation],
) -> Response[str]:
    """Give it back to the secretary; the owner also for somebody else."""
    return _done(request, installation, conversation_id, holding.release, force=person.role is Role.OWNER)


@post("/painel/conversas/{conversation_id:int}/encerrar", **CHANGES, **for_role(Role.ATTENDANT))
def close(
    request: Http,
    conversation_id: FromPath[int],
    person: NamedDependency[Person],
    installation: NamedDependency[Installation],
) -> Response[str]:
    """End what it was about."""
    return _done(request, installation, conversation_id, holding.close, force=person.role is Role.OWNER)


@post("/painel/conversas/{conversation_id:int}/pausar", **CHANGES, **for_role(Role.ATTENDANT))
def pause(request: Http, conversation_id: FromPath[int], installation: NamedDependency[Installation]) -> Response[str]:
    """Silence the secretary in it."""
    return _done(request, installation, conversation_id, holding.pause)


@post("/painel/conversas/{conversation_id:int}/retomar", **CHANGES, **for_role(Role.ATTENDANT))
def resume(request: Http, conversation_id: FromPath[int], installation: NamedDependency[Installation]) -> Response[str]:
    """Let her speak in it again."""
    return _done(request, installation, conversation_id, holding.resume)


@post("/painel/conversas/pausar", **CHANGES, **for_role(Role.ATTENDANT))
def pause_all(request: Http, installation: NamedDependency[Installation]) -> Response[str]:
    """Silence the secretary everywhere."""
    with transaction(installation.engine) as session:
        holding.pause_all(session, actor_of(request), installation.clock.now())
    return _page_again(request)


@post("/painel/conversas/retomar", **CHANGES, **for_role(Role.ATTENDANT))
def resume_all(request: Http, installation: NamedDependency[Installation]) -> Response[str]:
    """Let her speak everywhere again."""
    with transaction(installation.engine) as session:
        holding.resume_all(session, actor_of(request), installation.clock.now())
    return _page_again(request)


@post("/painel/conversas/{conversation_id:int}/escrever", **CHANGES, **for_role(Role.ATTENDANT))
def write(
    request: Http,
    conversation_id: FromPath[int],
    data: URLEncodedBody[Writing],
    installation: NamedDependency[Installation],
) -> Response[str]:
    """Write to the customer as a person, who has the conversation from then on."""
    with transaction(installation.engine) as session:
        write_as_person(
            session,
            installation.publisher,
            conversation_id,
            data.text,
            by=actor_of(request),
            now=installation.clock.now(),
            request_id=data.request_id,
        )
    return show_parts(request, installation, conversation_id, next_request=str(uuid4()))


@post("/painel/conversas/{conversation_id:int}/anotar", **CHANGES, **for_role(Role.ATTENDANT))
def leave_note(
    request: Http,
    conversation_id: FromPath[int],
    data: URLEncodedBody[Writing],
    installation: NamedDependency[Installation],
) -> Response[str]:
    """Leave a note for the team."""
    with transaction(installation.engine) as session:
        add_note(
            session,
            conversation_id,
            data.text,
            by=actor_of(request),
            now=installation.clock.now(),
            request_id=data.request_id,
        )
    return show_parts(request, installation, conversation_id, next_note=str(uuid4()))


@post("/painel/conversas/{conversation_id:int}/sugestao", **CHANGES, **for_role(Role.ATTENDANT))
def suggest(
    request: Http, conversation_id: FromPath[int], installation: NamedDependency[Installation]
) -> Response[str]:
    """Ask the secretary what she would say; nothing of it is sent."""
    suggestion = suggest_draft(installation.answering_room(), conversation_id, actor_of(request))
    return show(request, "_suggestion.html", suggestion=suggestion)


@post("/painel/conversas/{conversation_id:int}/numero", **CHANGES, **for_role(Role.ATTENDANT))
def reveal_number(
    request: Http, conversation_id: FromPath[int], installation: NamedDependency[Installation]
) -> Response[str]:
    """Show the whole number; that it was looked at is noted."""
    with transaction(installation.engine) as session:
        number = number_of(session, conversation_id)
        conversation = holding.locked(session, conversation_id)
        note(
            session,
            actor_of(request),
            "conversation.revealed",
            holding.target_of(conversation_id),
            at=installation.clock.now(),
            subject=holding.subject_of(session, conversation),
        )
    return show(request, "_number.html", number=number)


def _done(
    request: Http, installation: Installation, conversation_id: int, change: Callable[..., object], **how: bool
) -> Response[str]:
    """Make one change, and show what came of it."""
    session: Session
    with transaction(installation.engine) as session:
        change(session, conversation_id, actor_of(request), installation.clock.now(), **how)
    return show_parts(request, installation, conversation_id)


def _page_again(request: Http) -> Response[str]:
    open_page = request.headers.get("hx-current-url", "").partition("/painel")[2]
    return send_to(request, "/painel" + (open_page or "/conversas"))


routes = (
    take, release, close, pause, resume, pause_all, resume_all, write, leave_note, suggest, reveal_number,
)  # fmt: skip
