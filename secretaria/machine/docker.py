"""What is asked of the Docker engine beside compose, as argument lists."""

from __future__ import annotations

from collections.abc import Mapping

from secretaria.machine.commands import Argv

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
HASH_LABEL = "com.docker.compose.config-hash"
ONE_OFF_LABEL = "com.docker.compose.oneoff"
VERSION_LABEL = "org.opencontainers.image.version"
REVISION_LABEL = "org.opencontainers.image.revision"
HEAD_LABEL = "br.secretaria.migration-head"
UNKNOWN = "unknown"  # what docker/Dockerfile says where it was not told
IMAGE_LABEL = "br.secretaria.image"  # of a task: two images may have had one name


def answers() -> Argv:
    """Ask the engine where it keeps its data; fails while it does not answer."""
    return ("docker", "info", "--format", "{{.DockerRootDir}}")


def build(image: str, folder: str, dockerfile: str, arguments: Mapping[str, str], labels: Mapping[str, str]) -> Argv:
    """Build an image from a folder; its tag names the version, nothing is ever only ``latest``."""
    given = [part for name, value in arguments.items() for part in ("--build-arg", f"{name}={value}")]
    marked = [part for name, value in labels.items() for part in ("--label", f"{name}={value}")]
    return ("docker", "build", "--tag", image, "--file", dockerfile, *given, *marked, folder)


def containers(project: str, service: str) -> Argv:
    """List the containers of a service, stopped ones too, one id a line; one-off ones are left out."""
    wanted = (f"{PROJECT_LABEL}={project}", f"{SERVICE_LABEL}={service}", f"{ONE_OFF_LABEL}=False")
    filters = [part for one in wanted for part in ("--filter", f"label={one}")]
    return ("docker", "ps", "--all", "--quiet", "--no-trunc", *filters)


def hashes(project: str) -> Argv:
    """List each container's service with the hash of what the files said of it when it was made."""
    shown = f'{{{{.Label "{SERVICE_LABEL}"}}}} {{{{.Label "{HASH_LABEL}"}}}}'
    return ("docker", "ps", "--filter", f"label={PROJECT_LABEL}={project}", "--format", shown)


def inspect(*ids: str) -> Argv:
    """Describe containers as one JSON list."""
    return ("docker", "container", "inspect", *ids)


def inspect_image(image: str) -> Argv:
    """Describe an image as one JSON list; fails where it is not here."""
    return ("docker", "image", "inspect", image)


def tag_image(image_id: str, name: str) -> Argv:
    """Give an image that is here a name again."""
    return ("docker", "tag", image_id, name)


def remove_image(name: str) -> Argv:
    """Take a name from an image, and the image where it was its last one and nothing uses it."""
    return ("docker", "image", "rm", name)


def images(name: str) -> Argv:
    """List the versions of an image that are here, newest first."""
    return ("docker", "image", "ls", "--format", "{{.Tag}}", name)


def inside(container: str, *arguments: str) -> Argv:
    """Run a program in one running container."""
    return ("docker", "exec", container, *arguments)


def stop(container: str, seconds: int) -> Argv:
    """Ask a container to end its work; after so many seconds it is ended."""
    return ("docker", "stop", "--time", str(seconds), container)


def remove(container: str) -> Argv:
    """Remove a container."""
    return ("docker", "rm", "--force", container)


def last_lines(container: str, count: int) -> Argv:
    """Print the last lines that a container wrote."""
    return ("docker", "logs", "--tail", str(count), container)
