"""What the image is built of is what was tested, to the byte."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCKS = [ROOT / "docker" / name for name in ("requirements.txt", "requirements-build.txt")]


def normal(name: str) -> str:
    """Return a package's name as indexes compare them."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(path: Path) -> dict[str, str]:
    """Return versions by name."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {normal(name): version for name, version in found}


def test_everything_the_program_needs_is_locked() -> None:
    """A dependency that was added is in the image too; write it there with ``make lock``."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["tls"]]
    names = {normal(re.split(r"[\[<>=!~ ;]", line, maxsplit=1)[0]) for line in wanted}
    assert names - pinned(LOCKS[0]).keys() == set()


def test_locked_versions_are_the_tested_ones() -> None:
    """No version in the image differs from constraints.txt; write them anew with ``make lock``."""
    tested = pinned(ROOT / "constraints.txt")
    differing = {
        name: (version, tested[name])
        for lock in LOCKS
        for name, version in pinned(lock).items()
        if tested.get(name, version) != version
    }
    assert differing == {}


def test_each_locked_package_has_a_hash() -> None:
    """A file that somebody swapped in the index is not installed."""
    for lock in LOCKS:
        entries = re.split(r"^(?=[A-Za-z0-9])", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
        assert entries
        assert all("--hash=sha256:" in entry for entry in entries)
