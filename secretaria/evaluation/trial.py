"""A version tried before it is switched to: on a copy of the live database, which is migrated, asked again and thrown away."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from secretaria.database.beside import database_beside, free_bytes, live_bytes, require_room, server_of
from secretaria.database.engine import build_engine
from secretaria.database.migrate import SchemaUnknown, current_revision, upgrade
from secretaria.errors import SecretariaError
from secretaria.evaluation.accepted import Accepted, Sorted, sort_out
from secretaria.evaluation.again import Change
from secretaria.evaluation.conduct import Manner, check_conduct
from secretaria.evaluation.copying import copy_database
from secretaria.evaluation.recorded import Archive
from secretaria.evaluation.repeating import run_again
from secretaria.privacy import describe_exception

MOST_TURNS = 500
POOL = 4
NOTHING: Sorted = Sorted((), (), (), ())


@dataclass
class Trial:
    """What was found; a version that passed may be switched to.

    Attributes:
        version: The one that was tried, which is the one that runs this.
        bytes_copied: What the live database takes.
        bytes_free: What was free beside it; None where the server may not tell.
        before: The schema of the live database.
        after: The schema that this version left on the copy.
        applied: The migrations that did so.
        migration_failed: Why they could not; empty where they could.
        turns: How many recorded turns were answered again.
        differences: What was decided otherwise, beside what is accepted.
        manners: The rules of conduct.
        seconds: What each part took.
    """

    version: str
    bytes_copied: int = 0
    bytes_free: int | None = None
    before: str | None = None
    after: str | None = None
    applied: Sequence[str] = ()
    migration_failed: str = ""
    turns: int = 0
    differences: Sorted = NOTHING
    manners: Sequence[Manner] = ()
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether the version may be switched to."""
        kept = bool(self.manners) and all(manner.kept for manner in self.manners)
        return kept and not self.migration_failed and not self.differences.refused

    def summary(self) -> dict[str, Any]:
        """Return all of it as one JSON object."""
        sorted_out = self.differences
        return {
            "version": self.version,
            "passed": self.passed,
            "copy": {"bytes": self.bytes_copied, "free_bytes": self.bytes_free},
            "migration": {
                "before": self.before,
                "after": self.after,
                "applied": list(self.applied),
                "failed": self.migration_failed or None,
            },
            "replay": {
                "turns": self.turns,
                "differences": [asdict(one) for one in sorted_out.refused],
                "accepted": [asdict(one) | {"reason": entry.reason} for one, entry in sorted_out.accepted],
                "unused": [entry.model_dump(by_alias=True, exclude_none=True) for entry in sorted_out.unused],
                "ended": [entry.model_dump(by_alias=True, exclude_none=True) for entry in sorted_out.ended],
            },
            "conduct": [asdict(manner) for manner in self.manners],
            "seconds": {name: round(seconds, 2) for name, seconds in self.seconds.items()},
        }


def try_version(
    live: Engine,
    version: str,
    accepted: Sequence[Accepted],
    *,
    most_turns: int = MOST_TURNS,
    hear: Callable[[str], None] = lambda _: None,
) -> Trial:
    """Try this version on a copy of the live database, of which nothing is written and nothing is left.

    Args:
        live: The database that is copied.
        version: What this version calls itself.
        accepted: The differences that are wanted.
        most_turns: How many recorded turns are answered again at most, the newest.
        hear: Told what begins, in Portuguese.

    Raises:
        BesideBusy: Somebody else tries a version.
        CopyFailed: The copy could not be made.
        DatabaseUnavailable: PostgreSQL does not answer.
        PreflightRefused: The copy would not fit, or may not be made.
    """
    trial, begun = Trial(version), time.monotonic()
    with server_of(live) as server:
        trial.bytes_copied, trial.bytes_free = live_bytes(server), free_bytes(server)
        require_room(trial.bytes_copied, trial.bytes_free)
        with database_beside(server) as address:
            hear(f"copiando {trial.bytes_copied // 1024**2} MiB para um banco ao lado")
            _timed(
                trial, "copy", lambda: copy_database(server.engine.url.render_as_string(hide_password=False), address)
            )
            copy = build_engine(address, pool_size=POOL)
            try:
                _try_on(copy, trial, accepted, most_turns, hear)
            finally:
                copy.dispose()
    trial.seconds["all"] = time.monotonic() - begun
    return trial


def _try_on(
    copy: Engine, trial: Trial, accepted: Sequence[Accepted], most_turns: int, hear: Callable[[str], None]
) -> None:
    hear("migrando a cópia")
    _timed(trial, "migration", lambda: _migrate(copy, trial))
    if trial.migration_failed:
        return
    hear("respondendo de novo o que foi gravado")
    _timed(trial, "replay", lambda: _answer_again(copy, trial, accepted, most_turns))
    hear("conferindo a conduta")
    _timed(trial, "conduct", lambda: _behave(copy, trial))


def _migrate(copy: Engine, trial: Trial) -> None:
    trial.before = trial.after = current_revision(copy)
    try:
        with suppress(SchemaUnknown):  # an older version on a newer schema: it must do with that as it is
            trial.applied = upgrade(copy)
    except SecretariaError as error:
        trial.migration_failed = error.message
    except SQLAlchemyError as error:
        trial.migration_failed = describe_exception(error)
    trial.after = current_revision(copy)


def _answer_again(copy: Engine, trial: Trial, accepted: Sequence[Accepted], most_turns: int) -> None:
    archive = Archive(copy)
    result = run_again(archive, archive.list()[-most_turns:], Change())
    trial.turns = result.turns
    trial.differences = sort_out(result.mismatches, accepted, trial.version)


def _behave(copy: Engine, trial: Trial) -> None:
    """Last, because it empties the copy: the rules are tried on the very schema that will be switched to."""
    trial.manners = tuple(check_conduct(copy))


def _timed(trial: Trial, name: str, act: Callable[[], None]) -> None:
    begun = time.monotonic()
    try:
        act()
    finally:
        trial.seconds[name] = time.monotonic() - begun
