"""How secretaria queue shows its results: columns for people, JSON lines for programs, numbers always masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, tzinfo

from secretaria.bootstrap import Installation
from secretaria.cli.console import paper, print_json
from secretaria.errors import SecretariaError
from secretaria.privacy import mask_number
from secretaria.replies.backlog import QueueStats, Standing
from secretaria.replies.story import FACTS, STEPS, Fact, Step, Story

NOTHING = "-"


def zone_of(installation: Installation) -> tzinfo:
    """Return the zone of the business; UTC where it cannot be read, for an operator needs the queue then."""
    try:
        return installation.business.card.identity.timezone
    except SecretariaError:
        return UTC


def show_stats(stats: Sequence[QueueStats], *, as_json: bool) -> None:
    """Show one line a queue."""
    if as_json:
        for one in stats:
            print_json(
                {
                    "queue": one.queue,
                    "states": one.states,
                    "oldest_seconds": None if one.oldest_seconds is None else round(one.oldest_seconds, 1),
                    "paused": one.paused_at is not None,
                    "paused_at": one.paused_at.isoformat() if one.paused_at else None,
                    "paused_by": one.paused_by,
                }
            )
        return
    rows = [("fila", "abertos e parados", "mais antigo", "situação")]
    for one in stats:
        states = ", ".join(f"{state} {count}" for state, count in one.states.items())
        age = NOTHING if one.oldest_seconds is None else written_age(one.oldest_seconds)
        rows.append((one.queue, states, age, f"pausada por {one.paused_by}" if one.paused_at else "andando"))
    show_columns(rows)


def show_standing(standing: Sequence[Standing], zone: tzinfo, *, as_json: bool) -> None:
    """Show one line a row."""
    if as_json:
        for row in standing:
            print_json(
                {
                    "id": str(row.reference),
                    "queue": row.reference.queue,
                    "state": row.state,
                    "attention": row.attention,
                    "since": row.since.astimezone(zone).isoformat(),
                    "next_at": row.next_at.astimezone(zone).isoformat() if row.next_at else None,
                    "reason": row.reason,
                    "number": mask_number(row.number) if row.number else None,
                    "tries": row.tries,
                }
            )
        return
    if not standing:
        return
    rows = [("id", "estado", "desde", "próximo", "tentativas", "número", "motivo")]
    rows += [
        (
            str(row.reference),
            row.state,
            written_moment(row.since, zone),
            written_moment(row.next_at, zone) if row.next_at else NOTHING,
            str(row.tries),
            mask_number(row.number) if row.number else NOTHING,
            row.reason or NOTHING,
        )
        for row in standing
    ]
    show_columns(rows)


def show_story(story: Story, zone: tzinfo, *, with_text: bool, as_json: bool) -> None:
    """Show one row and its steps; what was written only where it is asked for."""
    number = mask_number(story.number) if story.number else None
    if as_json:
        head = {"id": str(story.reference), "queue": story.reference.queue, "state": story.state}
        steps = [_step(step, zone, with_text=with_text) for step in story.steps]
        print_json({**head, "reason": story.reason, "number": number, "mode": story.mode, "steps": steps})
        return
    known = {"estado": story.state, "motivo": story.reason, "número": number, "conversa": story.mode}
    head_line = ", ".join(f"{name}: {value}" for name, value in known.items() if value)
    paper().print(f"{story.reference} ({head_line})", markup=False, soft_wrap=True)
    for step in story.steps:
        line = f"{written_moment(step.at, zone)}  {STEPS[step.what]} {step.reference}".rstrip()
        facts = ", ".join(f"{FACTS[name]}: {_written(fact, zone)}" for name, fact in step.facts.items())
        paper().print(f"{line}  {facts}".rstrip(), markup=False, soft_wrap=True)
        if with_text and step.text:
            paper().print(f"    {step.text!r}", markup=False, soft_wrap=True)


def show_left(left: Mapping[str, Mapping[str, int]], *, as_json: bool) -> None:
    """Show what a drain left behind."""
    for queue, states in left.items():
        if as_json:
            print_json({"queue": queue, "states": states})
        else:
            counted = ", ".join(f"{state} {count}" for state, count in states.items())
            paper().print(f"{queue}: {counted}", markup=False)


def written_age(seconds: float) -> str:
    """Return an age as a person says it, for instance ``12 min``."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def written_moment(at: datetime, zone: tzinfo) -> str:
    """Return a moment in a zone, for instance ``10/08/2026 09:14:07``."""
    return f"{at.astimezone(zone):%d/%m/%Y %H:%M:%S}"


def show_columns(rows: Sequence[Sequence[str]]) -> None:
    """Align without ever cutting: an identifier that lost its end in a narrow window could not be typed again."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        paper().print(line, markup=False, soft_wrap=True)


def _step(step: Step, zone: tzinfo, *, with_text: bool) -> dict[str, object]:
    told = asdict(step)
    told["at"] = step.at.astimezone(zone).isoformat()
    told["facts"] = {
        name: fact.astimezone(zone).isoformat() if isinstance(fact, datetime) else fact
        for name, fact in step.facts.items()
    }
    if not with_text:
        told.pop("text")
    return told


def _written(fact: Fact, zone: tzinfo) -> str:
    return written_moment(fact, zone) if isinstance(fact, datetime) else str(fact)
