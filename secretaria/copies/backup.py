"""Takes a copy: the database as one snapshot shows it, the business folder, the configuration without its secrets."""

from __future__ import annotations

import json
import shutil
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from dotenv import dotenv_values
from loguru import logger

import secretaria
from secretaria.copies.archive import draft_in, own_folder, parts_of, seal_copy
from secretaria.copies.finished import Backup
from secretaria.copies.manifest import Manifest, survey
from secretaria.copies.premises import Premises
from secretaria.copies.sealing import Keys, check_keys
from secretaria.copies.trial import DUMP, try_aside
from secretaria.errors import SecretariaError
from secretaria.machine.runner import CommandFailed

BUSINESS, CONFIGURATION = "business", "configuration"
PROOF = ".conferida"  # beside a copy that was restored aside
TAKEN, VERIFIED = "backup", "backup_verified"


class CopyFailed(SecretariaError):
    """A copy could not be finished; there is nothing of it under a good name."""

    def __init__(self, why: str) -> None:
        super().__init__(f"a cópia não foi feita: {why}", "confira o espaço em disco e o banco: secretaria doctor")


def take_backup(
    premises: Premises,
    *,
    reason: str,
    folder: Path | None = None,
    keys: Keys | None = None,
    now: datetime | None = None,
    prove: bool = False,
) -> Backup:
    """Copy an installation while it runs; what is told in the manifest is read in the snapshot that is dumped.

    Args:
        premises: The installation.
        reason: Why, a few words in Portuguese.
        folder: Where to; the installation's own by default.
        keys: What locks it; the installation's own by default.
        now: The present moment.
        prove: Whether it is restored aside before it is packed, for a key that this machine does not have.

    Raises:
        CopyDamaged: It was to be proved, and does not restore to what was there.
        LockHeld: Another copy is under way.
        CopyFailed: The database is away or the disk is full; nothing was left.
        PreflightRefused: The folder cannot be written.
    """
    to, locks = folder or premises.copies, keys or premises.keys
    check_keys(locks)
    with own_folder(to):
        return copy_now(premises, to, reason, now or datetime.now(UTC), locks, prove=prove)


def copy_now(
    premises: Premises, folder: Path, reason: str, moment: datetime, keys: Keys | None = None, *, prove: bool = False
) -> Backup:
    """Copy an installation into a folder that the caller already has to itself.

    Raises:
        CopyFailed: The database is away or the disk is full; nothing was left.
    """
    began, locks = time.monotonic(), keys or premises.keys
    with draft_in(folder) as draft:
        contents = draft / "contents"
        try:
            manifest = _gather(premises, contents, reason, moment)
            if prove:
                try_aside(premises.postgres, manifest, contents, moment)
            path = seal_copy(contents, manifest, folder, locks)
        except OSError as error:
            raise CopyFailed(error.strerror or str(error)) from error
        except CommandFailed as error:
            raise CopyFailed(error.message) from error
    taken = Backup(path, path.stat().st_size, moment, manifest.migration_head, time.monotonic() - began)
    told = {"file": path.name, "bytes": taken.bytes, "locked": locks.locking, "reason": reason}
    remember(premises, TAKEN, moment, told)
    if prove:
        note_proof(premises, path, manifest, moment)
    return taken


def verified_at(file: Path) -> datetime | None:
    """Return when a copy was last proved to restore; None where it never was."""
    try:
        return datetime.fromisoformat(json.loads(file.with_name(file.name + PROOF).read_text(encoding="utf-8"))["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def note_proof(premises: Premises, file: Path, manifest: Manifest, moment: datetime) -> None:
    """Note that a copy was restored aside and was the same: beside it, and in the database."""
    told = {"file": file.name, "taken_at": manifest.taken_at.isoformat(), "rows": manifest.rows}
    with suppress(OSError):  # on a medium that can only be read the database alone knows
        file.with_name(file.name + PROOF).write_text(json.dumps({"at": moment.isoformat(), **told}), encoding="utf-8")
    remember(premises, VERIFIED, moment, told)


def remember(premises: Premises, chore: str, at: datetime, told: dict[str, object]) -> None:
    """Note in the database what was done, where ``status`` and the metrics read it; a copy is good without that too."""
    values = f"'{chore}', '{at.date()}', '{at.isoformat()}', '{at.isoformat()}', $told${json.dumps(told)}$told$"
    noted = (
        f"INSERT INTO chore_run (name, day, begun_at, ended_at, done) VALUES ({values}) ON CONFLICT (name, day) "  # noqa: S608  # words of our own
        "DO UPDATE SET begun_at = excluded.begun_at, ended_at = excluded.ended_at, done = excluded.done"
    )
    try:
        premises.postgres.tell(noted)
    except CommandFailed as error:
        logger.bind(chore=chore, error=error.message).warning("backup_not_noted")


def _gather(premises: Premises, contents: Path, reason: str, moment: datetime) -> Manifest:
    contents.mkdir(mode=0o700)
    with premises.postgres.snapshot() as (snapshot, ask):
        tables, head, server = survey(ask)
        with (contents / DUMP).open("wb") as dump:
            premises.postgres.dump(snapshot, dump)
    for source in _plain_files(premises.business):
        target = contents / BUSINESS / source.relative_to(premises.business)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    if premises.configuration is not None:
        (contents / CONFIGURATION).mkdir()
        shutil.copyfile(premises.configuration, contents / CONFIGURATION / premises.configuration.name)
    return Manifest(
        version=secretaria.__version__,
        migration_head=head,
        taken_at=moment,
        reason=reason,
        postgresql=server,
        tables=tables,
        parts=parts_of(contents),
        env_keys=tuple(sorted(dotenv_values(premises.env_file))) if premises.env_file.is_file() else (),
    )


def _plain_files(folder: Path) -> list[Path]:
    """Find what a business folder is made of; a link may lead anywhere, so it is not followed."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
