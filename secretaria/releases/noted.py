"""The last release as the database knows it: host, service and panel read the same audited row."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from secretaria.audit.trail import Actor, note_alone, read_trail
from secretaria.releases.ledger import Release

ACTIONS = {
    ("install", "released"): "release.installed",
    ("deploy", "released"): "release.deployed",
    ("promotion", "released"): "release.deployed",
    ("rollback", "released"): "release.rolled_back",
}
WENT_BACK = "release.went_back"
IN_PLACE = frozenset(ACTIONS.values())
SHOWN = ("kind", "before", "revision", "migration_head", "seconds", "environment", "reason")


def note_release(engine: Engine, release: Release, at: datetime) -> None:
    """Add a release to the audit: who, which version, from which, how long it took.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    account, _, machine = release.who.partition("@")
    told = {name: value for name, value in asdict(release).items() if name in SHOWN and value}
    action = ACTIONS.get((release.kind, release.outcome), WENT_BACK)
    note_alone(engine, Actor(account, "cli", machine), action, release.version, at=at, after=told)


def note_scaled(engine: Engine, who: str, service: str, counts: tuple[int, int], at: datetime) -> None:
    """Add to the audit how many containers of a service run, and how many did before.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    account, _, machine = who.partition("@")
    before, after = ({"containers": count} for count in counts)
    note_alone(engine, Actor(account, "cli", machine), "service.scaled", service, at=at, before=before, after=after)


def last_release(engine: Engine) -> dict[str, Any] | None:
    """Return what put the present version in place: version, when, who and how; None where nothing is noted.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    for entry in read_trail(engine, action="release.", limit=20):
        if entry.action in IN_PLACE:
            told = entry.after or {}
            return {
                "version": entry.target,
                "at": entry.at,
                "who": f"{entry.actor}@{entry.place}" if entry.place else entry.actor,
                "kind": told.get("kind", "deploy"),
                "before": told.get("before", ""),
                "seconds": told.get("seconds"),
            }
    return None
