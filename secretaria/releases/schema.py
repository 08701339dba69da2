"""Which releases can run on a schema: as it is, after a migration, after the schema went back, or not any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from secretaria.database.steps import Step

Answer = Literal["runs", "behind", "contracted", "unknown"]


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether the code of a release can run on a schema.

    Attributes:
        answer: ``runs`` as it is; ``behind``: its own migrations must be applied first; ``contracted``: a step since
            then took something away that it needs; ``unknown``: nobody here knows one of the two revisions.
        why: What stands in the way, one Portuguese sentence; empty where it runs.
        back: The revisions that would have to be taken back for it, newest first.
    """

    answer: Answer
    why: str = ""
    back: tuple[str, ...] = ()

    @property
    def runs(self) -> bool:
        """Whether nothing but the code has to change."""
        return self.answer == "runs"


def fit(head: str, current: str | None, steps: Sequence[Step]) -> Fit:
    """Judge whether code whose newest migration is ``head`` works on a database at ``current``.

    Args:
        head: The newest migration of the release.
        current: The revision of the database; None for an empty one.
        steps: All that are known, oldest first; by the newest version that is at hand.
    """
    known = {step.revision for step in steps}
    if strange := next((one for one in (head, current) if one is not None and one not in known), None):
        return Fit("unknown", f"esta versão do programa não conhece a revisão {strange}")
    if current is None or current < head:
        return Fit("behind", f"o banco está em {current or 'nada'} e a versão precisa de {head}")
    since = [step for step in steps if head < step.revision <= current]
    back = tuple(step.revision for step in reversed(since))
    for step in since:
        if step.kind == "contract":
            return Fit("contracted", f"{step.revision} tirou o que a versão usa: {'; '.join(step.breaks)}", back)
    return Fit("runs", back=back)


def fits(heads: Iterable[tuple[str, str]], current: str | None, steps: Sequence[Step]) -> dict[str, Fit]:
    """Judge several releases.

    Args:
        heads: Version and newest migration of each.
        current: The revision of the database.
        steps: All that are known, oldest first.

    Returns:
        By version.
    """
    return {version: fit(head, current, steps) for version, head in heads}


def refused_while_running(head_running: str, pending: Sequence[Step]) -> Step | None:
    """Return the first pending step that must wait until the version that runs now is gone; None where none must.

    Args:
        head_running: The newest migration that the running version knows.
        pending: What would be applied, oldest first.
    """
    return next((step for step in pending if step.kind == "contract" and step.revision > head_running), None)
