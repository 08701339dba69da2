"""Where the publishing process is killed in tests: every crash point of a release, in the order in which it is passed."""

from __future__ import annotations

from secretaria.releases.version import Part

POINTS = (
    "deploy.preflight",
    "deploy.version",
    "deploy.build",
    "deploy.build.built",
    "deploy.tests",
    "deploy.backup",
    "deploy.migrate",
    "deploy.switch",
    "deploy.switch.env",
    "deploy.switch.beside",
    "deploy.switch.drained",
    "deploy.switch.api",
    "deploy.switch.worker",
    "deploy.gate",
    "deploy.record",
    "deploy.record.noted",
    "deploy.record.marked",
)
# On a real engine every point takes two releases: usually those are tried that differ most in what a kill leaves.
BEFORE_THE_BACKUP, AFTER_MIGRATE, IN_THE_SWITCH, BEFORE_THE_TAG = (
    "deploy.backup",
    "deploy.switch",
    "deploy.switch.beside",
    "deploy.record.noted",
)
REPRESENTATIVE = (BEFORE_THE_BACKUP, AFTER_MIGRATE, IN_THE_SWITCH, BEFORE_THE_TAG)
PARTS: dict[str, Part] = {BEFORE_THE_BACKUP: "minor", AFTER_MIGRATE: "major"}  # of the version that is killed there


def is_noted(point: str) -> bool:
    """Say whether the version that is killed there passed: the ledger says so, and the next one is another."""
    return POINTS.index(point) >= POINTS.index(BEFORE_THE_TAG)
