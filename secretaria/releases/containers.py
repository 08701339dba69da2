"""What runs now, read from the engine: containers and images know by their labels which version they are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from secretaria.errors import SecretariaError
from secretaria.releases import commands_docker as docker
from secretaria.releases.host import Host
from secretaria.releases.runner import CommandFailed

RUNNING = "running"


class EngineSilent(SecretariaError):
    """The engine does not say what runs."""

    def __init__(self, failed: CommandFailed) -> None:
        super().__init__(f"o Docker não respondeu: {failed.message}", "confira com: docker info")


@dataclass(frozen=True)
class Image:
    """An image that is on this machine.

    Attributes:
        id: By its content.
        version: From its label; empty where it has none.
        revision: The commit it was built from.
        migration_head: The newest migration that its code knows.
    """

    id: str
    version: str
    revision: str
    migration_head: str


@dataclass(frozen=True)
class Container:
    """A container of a service.

    Attributes:
        id: Its id.
        name: Its name, for people.
        image: The image it runs.
        state: As the engine calls it, for instance ``running`` or ``restarting``.
        restarts: How often the engine had to start it again.
    """

    id: str
    name: str
    image: Image
    state: str
    restarts: int

    @property
    def runs(self) -> bool:
        """Whether it is started now; that it fell once, weeks ago, does not make it less of one that serves."""
        return self.state == RUNNING


def containers_of(host: Host, service: str) -> list[Container]:
    """Return the containers of a service, stopped ones too, oldest first.

    Raises:
        EngineSilent: The engine does not answer.
    """
    runner = host.runner()
    try:
        ids = runner.run(docker.containers(host.deploy.project, service), seconds=30).output.split()
        told = json.loads(runner.run(docker.inspect(*ids), seconds=30).output) if ids else []
    except CommandFailed as failed:
        raise EngineSilent(failed) from failed
    return [_container(one) for one in sorted(told, key=lambda one: str(one.get("Created", "")))]


def image_of(host: Host, name: str) -> Image | None:
    """Return an image by its name or id; None where it is not on this machine."""
    try:
        (told,) = json.loads(host.runner().run(docker.inspect_image(name), seconds=30).output)
    except CommandFailed:
        return None
    return _image(str(told["Id"]), (told.get("Config") or {}).get("Labels") or {})


def restarts_of(containers: Sequence[Container]) -> dict[str, int]:
    """Return how often each had to be started again until now."""
    return {one.id: one.restarts for one in containers}


def fallen(containers: Sequence[Container], restarts: Mapping[str, int]) -> Container | None:
    """Return one that ended, or had to be started again since its restarts were counted; None where all stand.

    Args:
        containers: As they are now.
        restarts: How often each had been started again before; one that is new had not.
    """
    for one in containers:
        if one.state not in {RUNNING, "created"} or one.restarts > restarts.get(one.id, 0):
            return one
    return None


def wanted_count(containers: Sequence[Container]) -> int:
    """Return how many containers a service shall have: as many as any one version of it has now, and at least one."""
    images = [one.image.id for one in containers if one.state == RUNNING]
    return max([images.count(image) for image in set(images)], default=1)


def _container(told: dict[str, Any]) -> Container:
    return Container(
        id=str(told["Id"]),
        name=str(told.get("Name", "")).lstrip("/"),
        image=_image(str(told["Image"]), told.get("Config", {}).get("Labels") or {}),
        state=str(told["State"]["Status"]),
        restarts=int(told.get("RestartCount", 0)),
    )


def _image(identity: str, labels: dict[str, str]) -> Image:
    return Image(
        identity,
        labels.get(docker.VERSION_LABEL, ""),
        labels.get(docker.REVISION_LABEL, ""),
        labels.get(docker.HEAD_LABEL, ""),
    )
