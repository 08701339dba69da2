"""Proves that a copy restores: into a database beside the real one, compared row by row, and dropped again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from secretaria.copies.archive import draft_in, open_copy, own_folder
from secretaria.copies.backup import note_proof
from secretaria.copies.manifest import Manifest
from secretaria.copies.premises import Premises
from secretaria.copies.sealing import Keys
from secretaria.copies.trial import try_aside


@dataclass(frozen=True)
class Verified:
    """A copy that was restored aside and was the same.

    Attributes:
        manifest: What it says about itself, all of it true.
        seconds: How long the proof took.
    """

    manifest: Manifest
    seconds: float


@contextmanager
def opened_copy(premises: Premises, file: Path, keys: Keys) -> Iterator[tuple[Manifest, Path]]:
    """Unpack a copy while nobody else copies or restores; its parts are gone with the block.

    Raises:
        CopyDamaged: It is not whole.
        CopyLocked: The keys do not open it.
        LockHeld: Another copy is under way.
    """
    with own_folder(premises.copies), draft_in(premises.copies) as draft:
        contents = draft / "contents"
        contents.mkdir(mode=0o700)
        yield open_copy(file, contents, keys), contents


def verify_backup(premises: Premises, file: Path, keys: Keys, *, now: datetime | None = None) -> Verified:
    """Restore a copy beside the real database, compare every table with what the copy says, and drop it.

    Raises:
        CopyDamaged: It is not whole, does not restore, or restores to something else.
        CopyLocked: The keys do not open it.
        LockHeld: Another copy is under way.
        CommandFailed: PostgreSQL is away.
    """
    began, moment = time.monotonic(), now or datetime.now(UTC)
    with opened_copy(premises, file, keys) as (manifest, contents):
        try_aside(premises.postgres, manifest, contents, moment)
    note_proof(premises, file, manifest, moment)
    return Verified(manifest, time.monotonic() - began)
