"""What is run, as argument lists: pure functions, so that a plan can be read, and tested, without an engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

Argv = tuple[str, ...]
# The service of the compose file that connects to the database as the owner of its schema; it runs only when it is called.
OWNER = "owner"


def named_env_file(folder: Path, env_file: Path) -> str:
    """Return the .env of an installation where compose would not find it by itself; empty for the one beside the files."""
    return "" if env_file.absolute() == (folder / ".env").absolute() else str(env_file)


@dataclass(frozen=True)
class Compose:
    """The compose project of an installation.

    Attributes:
        project: Its name, before each container's.
        files: Its compose files, each overlaid on the one before; relative to the installation's folder.
        env_file: Its .env where that is not the one beside the files.
    """

    project: str
    files: Sequence[str]
    env_file: str = ""

    def command(self, *arguments: str) -> Argv:
        """Return ``docker compose`` on this project."""
        named = [part for file in self.files for part in ("--file", file)]
        environment = ("--env-file", self.env_file) if self.env_file else ()
        return ("docker", "compose", "--project-name", self.project, *environment, *named, *arguments)

    def inside(self, service: str, *arguments: str) -> Argv:
        """Run a program in the container of a running service, without a terminal."""
        return self.command("exec", "-T", service, *arguments)

    def once(self, service: str, *arguments: str) -> Argv:
        """Run a command in a new container of a service, which is removed afterwards; nothing else is started."""
        return self.command("run", "--rm", "--no-deps", "-T", service, *arguments)

    def beside(self, service: str, count: int) -> Argv:
        """Bring a service to so many containers; those that run stay as they are, new ones are of the present version."""
        return self.command("up", "--detach", "--no-deps", "--no-recreate", "--scale", f"{service}={count}", service)

    def replace(self, service: str, count: int) -> Argv:
        """Bring a service to so many containers of the present version; those of another end their work first."""
        return self.command("up", "--detach", "--no-deps", "--scale", f"{service}={count}", service)

    def engines(self, *services: str) -> Argv:
        """Start what keeps the data, as it is, and wait until it is well."""
        return self.command("up", "--detach", "--no-recreate", "--wait", *services)

    def everything(self, **counts: int) -> Argv:
        """Bring the whole stack to what the files say; given services keep their number of containers."""
        scales = [part for service, count in counts.items() for part in ("--scale", f"{service}={count}")]
        return self.command("up", "--detach", "--remove-orphans", *scales)

    def alone(self, service: str) -> Argv:
        """Bring one service to what the files say; what depends on it goes on, which compose would otherwise stop."""
        return self.command("up", "--detach", "--no-deps", service)

    def hashes(self) -> Argv:
        """List each service with the hash of what the files say of it, one a line."""
        return self.command("config", "--hash", "*")

    def pull(self) -> Argv:
        """Fetch the images of others that are not here."""
        return self.command("pull", "--quiet", "--policy", "missing", "--ignore-buildable")

    def services(self) -> Argv:
        """List the services of the files, one a line."""
        return self.command("config", "--services")
