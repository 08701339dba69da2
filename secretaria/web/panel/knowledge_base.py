"""Base de conhecimento: what the secretary knows, topic by topic; searched as she searches, changed as a draft."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, URLEncodedBody
from msgspec import Meta, Struct

from secretaria.attendants.roles import Role
from secretaria.bootstrap import Installation
from secretaria.database.transaction import transaction
from secretaria.errors import SecretariaError
from secretaria.knowledge.business import BusinessInvalid
from secretaria.knowledge.drafting import DraftOvertaken, Workbench, WrittenMeanwhile, write_draft
from secretaria.knowledge.editing import ChunkInvalid, change_chunk, heading_of, remove_chunk, retitled, text_of
from secretaria.knowledge.missing import list_missing
from secretaria.knowledge.models import MissingState
from secretaria.knowledge.search import search
from secretaria.knowledge.snapshot import Snapshot
from secretaria.knowledge.soundness import LONGEST_CHUNK
from secretaria.knowledge.store import snapshot_of
from secretaria.knowledge.topics import ChunkEdition, add_to_topic, chunk_history, topics_of
from secretaria.web.access import for_role
from secretaria.web.failures import status_of
from secretaria.web.panel.acting import actor_of
from secretaria.web.panel.changes import compared, told_changes
from secretaria.web.panel.drafts import DONE, open_workbench
from secretaria.web.panel.showing import Http, is_part, send_to, show

PAGE = "/painel/base"
LARGE_BODY = 64_000
UNREADABLE = 422
MOST_QUESTIONS = 100
TO_FORM = {"HX-Retarget": "#unit", "HX-Reswap": "outerHTML"}
Asked = Annotated[str, QueryParameter(max_length=500)]
Source = Annotated[str, Meta(max_length=500)]
Title = Annotated[str, Meta(max_length=500)]
Text = Annotated[str, Meta(max_length=4 * LONGEST_CHUNK)]


class NewUnit(Struct):
    """A unit that somebody writes.

    Attributes:
        arquivo: The file of its topic; empty for a new one.
        assunto: What the new topic is about.
        visto: The version its author had in front of them.
    """

    visto: int
    titulo: Title = ""
    texto: Text = ""
    arquivo: Source = ""
    assunto: Title = ""


class ChangedUnit(Struct):
    """A unit that somebody wrote anew."""

    visto: int
    fonte: Source
    titulo: Title = ""
    texto: Text = ""


class GoneUnit(Struct):
    """A unit that somebody takes out."""

    visto: int
    fonte: Source


@get(PAGE, sync_to_thread=True, **for_role(Role.VIEWER))
def show_base(
    request: Http,
    installation: NamedDependency[Installation],
    busca: Asked = "",
    trecho: Asked = "",
    feito: Asked = "",
    todas: Asked = "",
) -> Response[str]:
    """Show all topics, or what she would find for some words, and what customers asked in vain."""
    if trecho:
        return send_to(request, address_of(trecho))
    bench = open_workbench(installation)
    states = tuple(MissingState) if todas else (MissingState.OPEN,)
    with transaction(installation.engine) as session:
        found = search(session, bench.at_hand.id or 0, [busca]) if busca.strip() else None
        questions = list_missing(session, states=states, limit=MOST_QUESTIONS)
    about: dict[str, Any] = {
        "bench": bench, "topics": topics_of(snapshot_of(bench.at_hand)), "found": found, "asked": busca,
        "marks": {change.source: change.kind for change in bench.difference.chunks} if not bench.overtaken else {},
    }  # fmt: skip
    if is_part(request):
        return show(request, "_units.html", **about)
    return show(
        request, "knowledge.html", **about, questions=questions, all_questions=bool(todas),
        changes=told_changes(bench.difference), done=DONE.get(feito, ""), back=PAGE,
    )  # fmt: skip


@get(f"{PAGE}/nova", sync_to_thread=True, **for_role(Role.OWNER))
def begin_unit(request: Http, installation: NamedDependency[Installation], arquivo: Asked = "") -> Response[str]:
    """Ask what a new unit says."""
    bench = open_workbench(installation)
    return show(request, "unit.html", **_new(bench, NewUnit(visto=bench.at_hand.id or 0, arquivo=arquivo)))


@get(f"{PAGE}/{{source:str}}", sync_to_thread=True, **for_role(Role.VIEWER))
def show_unit(request: Http, source: FromPath[str], installation: NamedDependency[Installation]) -> Response[str]:
    """Show one unit as it stands in the draft, or as it is published where there is none, and when it changed."""
    bench = open_workbench(installation)
    with transaction(installation.engine) as session:
        history = chunk_history(session, source)
    return show(request, "unit.html", **{**_unit(bench, source), "history": list(map(_told, history))})


@post(f"{PAGE}/nova", status_code=200, sync_to_thread=True, request_max_body_size=LARGE_BODY, **for_role(Role.OWNER))
def add(request: Http, data: URLEncodedBody[NewUnit], installation: NamedDependency[Installation]) -> Response[str]:
    """Add a unit to the draft."""
    edit = partial(add_to_topic, file=data.arquivo, topic=data.assunto, title=data.titulo, text=data.texto)
    return _written(request, installation, edit, data.visto, lambda bench: _new(bench, data))


@post(f"{PAGE}/mudar", status_code=200, sync_to_thread=True, request_max_body_size=LARGE_BODY, **for_role(Role.OWNER))
def change(
    request: Http, data: URLEncodedBody[ChangedUnit], installation: NamedDependency[Installation]
) -> Response[str]:
    """Change a unit in the draft."""

    def edit(snapshot: Snapshot) -> Snapshot:
        return change_chunk(snapshot, data.fonte, retitled(heading_of(snapshot, data.fonte), data.titulo), data.texto)

    def given(bench: Workbench) -> dict[str, Any]:
        return {**_unit(bench, data.fonte), "title": data.titulo, "text": data.texto}

    return _written(request, installation, edit, data.visto, given)


@post(f"{PAGE}/tirar", status_code=200, sync_to_thread=True, request_max_body_size=LARGE_BODY, **for_role(Role.OWNER))
def remove(request: Http, data: URLEncodedBody[GoneUnit], installation: NamedDependency[Installation]) -> Response[str]:
    """Take a unit out, in the draft."""
    edit = partial(remove_chunk, source=data.fonte)
    return _written(request, installation, edit, data.visto, lambda bench: _unit(bench, data.fonte))


def address_of(source: str) -> str:
    """Return where a unit is shown."""
    return f"{PAGE}/{quote(source, safe='')}"


def _written(
    request: Http,
    installation: Installation,
    edit: Callable[[Snapshot], Snapshot],
    seen: int,
    given: Callable[[Workbench], dict[str, Any]],
) -> Response[str]:
    """Make a change to the draft; one that cannot be made comes back as it was typed, with the reason."""
    now, by = installation.clock.now(), actor_of(request)
    try:
        done = write_draft(installation.engine, edit, seen=seen, by=by, now=now)
    except (ChunkInvalid, BusinessInvalid, WrittenMeanwhile, DraftOvertaken) as error:
        status = UNREADABLE if isinstance(error, BusinessInvalid) else status_of(error)
        about = {**given(open_workbench(installation)), "error": error, "reason": _reason(error)}
        return show(request, "_unit_form.html", status=status, headers=TO_FORM, **about)
    return send_to(request, f"{PAGE}?feito={'gravado' if done.version_id else 'igual'}")


def _reason(error: SecretariaError) -> str:
    """Say it without the file and the line, which nobody sees here."""
    if isinstance(error, BusinessInvalid) and error.problems:
        return "; ".join(problem.reason for problem in error.problems)
    return f"{error.message}; {error.hint}" if error.hint else error.message


def _new(bench: Workbench, unit: NewUnit) -> dict[str, Any]:
    return {
        "bench": bench, "source": "", "title": unit.titulo, "text": unit.texto, "file": unit.arquivo,
        "topic": unit.assunto, "topics": topics_of(snapshot_of(bench.at_hand)), "history": (), "error": None,
        "reason": "",
    }  # fmt: skip


def _unit(bench: Workbench, source: str) -> dict[str, Any]:
    snapshot = snapshot_of(bench.at_hand)
    text = text_of(snapshot, source).strip()
    title = next(chunk.title for topic in topics_of(snapshot) for chunk in topic.chunks if chunk.source == source)
    return {
        "bench": bench, "source": source, "title": title, "text": text, "file": source.partition("#")[0], "topic": "",
        "topics": topics_of(snapshot), "history": (), "error": None, "reason": "",
    }  # fmt: skip


def _told(edition: ChunkEdition) -> dict[str, Any]:
    before, after = edition.before, edition.after
    return {
        "edition": edition,
        "parts": compared(before.text if before else "", after.text if after else ""),
    }


routes = (show_base, begin_unit, show_unit, add, change, remove)
