"""Writes a version into every file that states it, so that program, changelog and dashboards are in step with the tag."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

from packaging.version import Version

from secretaria.releases.changelog import close_section
from secretaria.releases.version import NUMBERS, with_version

PROGRAM = "secretaria/__init__.py"
CHANGELOG = "CHANGELOG.md"
DASHBOARDS = "docker/grafana/dashboards"
DASHBOARD_TAG = re.compile(rf'"v{NUMBERS}"')


def stamp(tree: Path, version: Version, day: date) -> None:
    """Write a version into the files of a checked out tree; done twice is done once.

    Args:
        tree: Where the tree lies; nobody works in it.
        version: What is released.
        day: The date of its section in the changelog.
    """
    _rewrite(tree / PROGRAM, lambda text: with_version(text, version))
    _rewrite(tree / CHANGELOG, lambda text: close_section(text, version, day))
    for dashboard in sorted((tree / DASHBOARDS).glob("*.json")):
        _rewrite(dashboard, lambda text: DASHBOARD_TAG.sub(f'"v{version}"', text))


def _rewrite(path: Path, change: Callable[[str], str]) -> None:
    if path.is_file():
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
