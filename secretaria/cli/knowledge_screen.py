"""How secretaria knowledge shows its results: a difference that is read at a glance, JSON lines for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime, time, tzinfo
from typing import Any

from secretaria.cli.console import paper, print_json, say
from secretaria.cli.queue_screen import NOTHING, show_columns, written_moment
from secretaria.knowledge.business import BusinessInvalid
from secretaria.knowledge.changing import Change
from secretaria.knowledge.chunks import Chunk
from secretaria.knowledge.difference import CardChange, ChunkChange, Difference
from secretaria.knowledge.models import BusinessVersion, MissingQuestion
from secretaria.knowledge.snapshot import Business
from secretaria.knowledge.store import Edition
from secretaria.replies.trying import Tried

SIGNS = {"added": "+", "changed": "~", "removed": "-"}
ORIGINS = {"folder": "pasta", "import": "importada", "edit": "edição", "answer": "resposta", "restore": "restaurada"}
STATES = {"open": "aberta", "answered": "respondida", "dismissed": "dispensada"}
EXCERPT = 100


def refusal(error: BusinessInvalid) -> dict[str, object]:
    """Return a refused folder as a program reads it."""
    problems = [asdict(problem) for problem in error.problems]
    return {"changed": False, "published": False, "error": error.message, "problems": problems}


def show_change(change: Change, *, as_json: bool) -> None:
    """Show what became of what was handed in."""
    if as_json:
        print_json(
            {
                "changed": change.is_new,
                "published": change.published,
                "version": change.version_id,
                "over": change.over,
                "fingerprint": change.business.version,
                **_difference(change.difference),
            }
        )
        return
    if not change.is_new:
        say("nada mudou; nenhuma versão nova")
        return
    show_difference(change.difference, as_json=False)
    if change.version_id is None:
        say("só um ensaio: nada foi alterado")
    elif change.published:
        say(f"versão {change.version_id} publicada; a próxima resposta já a segue")
    else:
        say(
            f"rascunho guardado como versão {change.version_id}; publique com: secretaria knowledge publish {change.version_id}"
        )


def show_difference(difference: Difference, *, as_json: bool) -> None:
    """Show keys and units that are new, changed or gone."""
    if as_json:
        print_json(_difference(difference))
        return
    for line in _lines(difference):
        paper().print(line, markup=False, soft_wrap=True)
    if not difference.card and not difference.chunks:
        paper().print("nenhuma chave e nenhuma unidade muda; só comentários, espaços ou ordem")


def show_chunks(business: Business, *, as_json: bool) -> None:
    """Show one line a unit."""
    if as_json:
        for chunk in business.chunks:
            print_json(asdict(chunk))
        return
    show_columns([("unidade", "título"), *((chunk.source, chunk.title) for chunk in business.chunks)])
    say(f"{len(business.chunks)} unidades, versão {business.version_id} ({business.version})")


def show_found(found: Sequence[Chunk], *, as_json: bool) -> None:
    """Show what a search found, best first, with the beginning of its text."""
    for rank, chunk in enumerate(found, start=1):
        if as_json:
            print_json({"rank": rank, **asdict(chunk)})
        else:
            paper().print(f"{rank}. {chunk.source}  {chunk.title}", markup=False, soft_wrap=True)
            paper().print(f"   {_excerpt(chunk.text)}", markup=False, soft_wrap=True)


def show_editions(editions: Sequence[Edition], zone: tzinfo, *, as_json: bool) -> None:
    """Show one line a version."""
    if as_json:
        for edition in editions:
            print_json({**_head(edition.version, zone), **_standing(edition, zone)})
        return
    if not editions:
        return
    rows = [("versão", "de", "feita em", "por", "como", "unidades", "publicada em", "nota")]
    for edition in editions:
        version = edition.version
        rows.append(
            (
                f"{version.id}{'*' if edition.is_published else ''}",
                str(version.parent_id or NOTHING),
                written_moment(version.created_at, zone),
                version.author,
                ORIGINS[version.origin],
                str(edition.chunks),
                written_moment(edition.published_at, zone) if edition.published_at else "rascunho",
                version.note or NOTHING,
            )
        )
    show_columns(rows)


def show_version(version: BusinessVersion, zone: tzinfo, *, as_json: bool) -> None:
    """Show a whole version, file by file."""
    if as_json:
        print_json({**_head(version, zone), "card": version.card, "base": version.base})
        return
    made = f"{ORIGINS[version.origin]} por {version.author} em {written_moment(version.created_at, zone)}"
    say(f"versão {version.id} ({version.fingerprint}), {made}{f': {version.note}' if version.note else ''}")
    for name, text in [("negocio.toml", version.card), *((f"base/{n}", t) for n, t in sorted(version.base.items()))]:
        paper().print(f"===== {name}\n{text.rstrip()}\n", markup=False, soft_wrap=True)


def show_questions(questions: Sequence[MissingQuestion], zone: tzinfo, *, as_json: bool) -> None:
    """Show one line a question."""
    if as_json:
        for question in questions:
            print_json(
                {
                    "id": question.id,
                    "asked": question.asked,
                    "times": question.times,
                    "state": question.state,
                    "first_at": question.first_at.astimezone(zone).isoformat(),
                    "last_at": question.last_at.astimezone(zone).isoformat(),
                    "closed_by": question.closed_by,
                    "version": question.version_id,
                }
            )
        return
    if not questions:
        return
    rows = [("id", "vezes", "última vez", "situação", "pergunta")]
    rows += [
        (
            str(question.id),
            str(question.times),
            written_moment(question.last_at, zone),
            STATES[question.state],
            question.asked,
        )
        for question in questions
    ]
    show_columns(rows)


def show_tried(live: Tried, tried: Tried, *, whole: bool, as_json: bool) -> None:
    """Show the lines about tone and, where a message was given, its prompt beside the one of today."""
    from secretaria.context.preview import compare_prompts, prompt_text

    if as_json:
        print_json({"live": _tried(live), "tried": _tried(tried)})
        return
    for line in tried.levels:
        mark = " " if line in live.levels else "+"
        paper().print(f"{mark} {line}", markup=False, soft_wrap=True)
    for line in live.levels:
        if line not in tried.levels:
            paper().print(f"- {line}", markup=False, soft_wrap=True)
    if tried.prompt is None or live.prompt is None:
        return
    changed = compare_prompts(live.prompt, tried.prompt)
    for line in [*([prompt_text(tried.prompt)] if whole or not changed else []), *changed]:
        paper().print(line, markup=False, soft_wrap=True)
    if not changed:
        say("o modelo leria o mesmo que hoje")


def _tried(tried: Tried) -> dict[str, object]:
    prompt = tried.prompt
    return {
        "version": tried.business.version_id,
        "fingerprint": tried.business.version,
        "levels": list(tried.levels),
        "prompt_version": prompt.version if prompt else None,
        "messages": list(prompt.messages) if prompt else [],
    }


def _lines(difference: Difference) -> Iterator[str]:
    if difference.card:
        yield "negocio.toml"
    for key in difference.card:
        yield from _card_lines(key)
    if difference.chunks:
        yield "base"
    for unit in difference.chunks:
        yield from _chunk_lines(unit)
    counts = [(difference.count("added"), "a mais"), (difference.count("changed"), "mudam")]
    counts += [(difference.count("removed"), "a menos")]
    units = ", ".join(f"{count} {word}" for count, word in counts)
    yield f"unidades: {units}; chaves da ficha que mudam: {len(difference.card)}"


def _card_lines(change: CardChange) -> Iterator[str]:
    sign = SIGNS[change.kind]
    if isinstance(change.before, list) and isinstance(change.after, list):
        yield f"  {sign} {change.key}"
        yield from (f"      - {_value(item)}" for item in change.before if item not in change.after)
        yield from (f"      + {_value(item)}" for item in change.after if item not in change.before)
    elif change.kind == "changed":
        yield f"  {sign} {change.key}: {_value(change.before)} -> {_value(change.after)}"
    else:
        yield f"  {sign} {change.key}: {_value(change.before if change.after is None else change.after)}"


def _chunk_lines(change: ChunkChange) -> Iterator[str]:
    import difflib

    one = change.after or change.before
    title = one.title if one else ""
    yield f"  {SIGNS[change.kind]} {change.source}  {title}"
    if change.before and change.after:
        if change.before.title != change.after.title:
            yield f"      - título: {change.before.title}"
            yield f"      + título: {change.after.title}"
        for line in difflib.ndiff(change.before.text.splitlines(), change.after.text.splitlines()):
            if line[0] in "+-" and line[2:].strip():
                yield f"      {line}"


def _difference(difference: Difference) -> dict[str, object]:
    return {
        "card": [
            {"key": one.key, "kind": one.kind, "before": _plain(one.before), "after": _plain(one.after)}
            for one in difference.card
        ],
        "chunks": [
            {
                "source": one.source,
                "kind": one.kind,
                "before": asdict(one.before) if one.before else None,
                "after": asdict(one.after) if one.after else None,
            }
            for one in difference.chunks
        ],
    }


def _head(version: BusinessVersion, zone: tzinfo) -> dict[str, object]:
    return {
        "version": version.id,
        "parent": version.parent_id,
        "origin": version.origin,
        "author": version.author,
        "note": version.note,
        "fingerprint": version.fingerprint,
        "created_at": version.created_at.astimezone(zone).isoformat(),
    }


def _standing(edition: Edition, zone: tzinfo) -> dict[str, object]:
    at = edition.published_at
    return {
        "chunks": edition.chunks,
        "published": edition.is_published,
        "published_at": at.astimezone(zone).isoformat() if at else None,
        "published_by": edition.published_by,
    }


def _value(value: Any) -> str:  # noqa: ANN401  # whatever TOML can say
    return json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:  # noqa: ANN401  # whatever TOML can say
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return {name: _plain(item) for name, item in value.items()} if isinstance(value, dict) else value


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT else f"{line[:EXCERPT]}…"
