"""What is run, as argument lists: pure functions, so that a plan can be read, and tested, without an engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Argv = tuple[str, ...]


@dataclass(frozen=True)
class Compose:
    """The compose project of an installation.

    Attributes:
        project: Its name, before each container's.
        files: Its compose files, each overlaid on the one before; relative to the installation's folder.
    """

    project: str
    files: Sequence[str]

    def command(self, *arguments: str) -> Argv:
        """Return ``docker compose`` on this project."""
        named = [part for file in self.files for part in ("--file", file)]
        return ("docker", "compose", "--project-name", self.project, *named, *arguments)

    def inside(self, service: str, *arguments: str) -> Argv:
        """Run a program in the container of a running service, without a terminal."""
        return self.command("exec", "-T", service, *arguments)

    def once(self, service: str, *arguments: str) -> Argv:
        """Run a command in a new container of a service, which is removed afterwards; nothing else is started."""
        return self.command("run", "--rm", "--no-deps", "-T", service, *arguments)
