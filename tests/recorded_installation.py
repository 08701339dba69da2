"""An installation with a real checkout and a recorded docker: what a release does to both can be looked at afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secretaria.releases import rolling, switching
from secretaria.releases.deploying import deploy
from secretaria.releases.examining import Wish
from secretaria.releases.host import Host
from secretaria.releases.ledger import Release, read
from secretaria.releases.version import Part
from secretaria.settings import DeploySection
from tests import recorded_docker

GIT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_AUTHOR_NAME": "Dora",
    "GIT_AUTHOR_EMAIL": "dora@loja.example",
    "GIT_COMMITTER_NAME": "Dora",
    "GIT_COMMITTER_EMAIL": "dora@loja.example",
}
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- Doors.\n\n## [0.1.0] - 2026-01-01\n\n- First.\n"


def at_once() -> None:
    """Let nobody wait for a proxy that is not there."""
    switching.PROXY_SECONDS = 0.0
    switching.LOOK_SECONDS = rolling.LOOK_SECONDS = 0.01


@dataclass
class Installation:
    """The checkout, the machine's own folder and the engine's state."""

    folder: Path

    def host(self, **changes: Any) -> Host:  # noqa: ANN401  # any key of [deploy]
        """Look at it as a release does; what is told is kept."""
        at_once()
        self.told: list[str] = []
        settings = {"engine": "compose", "project": "shop", "ready_seconds": 1, "watch_seconds": 1, **changes}
        return Host(
            folder=self.folder / "checkout",
            home=self.folder / "home",
            deploy=DeploySection.model_validate(settings),
            env_file=self.folder / "checkout/.env",
            who="dora@loja",
            variables=self.environment,
            tell=self.told.append,
        )

    def deploy(self, part: Part = "patch", *, tag: str = "", **changes: Any) -> Release:  # noqa: ANN401  # the same
        """Publish from it, a new version or one that has its tag."""
        return deploy(self.host(**changes), Wish(part, tag), copy=lambda _: "backups/copy.tar")

    @property
    def environment(self) -> dict[str, str]:
        """What its programs run with."""
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return {**GIT, "PATH": path, recorded_docker.STATE_VARIABLE: str(self.folder / "engine.json")}

    @property
    def engine(self) -> dict[str, Any]:
        """The engine's state."""
        state: dict[str, Any] = json.loads((self.folder / "engine.json").read_text(encoding="utf-8"))
        return state

    def change_engine(self, **changes: Any) -> None:  # noqa: ANN401  # JSON
        """Change the engine behind everybody's back."""
        (self.folder / "engine.json").write_text(json.dumps({**self.engine, **changes}), encoding="utf-8")

    @property
    def ledger(self) -> list[Release]:
        """What was noted."""
        return read(self.folder / "home/releases.jsonl")

    def versions(self, service: str, project: str = "shop") -> list[str]:
        """Return which versions of a service run."""
        label = "org.opencontainers.image.version"
        return [
            one["Config"]["Labels"][label]
            for one in self.engine["containers"]
            if (one["project"], one["service"], one["State"]["Status"]) == (project, service, "running")
        ]

    def git(self, *arguments: str) -> str:
        """Ask git in the checkout."""
        command = ("git", "-C", str(self.folder / "checkout"), *arguments)
        return subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **GIT}).stdout

    def tags(self) -> list[str]:
        """Return the tags."""
        return self.git("tag").split()

    def commit(self, name: str, text: str = "") -> None:
        """Put a file into the checkout and commit it."""
        path = self.folder / "checkout" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.git("add", name)
        self.git("commit", "--quiet", "-m", f"Add {name}")

    def hook(self, moment: str, script: str) -> None:
        """Write a program of the owner."""
        path = self.folder / "checkout/hooks" / moment
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)


def make_installation(folder: Path) -> Installation:
    """Make a fresh one at version 0.1.0, of which nothing runs yet."""
    made = Installation(folder)
    checkout = folder / "checkout"
    checkout.mkdir(parents=True)
    (folder / "bin").mkdir()
    program = folder / "bin/docker"
    beside = str(Path(__file__).parent)
    program.write_text(
        f"#!{sys.executable} -IS\nimport sys\nsys.path.insert(0, {beside!r})\nimport recorded_docker\nrecorded_docker.main()\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    empty: dict[str, Any] = {"images": {}, "containers": [], "calls": [], "faults": [], "notes": [], "steps": []}
    empty |= {"stack": {}, "manages": "true", "machines": ["one"]}
    (folder / "engine.json").write_text(json.dumps({**empty, "made": 0, "database": "0001_first"}), encoding="utf-8")
    made.git("init", "--quiet", "--initial-branch", "main")
    made.commit("secretaria/__init__.py", '"""The program."""\n\n__version__ = "0.1.0"\n')
    made.commit("CHANGELOG.md", CHANGELOG)
    made.commit("migrations/versions/0001_first.py")
    made.commit("docker/Dockerfile", "FROM scratch\n")
    made.commit("docker/grafana/dashboards/calm.json", '{\n  "tags": [\n    "secretaria",\n    "v0.1.0"\n  ]\n}\n')
    made.commit("docker-compose.prod.yml", "services: {}\n")
    (checkout / ".env").write_text("# of the shop\nSECRETARIA_VERSION=0.1.0\n", encoding="utf-8")
    return made


def main() -> None:
    """Publish from the installation in the folder given, as a process that may be killed."""
    at_once()
    Installation(Path(sys.argv[1])).deploy()


if __name__ == "__main__":
    main()
