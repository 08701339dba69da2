"""What one version says and another does not: keys of the card and chunks of the base; pure."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from secretaria.knowledge.chunks import Chunk, split_chunks
from secretaria.knowledge.snapshot import Snapshot

Kind = Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class CardChange:
    """One key of negocio.toml; None stands for a key that is not there."""

    key: str
    before: Any
    after: Any

    @property
    def kind(self) -> Kind:
        """What became of it."""
        return _kind(self.before, self.after)


@dataclass(frozen=True, slots=True)
class ChunkChange:
    """One chunk of the base; None stands for a chunk that is not there."""

    source: str
    before: Chunk | None
    after: Chunk | None

    @property
    def kind(self) -> Kind:
        """What became of it."""
        return _kind(self.before, self.after)


@dataclass(frozen=True, slots=True)
class Difference:
    """All that changed; empty where only comments, spaces or the order did."""

    card: tuple[CardChange, ...]
    chunks: tuple[ChunkChange, ...]

    def count(self, kind: Kind) -> int:
        """Return how many chunks were added, changed or removed."""
        return sum(change.kind == kind for change in self.chunks)


def compare(before: Snapshot | None, after: Snapshot) -> Difference:
    """Say what changed between two snapshots that can be read.

    Args:
        before: The older one; None where there was nothing.
        after: The newer one.
    """
    old_keys, new_keys = _keys(before), _keys(after)
    old_chunks, new_chunks = _chunks(before), _chunks(after)
    return Difference(
        tuple(
            CardChange(key, old_keys.get(key), new_keys.get(key))
            for key in dict.fromkeys([*new_keys, *old_keys])
            if old_keys.get(key) != new_keys.get(key)
        ),
        tuple(
            ChunkChange(source, old_chunks.get(source), new_chunks.get(source))
            for source in dict.fromkeys([*new_chunks, *old_chunks])
            if old_chunks.get(source) != new_chunks.get(source)
        ),
    )


def _kind(before: object, after: object) -> Kind:
    if before is None:
        return "added"
    return "removed" if after is None else "changed"


def _keys(snapshot: Snapshot | None) -> dict[str, Any]:
    return dict(_flat(tomllib.loads(snapshot.card))) if snapshot else {}


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _chunks(snapshot: Snapshot | None) -> dict[str, Chunk]:
    files = sorted(snapshot.base.items()) if snapshot else []
    return {chunk.source: chunk for name, text in files for chunk in split_chunks(text, name)}
