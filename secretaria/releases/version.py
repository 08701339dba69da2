"""Which version comes next: read from the tags, never from what somebody remembers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from packaging.version import Version

from secretaria.errors import UsageInvalid

Part = Literal["patch", "minor", "major"]
PARTS: tuple[Part, ...] = ("patch", "minor", "major")
NUMBERS = r"(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)"
VERSION_LINE = re.compile(rf'^__version__ = "({NUMBERS})"', re.MULTILINE)


def parse_version(written: str) -> Version:
    """Read ``1.4.2`` or ``v1.4.2``.

    Raises:
        UsageInvalid: It is no version of ours.
    """
    bare = written.strip().removeprefix("v")
    if not re.fullmatch(NUMBERS, bare):
        raise UsageInvalid(f"não entendi a versão {written!r}", "escreva três números, como 1.4.2")
    return Version(bare)


def newest(tags: Iterable[str], *more: str) -> Version:
    """Return the highest version among tags (others than ``vX.Y.Z`` are not ours) and versions known otherwise."""
    ours = [Version(tag[1:]) for tag in tags if re.fullmatch(f"v{NUMBERS}", tag)]
    return max([*ours, *(Version(one) for one in more), Version("0.0.0")])


def next_version(before: Version, part: Part) -> Version:
    """Return the version after another one: smaller parts begin anew."""
    major, minor, patch = before.major, before.minor, before.micro
    if part == "major":
        return Version(f"{major + 1}.0.0")
    if part == "minor":
        return Version(f"{major}.{minor + 1}.0")
    return Version(f"{major}.{minor}.{patch + 1}")


def version_in(source: str) -> str:
    """Return the version that the program's own file states, or 0.0.0."""
    found = VERSION_LINE.search(source)
    return found[1] if found else "0.0.0"


def with_version(source: str, version: Version) -> str:
    """Return the program's own file with another version in it."""
    return VERSION_LINE.sub(f'__version__ = "{version}"', source, count=1)
