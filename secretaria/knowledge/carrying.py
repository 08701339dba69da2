"""Changes that were made to one version are made to another one, as long as both did not change the same; pure."""

from __future__ import annotations

from collections.abc import Sequence

from secretaria.errors import Conflict
from secretaria.knowledge.card_editing import change_values
from secretaria.knowledge.difference import ChunkChange, compare
from secretaria.knowledge.editing import add_chunk, change_chunk, heading_of, remove_chunk
from secretaria.knowledge.snapshot import Snapshot


class ChangesCollide(Conflict):
    """Two people changed the same to different ends.

    Attributes:
        names: Keys of the card and units of the base.
    """

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"o rascunho e a versão publicada mudaram a mesma coisa: {', '.join(names)}",
            "descarte o rascunho e repita à mão o que ainda vale",
        )
        self.names = tuple(names)


def carried_over(began: Snapshot, draft: Snapshot, onto: Snapshot) -> Snapshot:
    """Return a snapshot with what a draft changed.

    Args:
        began: What the draft was made from.
        draft: What was made of it.
        onto: What somebody else made of it meanwhile.

    Raises:
        ChangesCollide: Both changed the same, and not to the same.
    """
    wanted, done = compare(began, draft), compare(began, onto)
    keys = {change.key: change.after for change in done.card}
    units = {change.source: change.after for change in done.chunks}
    clashes = [change.key for change in wanted.card if change.key in keys and keys[change.key] != change.after]
    clashes += [one.source for one in wanted.chunks if one.source in units and units[one.source] != one.after]
    if clashes:
        raise ChangesCollide(clashes)
    carried = change_values(onto, {change.key: change.after for change in wanted.card if change.key not in keys})
    for change in wanted.chunks:
        if change.source not in units:
            carried = _carry(carried, draft, change)
    return carried


def _carry(onto: Snapshot, draft: Snapshot, change: ChunkChange) -> Snapshot:
    after = change.after
    if after is None:
        return remove_chunk(onto, change.source)
    heading = heading_of(draft, change.source)
    if change.before is None:
        return add_chunk(onto, after.file, heading, after.text)
    return change_chunk(onto, change.source, heading, after.text)
