"""What one version changes of another, as people read it: old and new side by side, word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from secretaria.knowledge.chunks import Chunk
from secretaria.knowledge.difference import CardChange, ChunkChange, Difference, Kind
from secretaria.web.panel.secretary_form import label_of

MOST_WORDS = 3000  # of both texts together; above that comparing takes too long, and old and new stand whole
ALIKE = 0.6  # of the words; below that a text was written anew, and word by word nobody could read it
WORDS = re.compile(r"\s+|\w+|[^\w\s]")

Mark = Literal["", "ins", "del"]


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of text: as it was, new, or gone."""

    mark: Mark
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """One change.

    Attributes:
        label: What changed, in words.
        kind: Whether it is new, other or gone.
        lines: The text, word by word; of a list, one entry a line.
        source: The unit of the base it is about; None for a key of the card.
    """

    label: str
    kind: Kind
    lines: Sequence[Sequence[Part]]
    source: str | None = None


def told_changes(difference: Difference) -> list[Told]:
    """Tell all changes, those of the card first."""
    return [*map(_card, difference.card), *map(_chunk, difference.chunks)]


def compared(before: str, after: str) -> list[Part]:
    """Say which words of a text are new and which are gone."""
    old, new = WORDS.findall(before), WORDS.findall(after)
    if len(old) + len(new) > MOST_WORDS or not (old and new):
        return [part for part in (Part("del", before), Part("ins", after)) if part.text]
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < ALIKE:
        return [Part("del", before), Part("ins", after)]
    parts: list[Part] = []
    for act, begun, ended, first, last in matcher.get_opcodes():
        if act == "equal":
            parts.append(Part("", "".join(old[begun:ended])))
            continue
        parts.extend(
            part
            for part in (Part("del", "".join(old[begun:ended])), Part("ins", "".join(new[first:last])))
            if part.text
        )
    return parts


def _card(change: CardChange) -> Told:
    if isinstance(change.before or change.after, list):
        return Told(label_of(change.key), change.kind, list(_listed(change.before or [], change.after or [])))
    before, after = _value(change.before), _value(change.after)
    shown = [part for part in (Part("del", before), Part("ins", after)) if part.text]
    return Told(label_of(change.key), change.kind, [shown])


def _listed(before: Sequence[Any], after: Sequence[Any]) -> Iterator[Sequence[Part]]:
    old, new = list(map(_value, before)), list(map(_value, after))
    for line in (line for line in old if line not in new):
        yield [Part("del", line)]
    for line in (line for line in new if line not in old):
        yield [Part("ins", line)]


def _value(value: Any) -> str:  # noqa: ANN401  # whatever TOML can say
    return "" if value is None else str(value) or "(vazio)"


def _chunk(change: ChunkChange) -> Told:
    shown = change.after or change.before
    label = shown.title if shown else change.source
    lines = [compared(_title(change.before), _title(change.after))] if _retitled(change) else []
    lines.append(compared(_text(change.before), _text(change.after)))
    return Told(label, change.kind, lines, change.source)


def _retitled(change: ChunkChange) -> bool:
    return change.before is not None and change.after is not None and change.before.title != change.after.title


def _title(chunk: Chunk | None) -> str:
    return chunk.title if chunk else ""


def _text(chunk: Chunk | None) -> str:
    return chunk.text if chunk else ""
