"""Which releases can run on a schema: all, as long as it only grew; across what took something away, those that do not need it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from secretaria.releases.version import parse_version

Told = Mapping[str, Any]


def in_the_way(version: str, steps: Sequence[Told]) -> list[Told]:
    """Return the steps on whose schema a version cannot run, in their order.

    Args:
        version: A release that does not have these steps; empty where nobody knows which it is.
        steps: As ``secretaria migrate --plan --json`` of a newer version tells them: those that are pending, or those that
            lie between the database and the schema of the release.
    """
    return [step for step in steps if step["kind"] == "contract" and not _needs_nothing_of(step, version)]


def told(steps: Sequence[Told]) -> str:
    """Say what steps take away, Portuguese."""
    return "; ".join(f"{step['revision']}: {', '.join(step['breaks']) or step['does']}" for step in steps)


def _needs_nothing_of(step: Told, version: str) -> bool:
    """Whether a version is one of those that no longer use what a step takes away, by the word of its author."""
    since = step.get("unused_since")
    return bool(since and version) and parse_version(version) >= parse_version(str(since))
