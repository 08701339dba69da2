"""The machine an installation lives on: its checkout, its files beside it, its compose project, and who works on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

from secretaria.machine import docker, swarm
from secretaria.machine.commands import OWNER, Argv, Compose, named_env_file
from secretaria.machine.runner import Runner
from secretaria.releases.ledger import LEDGER_FILE
from secretaria.releases.lock import LOCK_FILE
from secretaria.settings import DeploySection
from secretaria.settings.env_file import read_value
from secretaria.settings.sections import Secrets

VERSION_VARIABLE = "SECRETARIA_VERSION"
OF_ENGINES = frozenset(
    {"postgres_password", "postgres_app_password", "redis_password", "grafana_admin_password"}
)  # our program needs none of them
PROGRAM_VARIABLES = tuple(name.upper() for name in Secrets.model_fields if name not in OF_ENGINES)
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Host:
    """What a change of the running version needs to know of the machine.

    Attributes:
        folder: The git checkout, where the compose files lie and programs run.
        home: Ledger, lock and the tree of a release under way.
        deploy: How it is published.
        env_file: The .env of the installation.
        who: Account and machine of who types.
        environment: The named environment; empty for the only one.
        monitoring_url: Where the outcome is told; empty tells nobody.
        variables: What is added to the environment of the programs, in tests a PATH.
        tell: Hears what happens, Portuguese lines.
        hear: Hears the lines of the programs themselves.
    """

    folder: Path
    home: Path
    deploy: DeploySection
    env_file: Path
    who: str
    environment: str = ""
    monitoring_url: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    tell: Tell = lambda _: None
    hear: Tell = lambda _: None

    @property
    def compose(self) -> Compose:
        """The compose project."""
        return Compose(self.deploy.project, self.deploy.files, named_env_file(self.folder, self.env_file))

    @property
    def on_swarm(self) -> bool:
        """Whether it runs as a stack of Docker Swarm."""
        return self.deploy.engine == "swarm"

    @property
    def ledger(self) -> Path:
        """Where every attempt is noted."""
        return self.home / LEDGER_FILE

    @property
    def lock(self) -> Path:
        """Who changes the installation now."""
        return self.home / LOCK_FILE

    @property
    def release_tree(self) -> Path:
        """Where the tree of the release under way is checked out."""
        return self.home / "release-tree"

    def runner(self, version: str = "") -> Runner:
        """Start programs here.

        Args:
            version: The version that compose shall take instead of the one in .env.
        """
        chosen = {VERSION_VARIABLE: version} if version else {}
        return Runner(self.folder, {**self.variables, **self._handed_on(), **chosen}, self.hear)

    def once(self, version: str, *arguments: str) -> Argv:
        """Return what runs a command in a new container of a version, which serves nobody and goes with its command."""
        if self.on_swarm:
            return swarm.once(self.image(version), swarm.BRIDGE, PROGRAM_VARIABLES, self._seen, *arguments)
        return self.compose.once(OWNER, *arguments)

    def at_service(self, container: str, image: str, *arguments: str) -> Argv:
        """Return what runs a command where service and workers are reached by name.

        Args:
            container: Of the service.
            image: Of that container: on a swarm it may be on another machine, so another one is started beside it.
            arguments: The command.
        """
        if self.on_swarm:
            network = f"{self.deploy.project}_{swarm.OUTSIDE}"
            return swarm.once(image, network, PROGRAM_VARIABLES, self._seen, *arguments)
        return docker.inside(container, "secretaria", *arguments)

    def image(self, version: str) -> str:
        """Name the image of a version."""
        return f"{self.deploy.image}:{version}"

    def _handed_on(self) -> dict[str, str]:
        """Read what a container of Swarm gets from .env by name; compose reads that file itself."""
        told = dotenv_values(self.env_file, interpolate=False) if self.on_swarm else {}
        return {name: value for name in PROGRAM_VARIABLES if (value := told.get(name))}

    @property
    def _seen(self) -> tuple[str, ...]:
        toml = read_value(self.env_file, "SECRETARIA_TOML") or "secretaria.toml"
        return (
            f"type=bind,source={(self.folder / toml).resolve()},target=/etc/secretaria/secretaria.toml,readonly",
            f"type=bind,source={self.folder / 'negocio'},target=/etc/secretaria/negocio,readonly",
            f"type=volume,source={self.deploy.project}_home,target=/var/lib/secretaria",
        )
