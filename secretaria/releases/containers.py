"""What runs now, read from the engine: containers and images know by their labels which version they are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from secretaria.errors import SecretariaError
from secretaria.machine import docker, swarm
from secretaria.machine.runner import LAST_LINES, CommandFailed, Runner
from secretaria.releases.host import Host

LOOKS = 3
RUNNING = "running"
FELL = frozenset({"failed", "rejected"})


class NotReady(SecretariaError):
    """A container of the new version did not become ready.

    Attributes:
        lines: The last lines it wrote, oldest first.
    """

    def __init__(self, what: str, lines: Sequence[str]) -> None:
        super().__init__(what, "veja as últimas linhas acima")
        self.lines = tuple(lines)


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
        address: Of a task of Swarm, where other containers reach it.
        environment: Of a task of Swarm, the variables it was made with, secrets among them.
    """

    id: str
    name: str
    image: Image
    state: str
    restarts: int
    address: str = ""
    environment: tuple[str, ...] = field(default=(), repr=False)

    @property
    def runs(self) -> bool:
        """Whether it is started now; that it fell once, weeks ago, does not make it less of one that serves."""
        return self.state == RUNNING


def containers_of(host: Host, service: str) -> list[Container]:
    """Return the containers of a service, stopped ones too, oldest first; of Swarm the tasks that shall run.

    Raises:
        EngineSilent: The engine does not answer.
    """
    if host.on_swarm:
        return [task for task, shall_run in tasks_of(host, service) if shall_run]
    runner = host.runner()
    try:
        ids = runner.run(docker.containers(host.deploy.project, service), seconds=30).output.split()
        told = json.loads(runner.run(docker.inspect(*ids), seconds=30).output) if ids else []
    except CommandFailed as failed:
        raise EngineSilent(failed) from failed
    return [_container(one) for one in sorted(told, key=lambda one: str(one.get("Created", "")))]


def tasks_of(host: Host, service: str) -> list[tuple[Container, bool]]:
    """Return the tasks of a service of a stack, oldest first, and whether each shall run; its restarts are those before it.

    Raises:
        EngineSilent: The engine does not answer.
    """
    runner, project = host.runner(), host.deploy.project
    try:
        if f"{project}_{service}" not in runner.run(swarm.services(), seconds=30).output.split():
            return []
        told = _inspected_tasks(runner, project, service)
    except CommandFailed as failed:
        raise EngineSilent(failed) from failed
    found, fell = [], dict[tuple[int, str], int]()
    for one in sorted(told, key=lambda one: str(one.get("CreatedAt", ""))):
        image, slot, state = _image_of_task(host, one), int(one.get("Slot", 0)), str(one["Status"]["State"])
        before = fell.get((slot, image.id), 0)
        fell[slot, image.id] = before + (state in FELL)
        made_with = tuple(one["Spec"]["ContainerSpec"].get("Env") or ())
        task = Container(str(one["ID"]), f"{service}.{slot}", image, state, before, _address(host, one), made_with)
        found.append((task, one.get("DesiredState") == RUNNING))
    return found


def _inspected_tasks(runner: Runner, project: str, service: str) -> list[dict[str, Any]]:
    """Look at the tasks; Swarm forgets old ones at any moment, so where one went after the list they are listed anew."""
    for left in reversed(range(LOOKS)):
        ids = runner.run(swarm.tasks(project, service), seconds=30).output.split()
        try:
            return list(json.loads(runner.run(swarm.inspect_tasks(*ids), seconds=30).output)) if ids else []
        except CommandFailed as failed:
            if not left or "not found" not in str(failed):
                raise
    return []


def image_of(host: Host, name: str) -> Image | None:
    """Return an image by its name or id; None where it is not on this machine."""
    try:
        (told,) = json.loads(host.runner().run(docker.inspect_image(name), seconds=30).output)
    except CommandFailed:
        return None
    return _image(str(told["Id"]), (told.get("Config") or {}).get("Labels") or {})


def last_lines(host: Host, container: Container, count: int = LAST_LINES) -> list[str]:
    """Return the last lines that a container wrote, on either stream; none where it is gone."""
    heard: list[str] = []
    command = swarm.last_lines if host.on_swarm else docker.last_lines
    try:
        replace(host, hear=heard.append).runner().run(command(container.id, count), seconds=20)
    except CommandFailed:
        return []
    return heard


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


def _image_of_task(host: Host, told: dict[str, Any]) -> Image:
    """Read the image from the marks of a task; of one that was brought up by hand only its name is known."""
    spec = told["Spec"]["ContainerSpec"]
    labels = spec.get("Labels") or {}
    if docker.IMAGE_LABEL in labels:
        return _image(labels[docker.IMAGE_LABEL], labels)
    name = str(spec["Image"]).partition("@")[0]
    return image_of(host, name) or Image(name, name.rpartition(":")[2], "", "")


def _address(host: Host, told: dict[str, Any]) -> str:
    wanted = f"{host.deploy.project}_{swarm.OUTSIDE}"
    for one in told.get("NetworksAttachments") or []:
        if one["Network"]["Spec"]["Name"] == wanted and one.get("Addresses"):
            return str(one["Addresses"][0]).partition("/")[0]
    return ""


def _container(told: dict[str, Any]) -> Container:
    return Container(
        id=str(told["Id"]),
        name=str(told.get("Name", "")).lstrip("/"),
        image=_image(str(told["Image"]), told.get("Config", {}).get("Labels") or {}),
        state=str(told["State"]["Status"]),
        restarts=int(told.get("RestartCount", 0)),
    )


def _image(identity: str, labels: dict[str, str]) -> Image:
    version, revision, head = (
        "" if (told := labels.get(name, "")) == docker.UNKNOWN else told
        for name in (docker.VERSION_LABEL, docker.REVISION_LABEL, docker.HEAD_LABEL)
    )
    return Image(identity, version, revision, head)
