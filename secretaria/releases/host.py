"""The machine an installation lives on: its checkout, its files beside it, its compose project, and who works on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from secretaria.releases.commands import Compose, named_env_file
from secretaria.releases.ledger import LEDGER_FILE
from secretaria.releases.lock import LOCK_FILE
from secretaria.releases.runner import Runner
from secretaria.settings import DeploySection

VERSION_VARIABLE = "SECRETARIA_VERSION"
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
        return Runner(self.folder, {**self.variables, **chosen}, self.hear)

    def image(self, version: str) -> str:
        """Name the image of a version."""
        return f"{self.deploy.image}:{version}"
