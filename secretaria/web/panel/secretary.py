"""Secretária: how she sounds, when people answer, what she hands over; changed as a draft, tried beside what is live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter, URLEncodedBody

from secretaria.attendants.roles import Role
from secretaria.bootstrap import Installation
from secretaria.context.moods import level_lines
from secretaria.database.transaction import transaction
from secretaria.errors import SecretariaError, UsageInvalid
from secretaria.knowledge.business import BusinessCard, BusinessInvalid
from secretaria.knowledge.card_fields import Field, change_fields, fields_of, flaws_of
from secretaria.knowledge.difference import compare
from secretaria.knowledge.drafting import DraftOvertaken, Workbench, WrittenMeanwhile, read_workbench, write_draft
from secretaria.knowledge.snapshot import Business, Snapshot, read_snapshot
from secretaria.knowledge.soundness import require_sound
from secretaria.knowledge.store import load_business, snapshot_of
from secretaria.replies.rehearsing import Occasion, list_recorded, rehearse_side_by_side
from secretaria.settings import secret_values
from secretaria.web.access import for_role
from secretaria.web.failures import status_of
from secretaria.web.panel.acting import actor_of
from secretaria.web.panel.changes import told_changes
from secretaria.web.panel.drafts import DONE, open_workbench
from secretaria.web.panel.secretary_form import DAYS, LABELS, LEVELS, places_of, read_form
from secretaria.web.panel.showing import Http, send_to, show

PAGE = "/painel/secretaria"
LARGE_BODY = 200_000
LONGEST_MESSAGE = 4_000
LONGEST_NUMBER = 18  # digits of a BIGINT
UNREADABLE = 422
TO_FORM = {"HX-Retarget": "#card", "HX-Reswap": "outerHTML"}
Sent = dict[str, str | list[str]]
Done = Annotated[str, QueryParameter(max_length=20)]


@get(PAGE, sync_to_thread=True, **for_role(Role.VIEWER))
def show_secretary(request: Http, installation: NamedDependency[Installation], feito: Done = "") -> Response[str]:
    """Show what is worked on, or what is published where nothing is."""
    bench = open_workbench(installation)
    with transaction(installation.engine) as session:
        recorded = list_recorded(session)
    return show(
        request, "secretary.html", **_form(bench, fields_of(_card(bench))), changes=told_changes(bench.difference),
        recorded=recorded, done=DONE.get(feito, ""), back=PAGE,
    )  # fmt: skip


@post(PAGE, status_code=200, sync_to_thread=True, request_max_body_size=LARGE_BODY, **for_role(Role.OWNER))
def keep(request: Http, data: URLEncodedBody[Sent], installation: NamedDependency[Installation]) -> Response[str]:
    """Keep the form as the draft; what cannot be kept comes back as it was typed, with the reason at its field."""
    fields = read_form(data)
    try:
        change = write_draft(
            installation.engine,
            partial(_changed, fields=fields),
            seen=_seen(data),
            by=actor_of(request),
            now=installation.clock.now(),
        )
    except (BusinessInvalid, WrittenMeanwhile, DraftOvertaken) as error:
        return _given_back(request, installation, fields, error)
    return send_to(request, f"{PAGE}?feito={'gravado' if change.version_id else 'igual'}")


@post(
    f"{PAGE}/experimentar",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=LARGE_BODY,
    **for_role(Role.OWNER),
)
def try_out(request: Http, data: URLEncodedBody[Sent], installation: NamedDependency[Installation]) -> Response[str]:
    """Answer a message by what is live and by what the form says, side by side; nothing is sent or kept."""
    if not secret_values(installation.settings.secrets.llm_api_key):
        raise UsageInvalid("este serviço não tem a chave do modelo", "defina LLM_API_KEY e reinicie")
    fields, occasion = read_form(data), _occasion(data)
    with transaction(installation.engine) as session:
        bench = read_workbench(session)
        live = load_business(session, bench.published.id or 0)
    try:
        tried = replace(require_sound(_changed(snapshot_of(bench.at_hand), fields)), version_id=bench.at_hand.id)
    except BusinessInvalid as error:
        return _given_back(request, installation, fields, error)
    businesses = [live] if tried.version == live.version else [live, tried]
    answers = rehearse_side_by_side(installation.answering_room(), businesses, occasion, by=actor_of(request))
    difference = compare(snapshot_of(bench.published), _changed(snapshot_of(bench.at_hand), fields))
    return show(
        request,
        "_tried.html",
        live=answers[0],
        tried=answers[1] if len(answers) > 1 else None,
        lines=_lines(live, tried),
        changes=told_changes(difference),
        published=bench.published,
    )


def _changed(snapshot: Snapshot, fields: Mapping[str, Field]) -> Snapshot:
    return change_fields(snapshot, read_snapshot(snapshot).card, fields)


def _given_back(
    request: Http, installation: Installation, fields: Mapping[str, Field], error: SecretariaError
) -> Response[str]:
    """Show the form again as it was typed; over what stands now, so that who sends it once more knows what they do."""
    bench = open_workbench(installation)
    flaws = flaws_of(error) if isinstance(error, BusinessInvalid) else {}
    shown = {**fields_of(_card(bench)), **fields}
    told = {key: flaw for key, flaw in flaws.items() if key not in shown}
    status = UNREADABLE if isinstance(error, BusinessInvalid) else status_of(error)
    about = {
        **_form(bench, shown), "flaws": flaws, "others": told, "error": None if flaws else error,
        "meanwhile": told_changes(bench.difference) if isinstance(error, WrittenMeanwhile) else (),
    }  # fmt: skip
    return show(request, "_card_form.html", status=status, headers=TO_FORM, **about)


def _form(bench: Workbench, fields: Mapping[str, Field]) -> dict[str, Any]:
    return {
        "bench": bench, "fields": fields, "labels": LABELS, "levels": LEVELS, "days": DAYS, "places": places_of(fields),
        "flaws": {}, "others": {}, "error": None, "meanwhile": (),
    }  # fmt: skip


def _card(bench: Workbench) -> BusinessCard:
    return read_snapshot(snapshot_of(bench.at_hand)).card


def _lines(live: Business, tried: Business) -> list[tuple[str, str, str]]:
    """Return what each level tells the model: how it is called, live, and now."""
    pairs = zip(LEVELS, level_lines(live.card.persona), level_lines(tried.card.persona), strict=True)
    return [(level.label, before, after) for level, before, after in pairs]


def _seen(data: Mapping[str, str | list[str]]) -> int:
    return _number(data, "visto")


def _occasion(data: Mapping[str, str | list[str]]) -> Occasion:
    if data.get("com") == "turno":
        return Occasion(turn_id=_number(data, "turno"))
    message = data.get("mensagem", "")
    return Occasion((message[:LONGEST_MESSAGE],) if isinstance(message, str) else ())


def _number(data: Mapping[str, str | list[str]], name: str) -> int:
    given = data.get(name, "")
    if not (isinstance(given, str) and given.isascii() and given.isdecimal() and len(given) <= LONGEST_NUMBER):
        raise UsageInvalid("falta uma parte do pedido", "recarregue a página e tente de novo")
    return int(given)


routes = (show_secretary, keep, try_out)
