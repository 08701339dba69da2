"""Which copies stay: the last of each day, then of each week, then of each month; the newest and the last proved one always."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from pathlib import Path

from secretaria.copies.archive import SUM
from secretaria.copies.backup import PROOF, verified_at
from secretaria.copies.finished import Backup, list_backups
from secretaria.settings import BackupSection


def outdated(copies: Sequence[Backup], rules: BackupSection, zone: tzinfo, proved: Backup | None) -> list[Backup]:
    """Return the copies that no rule keeps.

    Args:
        copies: The newest first.
        rules: How many days, weeks and months; each counts what the ones before it did not keep.
        zone: By which a day begins.
        proved: The copy that was last restored aside.
    """
    kept = {copy.path for copy in (*copies[:1], *([proved] if proved else []))}
    by_day = _last_of(copies, lambda at: f"{at:%Y-%m-%d}", rules.kept_days, zone, set())
    by_week = _last_of(copies, lambda at: f"{at:%G-%V}", rules.kept_weeks, zone, by_day)
    by_month = _last_of(copies, lambda at: f"{at:%Y-%m}", rules.kept_months, zone, by_day | by_week)
    kept |= by_day | by_week | by_month
    return [copy for copy in copies if copy.path not in kept]


def last_proved(copies: Sequence[Backup]) -> Backup | None:
    """Return the copy that was proved to restore most recently."""
    proved = [(at, copy) for copy in copies if (at := verified_at(copy.path)) is not None]
    return max(proved, key=lambda pair: (pair[0], pair[1].taken_at))[1] if proved else None


def prune_backups(folder: Path, rules: BackupSection, zone: tzinfo) -> list[Backup]:
    """Remove the copies that no rule keeps, each with what lies beside it; the caller has the folder to itself.

    Returns:
        What was removed.
    """
    copies = list_backups(folder)
    gone = outdated(copies, rules, zone, last_proved(copies))
    for copy in gone:
        for beside in ("", SUM, PROOF):  # the copy first: what is left over then is no copy
            copy.path.with_name(copy.path.name + beside).unlink(missing_ok=True)
    return gone


def _last_of(
    copies: Sequence[Backup], period: Callable[[datetime], str], count: int, zone: tzinfo, already: set[Path]
) -> set[Path]:
    chosen: dict[str, Path] = {}
    seen: set[str] = set()
    for copy in copies:
        name = period(copy.taken_at.astimezone(zone))
        if name in seen:
            continue
        seen.add(name)
        if copy.path not in already and len(chosen) < count:
            chosen[name] = copy.path
    return set(chosen.values())
