"""Every attempt to change the running version, one JSON line each time something is known of it; lines are only added."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

LEDGER_FILE = "releases.jsonl"
Kind = Literal["install", "deploy", "promotion", "rollback"]
Outcome = Literal["began", "released", "went_back", "failed"]


@dataclass(frozen=True)
class Release:
    """One attempt, as it is known now.

    Attributes:
        id: Names the attempt; its later lines carry the same.
        kind: What was done.
        version: The version it leads to.
        before: The version that ran before; empty at the first.
        outcome: ``began`` while it runs, and for ever where its process was killed.
        began_at: ISO 8601, UTC.
        who: Account and machine.
        image: The image's id.
        revision: The commit it was built from.
        migration_head: The newest migration that its code knows.
        seconds: How long it took.
        backup: The copy of the database that was made on the way.
        environment: The named environment; empty for the only one.
        reason: Why it ended as it did, in Portuguese.
    """

    id: str
    kind: Kind
    version: str
    before: str
    outcome: Outcome
    began_at: str
    who: str
    image: str = ""
    revision: str = ""
    migration_head: str = ""
    seconds: float = 0.0
    backup: str = ""
    environment: str = ""
    reason: str = ""


FIELDS = frozenset(field.name for field in fields(Release))
REQUIRED = ("id", "kind", "version", "before", "outcome", "began_at", "who")


def append(path: Path, release: Release) -> None:
    """Add what is known now; on return it is on the disk.

    A line that a kill cut short is ended first, so that it spoils nothing but itself.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(asdict(release), ensure_ascii=False) + "\n"
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        os.write(descriptor, (("\n" if torn else "") + line).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(path: Path) -> list[Release]:
    """Return the attempts, oldest first, each as its last line says; what cannot be read is passed over."""
    found: dict[str, Release] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else ():
        try:
            release = parse(json.loads(line))
        except ValueError:  # cut short by a kill
            continue
        if release is not None:
            found[release.id] = release
    return list(found.values())


def current(releases: list[Release]) -> Release | None:
    """Return the attempt that put in place what runs now, as far as the ledger knows."""
    return next((one for one in reversed(releases) if one.outcome == "released"), None)


def origin_of(releases: list[Release], version: str) -> Release | None:
    """Return the attempt that brought a version here for the first time: there its image and its schema are told."""
    return next((one for one in releases if one.outcome == "released" and one.version == version), None)


def previous(releases: list[Release], version: str) -> Release | None:
    """Return the release before a version, in the order in which versions came here; going back is no coming."""
    came: list[Release] = []
    for one in releases:
        if one.outcome == "released" and one.kind != "rollback":
            came = [*(other for other in came if other.version != one.version), one]
    names = [one.version for one in came]
    place = names.index(version) if version in names else len(came)
    return came[place - 1] if place > 0 else None


def finished(release: Release, outcome: Outcome, seconds: float, **known: Any) -> Release:  # noqa: ANN401  # fields of it
    """Return the attempt as it ended."""
    return replace(release, outcome=outcome, seconds=round(seconds, 1), **known)


def parse(told: object) -> Release | None:
    """Read one line of the ledger, decoded; None where it is not one."""
    if not isinstance(told, dict) or any(not isinstance(told.get(name), str) for name in REQUIRED):
        return None
    if told["kind"] not in get_args(Kind) or told["outcome"] not in get_args(Outcome):
        return None
    return Release(**{name: value for name, value in told.items() if name in FIELDS})
