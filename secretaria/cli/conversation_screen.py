"""How conversations look in a terminal: both sides, who wrote, how it was read, what became of it; numbers masked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo

from rich.text import Text

from secretaria.attending.board import BoardRow
from secretaria.attending.record import Analysis, Bubble, Record
from secretaria.attending.timeline import Told
from secretaria.cli.console import paper
from secretaria.cli.queue_screen import show_columns, written_age, written_moment
from secretaria.cli.untrusted import json_line, shown
from secretaria.privacy import mask_number

SCHEMA = 1
LONGEST_NAME = 24
ARROWS = {"contact": ("-->", "green"), "secretary": ("<--", "cyan"), "attendant": ("<==", "magenta")}
ALARM = ("!!", "bold red")
QUIET = ("..", "dim")
MODES = {
    "automatic": "com a secretária",
    "waiting": "espera uma pessoa",
    "attended": "com uma pessoa",
    "paused": "pausada",
}
DELIVERIES = {
    "pending": "a enviar", "sent": "enviada", "unconfirmed": "envio incerto", "held": "parada: precisa de alguém",
    "superseded": "não enviada", "dead": "recusada",
}  # fmt: skip
FAILED = ("unconfirmed", "held", "superseded", "dead")
KINDS = {"audio": "áudio", "image": "imagem", "video": "vídeo", "document": "documento", "sticker": "figurinha"}
REFUSED = "refused"
Said = tuple[str, str, str]
"""Mark, style and words."""
NOTHING: Said = ("", "", "")
EXPECTED = (
    "person_attends",
    "person_spoke",
    "person_took",
    "noticed",
    "nothing_to_say",
    "waiting_for_person",
    "secretary_paused",
)
"""Silences that somebody wanted."""


def told_line(told: Told, zone: tzinfo, *, reveal: bool) -> Text | None:
    """Return one line of the live view; None for what needs no line."""
    mark, style, words = _said(told)
    if not words:
        return None
    entry = told.entry
    line = Text().append(f"{entry.at.astimezone(zone):%H:%M:%S} ", style="dim")
    if entry.conversation_id is not None:
        who = f"c{entry.conversation_id} {told.number if reveal else mask_number(told.number)}"
        line.append(f"{who} {shown(told.name or '', LONGEST_NAME)}".rstrip() + " ", style="dim")
    line.append(f"{mark} ", style=style)
    line.append(words, style="" if mark in {"-->", "<--", "<=="} else style)
    return line


def told_json(told: Told, *, reveal: bool) -> str:
    """Return one line of JSON of the live view; its fields stand in docs/attending.md."""
    entry, bubble = told.entry, told.bubble
    return json_line(
        {
            "v": SCHEMA,
            "id": entry.id,
            "cursor": entry.cursor,
            "kind": entry.kind,
            "at": entry.at.isoformat(),
            "conversation": entry.conversation_id,
            "number": (told.number if reveal else mask_number(told.number)) or None,
            "name": told.name,
            "mode": told.mode,
            "holder": told.holder,
            "turn": entry.turn_id,
            "message": entry.message_id,
            "state": entry.state,
            "reason": entry.reason,
            "author": bubble.author if bubble else None,
            "attendant": bubble.attendant if bubble else None,
            "message_kind": bubble.kind if bubble else None,
            "text": bubble.text if bubble and entry.kind in {"message", "transcript"} else None,
            "transcript": bubble.transcript if bubble and entry.kind in {"message", "transcript"} else None,
            "delivery": bubble.delivery or None if bubble else None,
            "analysis": _analysis_fields(told.analysis) if told.analysis and entry.kind == "reply" else None,
            "note": {"author": told.note.author, "text": told.note.text} if told.note else None,
            "fact": {"key": told.fact.key, "value": told.fact.value} if told.fact else None,
        }
    )


def show_board(rows: Sequence[BoardRow], zone: tzinfo, now: datetime, *, as_json: bool) -> None:
    """Show one line a conversation."""
    if as_json:
        for row in rows:
            paper().file.write(json_line(_board_fields(row, zone)) + "\n")
        return
    if not rows:
        return
    listed = [("id", "espera", "situação", "com", "número", "nome", "intenção", "última fala")]
    for row in rows:
        waits = written_age((now - row.waiting_since).total_seconds()) if row.waiting_since else "-"
        arrow = ARROWS[row.last_author][0]
        said = shown(row.last_text, 60) or f"({KINDS.get(row.last_kind, row.last_kind)})"
        listed.append(
            (
                str(row.conversation_id),
                waits,
                MODES[row.mode],
                row.holder or "-",
                row.number,
                shown(row.name or "-", 24),
                row.intention or "-",
                f"{written_moment(row.last_message_at, zone)} {arrow} {said}",
            )
        )
    show_columns(listed)


def show_record(record: Record, zone: tzinfo, number: str, *, as_json: bool) -> None:
    """Show a conversation whole: who it is, what is known, what was said, what the team noted."""
    if as_json:
        paper().file.write(json_line(_record_fields(record, zone, number)) + "\n")
        return
    console = paper()
    head = f"conversa {record.conversation_id}  {number}  {shown(record.name or 'sem nome')}"
    console.print(Text(head, style="bold"), soft_wrap=True)
    holder = f", com {record.holder}" if record.holder else ""
    console.print(Text(f"{MODES[record.mode]}{holder} desde {written_moment(record.mode_changed_at, zone)}"))
    for title, lines in (
        ("lembrado", [f"{fact.key}: {fact.value}  ({fact.quote})" for fact in record.facts]),
        ("resumos", [episode.summary or "" for episode in record.summaries]),
        ("recado da secretária", [record.brief] if record.brief else []),
        ("anotações", [f"{written_moment(one.created_at, zone)} {one.author}: {one.text}" for one in record.notes]),
    ):
        for line in lines:
            console.print(Text.assemble((f"{title}  ", "dim"), shown(line)), soft_wrap=True)
    if record.has_older:
        console.print(Text("... há mais antes", style="dim"))
    read: set[int] = set()
    for bubble in record.bubbles:
        console.print(_bubble_line(bubble, zone), soft_wrap=True)
        analysis = record.analyses.get(bubble.turn_id or 0)
        answered = bubble.author == "secretary" and analysis is not None and analysis.turn_id not in read
        if analysis is not None and answered:
            read.add(analysis.turn_id)
            console.print(Text(f"    {_read_as(analysis)}", style="dim"), soft_wrap=True)


def _said(told: Told) -> Said:
    """Return mark, style and words of an entry; no words for what needs no line."""
    say = SAYING.get(told.entry.kind)
    return say(told) if say is not None else NOTHING


def _say_message(told: Told) -> Said:
    return NOTHING if told.bubble is None else (*ARROWS[told.bubble.author], _words_of(told.bubble))


def _say_transcript(told: Told) -> Said:
    if told.bubble is None:
        return NOTHING
    return *ARROWS[told.bubble.author], f"(ouvido) {shown(told.bubble.transcript or '')}"


def _say_reply(told: Told) -> Said:
    return NOTHING if told.analysis is None else (*_alarming(told.analysis), _read_as(told.analysis))


def _say_delivery(told: Told) -> Said:
    entry = told.entry
    mark, style = ALARM if entry.state in FAILED else QUIET
    return mark, style, sent_as(entry.state or "", entry.reason, 0, entry.message_id)


def _say_mode(told: Told) -> Said:
    state, holder = told.entry.state or "", told.entry.reason
    return "==", "yellow", f"{MODES.get(state, state)}" + (f" ({shown(holder)})" if holder else "")


def _say_turn(told: Told) -> Said:
    state, reason = told.entry.state, told.entry.reason or ""
    if state == "handed_off" and told.analysis is not None:  # the answer says so itself
        return NOTHING
    wanted = state == "silenced" and (reason in EXPECTED or reason.startswith("conversation_"))
    mark, style = QUIET if wanted else ALARM
    return mark, style, f"{'passou para uma pessoa' if state == 'handed_off' else 'sem resposta'}: {reason}"


def _say_note(told: Told) -> Said:
    return NOTHING if told.note is None else ("##", "yellow", f"{shown(told.note.author)}: {shown(told.note.text)}")


def _say_fact(told: Told) -> Said:
    return NOTHING if told.fact is None else (*QUIET, f"lembrado {told.fact.key}: {shown(told.fact.value)}")


def _say_switch(told: Told) -> Said:
    return "==", "bold yellow", "secretária pausada" if told.entry.state == "paused" else "secretária retomada"


SAYING: Mapping[str, Callable[[Told], Said]] = {
    "message": _say_message,
    "transcript": _say_transcript,
    "reply": _say_reply,
    "delivery": _say_delivery,
    "mode": _say_mode,
    "turn": _say_turn,
    "note": _say_note,
    "fact": _say_fact,
    "switch": _say_switch,
}


def _alarming(analysis: Analysis) -> tuple[str, str]:
    refused = REFUSED in analysis.checks.values()
    return ALARM if analysis.origin == "fallback" or refused or analysis.handoff_reason else QUIET


def _read_as(analysis: Analysis) -> str:
    refused = ", ".join(name for name, verdict in analysis.checks.items() if verdict == REFUSED)
    read = {
        "intenção": analysis.intention, "sentimento": analysis.sentiment, "urgente": "sim" if analysis.urgent else None,
        "satisfação": analysis.satisfaction, "passou para uma pessoa": analysis.handoff_reason, "recusado": refused or None,
        "sem modelo": "sim" if analysis.origin == "fallback" else None,
    }  # fmt: skip
    known = ", ".join(f"{name} {value}" for name, value in read.items() if value is not None)
    return f"t:{analysis.turn_id} {known}".rstrip()


def sent_as(state: str, reason: str | None, attempts: int, message_id: int | None = None) -> str:
    """Return what became of a send, with the code of why."""
    bubble = f"m:{message_id} " if message_id else ""
    more = ", ".join(filter(None, (reason, f"{attempts} tentativas" if attempts > 1 else "")))
    return f"{bubble}{DELIVERIES.get(state, state)}" + (f" ({more})" if more else "")


def _words_of(bubble: Bubble) -> str:
    kind = "" if bubble.kind == "text" else f"({KINDS.get(bubble.kind, bubble.kind)}) "
    by = f"[{shown(bubble.attendant)}] " if bubble.attendant else ""
    said = " ".join(filter(None, (shown(bubble.text), shown(bubble.transcript or ""))))
    return f"{by}{kind}{said}".rstrip()


def _bubble_line(bubble: Bubble, zone: tzinfo) -> Text:
    mark, style = ARROWS[bubble.author]
    line = Text().append(f"{written_moment(bubble.at, zone)} m:{bubble.id} ", style="dim")
    line.append(f"{mark} ", style=style)
    line.append(_words_of(bubble))
    if bubble.delivery in FAILED:
        line.append(f"  {ALARM[0]} {DELIVERIES[bubble.delivery]}", style=ALARM[1])
    elif bubble.delivery:
        line.append(f"  {DELIVERIES[bubble.delivery]}", style="dim")
    return line


def _analysis_fields(analysis: Analysis) -> dict[str, object]:
    return {name: getattr(analysis, name) for name in type(analysis).__slots__}


def _board_fields(row: BoardRow, zone: tzinfo) -> dict[str, object]:
    fields: dict[str, object] = {name: getattr(row, name) for name in type(row).__slots__}
    since = row.waiting_since.astimezone(zone).isoformat() if row.waiting_since else None
    return {
        "v": SCHEMA,
        **fields,
        "waiting_since": since,
        "last_message_at": row.last_message_at.astimezone(zone).isoformat(),
    }


def _record_fields(record: Record, zone: tzinfo, number: str) -> dict[str, object]:
    return {
        "v": SCHEMA,
        "conversation": record.conversation_id,
        "number": number,
        "name": record.name,
        "mode": record.mode,
        "holder": record.holder,
        "waiting_since": record.waiting_since.astimezone(zone).isoformat() if record.waiting_since else None,
        "brief": record.brief,
        "handoff_reason": record.handoff_reason,
        "facts": [{"key": fact.key, "value": fact.value, "quote": fact.quote} for fact in record.facts],
        "notes": [{"author": one.author, "text": one.text, "at": one.created_at.isoformat()} for one in record.notes],
        "summaries": [episode.summary for episode in record.summaries],
        "has_older": record.has_older,
        "bubbles": [
            {**{name: getattr(bubble, name) for name in type(bubble).__slots__}, "at": bubble.at.isoformat()}
            for bubble in record.bubbles
        ],
        "analyses": [_analysis_fields(one) for one in record.analyses.values()],
    }
