"""What is asked of Docker Swarm, as argument lists: the service as a stack, and one-off containers beside it."""

from __future__ import annotations

from collections.abc import Sequence

from secretaria.machine.commands import Argv

BRIDGE = "bridge"  # the machine's own network: it is there before any stack is
OUTSIDE = "outside"  # the network of the stack that service and workers share and by which they get out


def once(image: str, network: str, names: Sequence[str], mounts: Sequence[str], *arguments: str) -> Argv:
    """Run a command of ours in a container of its own, as bounded as the service is.

    Args:
        image: Name or id.
        network: Where it runs.
        names: Of the variables it gets; their values come from the environment of who runs this, so nobody reads them here.
        mounts: What it sees of the machine, in the words of ``--mount``.
        arguments: The command.
    """
    given = [part for name in names for part in ("--env", name)]
    seen = [part for mount in mounts for part in ("--mount", mount)]
    bounded = ("--init", "--read-only", "--cap-drop", "ALL", "--tmpfs", "/tmp:mode=1777,size=64m")  # noqa: S108  # inside
    return ("docker", "run", "--rm", *bounded, "--network", network, *given, *seen, image, *arguments)


def deploy_stack(name: str, file: str, *, from_registry: bool = False) -> Argv:
    """Bring a stack to what its file says; images of a registry are pinned by content, so that all machines run the same."""
    resolved = "always" if from_registry else "never"
    login = ("--with-registry-auth",) if from_registry else ()
    return ("docker", "stack", "deploy", "--compose-file", file, "--prune", "--resolve-image", resolved, *login, name)


def scale_service(stack: str, service: str, count: int) -> Argv:
    """Bring a service of a stack to so many tasks, and return before they run."""
    return ("docker", "service", "scale", "--detach", f"{stack}_{service}={count}")


def push(image: str) -> Argv:
    """Send an image to its registry, where the other machines get it."""
    return ("docker", "push", image)


def manages() -> Argv:
    """Ask whether this machine manages a swarm."""
    return ("docker", "info", "--format", "{{.Swarm.ControlAvailable}}")


def machines() -> Argv:
    """List the machines of the swarm, one id a line."""
    return ("docker", "node", "ls", "--quiet")


def services() -> Argv:
    """List the services of all stacks, one name a line."""
    return ("docker", "service", "ls", "--format", "{{.Name}}")


def inspect_service(stack: str, service: str) -> Argv:
    """Describe a service as one JSON list."""
    return ("docker", "service", "inspect", f"{stack}_{service}")


def tasks(stack: str, service: str) -> Argv:
    """List the tasks of a service, ended ones too, one id a line."""
    return ("docker", "service", "ps", "--quiet", "--no-trunc", f"{stack}_{service}")


def inspect_tasks(*ids: str) -> Argv:
    """Describe tasks as one JSON list."""
    return ("docker", "inspect", "--type", "task", *ids)


def remove_services(stack: str, *names: str) -> Argv:
    """Remove services of a stack."""
    return ("docker", "service", "rm", *(f"{stack}_{name}" for name in names))


def last_lines(task: str, count: int) -> Argv:
    """Print the last lines that a task wrote, on whichever machine."""
    return ("docker", "service", "logs", "--raw", "--tail", str(count), task)
