"""Debian, from which stand-ins and plug-ins are taken: which suite, and from which mirror."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SUITE = "trixie"


def mirror() -> str:
    """Return the mirror that this machine takes Debian's packages from; one that is no Debian is told it."""
    known = run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Identifier: Packages"], 30).split()
    named = [os.environ.get("DEBIAN_MIRROR", ""), *(uri for uri in known if uri.rstrip("/").endswith("/debian"))]
    found = next(filter(None, named), "")
    assert found, "this machine takes no packages from Debian: name a mirror in DEBIAN_MIRROR"
    return found


def run(command: list[str], seconds: float, folder: Path | None = None) -> str:
    """Run a program to its end and return its stdout; whatever it complained of is in the error."""
    ended = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False, cwd=folder)
    assert ended.returncode == 0, f"{' '.join(command)}\n{ended.stdout[-2000:]}\n{ended.stderr[-4000:]}"
    return ended.stdout
