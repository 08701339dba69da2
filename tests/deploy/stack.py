"""An installation as a stack on a swarm of this one machine, with its engines outside, reached by URL."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx

from secretaria.machine.docker import VERSION_LABEL
from secretaria.machine.swarm import inspect_tasks
from tests.builders import TOKEN
from tests.deploy.installation import Installation, bridge_address
from tests.deploy.standins import docker


@contextmanager
def one_machine_swarm() -> Iterator[None]:
    """Make a swarm of this machine, and leave it."""
    docker("swarm", "init", "--advertise-addr", bridge_address(), "--default-addr-pool", "10.215.0.0/16")
    try:
        yield
    finally:
        docker("swarm", "leave", "--force")


@contextmanager
def as_a_stack(opened: Installation) -> Iterator[Installation]:
    """Let an installation that is not started yet be published as a stack; its engines run beside it, empty."""
    with ExitStack() as undone:
        with (opened.folder / ".env").open("a") as env:
            env.writelines(f"{line}\n" for line in engines_by_url(opened, undone))
        settings = opened.folder / "secretaria.toml"
        told = settings.read_text(encoding="utf-8")
        settings.write_text(told.replace('engine = "compose"', 'engine = "swarm"\nwatch_seconds = 1'), encoding="utf-8")
        undone.callback(remove, opened)
        yield opened


def engines_by_url(opened: Installation, undone: ExitStack) -> Iterator[str]:
    """Start PostgreSQL and Valkey outside the stack, and yield the lines of .env that lead to them."""
    password, address = opened.env["POSTGRES_PASSWORD"], bridge_address()
    user = [part for name in ("USER", "DB") for part in ("--env", f"POSTGRES_{name}=secretaria")]
    secret = ("--user", "999:999", "--env", f"POSTGRES_PASSWORD={password}")
    postgres = docker(
        "run", "--detach", "--publish", f"{address}::5432", *user, *secret, "postgres:18.6-trixie"
    ).strip()
    undone.callback(docker, "rm", "--force", "--volumes", postgres)
    redis = docker("run", "--detach", "--publish", f"{address}::6379", "valkey/valkey:9.1.2", "valkey-server",
                   "--requirepass", password).strip()  # fmt: skip
    undone.callback(docker, "rm", "--force", "--volumes", redis)
    wait_for(lambda: succeeds("exec", postgres, "pg_isready", "--quiet", "--host=127.0.0.1"), 60, lambda: "postgres")
    at = {one: docker("port", one).split("-> ")[1].split()[0] for one in (postgres, redis)}
    yield f"DATABASE_URL=postgresql://secretaria:{password}@{at[postgres]}/secretaria"
    # Swarm cannot publish on loopback only, and says nothing of what is published there.
    yield f"HTTP_PORT={opened.http_port}"
    yield f"HTTPS_PORT={opened.https_port}"
    yield f"REDIS_URL=redis://:{password}@{at[redis]}/0"
    yield f"METRICS_TOKEN={TOKEN}"


def versions(opened: Installation, service: str) -> list[str]:
    """Return which versions of a service Swarm lets run."""
    return [spec["Labels"][VERSION_LABEL] for spec in _specs(opened, service)]


def told_to(opened: Installation, service: str, name: str) -> list[str]:
    """Return what each task of a service was made with of a variable."""
    return [dict(one.split("=", 1) for one in spec["Env"])[name] for spec in _specs(opened, service)]


def _specs(opened: Installation, service: str) -> list[dict[str, Any]]:
    """Return what Swarm keeps of the tasks that it lets run."""
    name = f"{opened.project}_{service}"
    if name not in docker("service", "ls", "--format", "{{.Name}}").split():
        return []
    ids = docker("service", "ps", "--quiet", "--no-trunc", "--filter", "desired-state=running", name).split()
    told = json.loads(docker(*inspect_tasks(*ids)[1:])) if ids else []
    return [one["Spec"]["ContainerSpec"] for one in told]


def answers(opened: Installation) -> bool:
    """Say whether the service takes traffic through the proxy."""
    try:
        return httpx.get(f"{opened.url}/readyz", verify=opened.unverified(), trust_env=False, timeout=5).is_success
    except httpx.HTTPError:
        return False


def remove(opened: Installation) -> None:
    """Take the stack down and wait until its containers are gone; a network goes with the last task that is in it."""
    wait_for(lambda: succeeds("stack", "rm", opened.project), 90, lambda: told_by(opened))
    mine = f"label=com.docker.stack.namespace={opened.project}"
    wait_for(lambda: not docker("ps", "--quiet", "--filter", mine).strip(), 90, lambda: "containers are left")
    for volume in docker("volume", "ls", "--quiet", "--filter", mine).split():
        succeeds("volume", "rm", volume)


def told_by(opened: Installation) -> str:
    """Return what became of the tasks of the stack, and the last lines of those that visitors reach."""
    told = docker("stack", "ps", "--no-trunc", opened.project)
    for service in ("api", "proxy", "certificate"):
        logs = ["docker", "service", "logs", "--tail", "8", f"{opened.project}_{service}"]
        ended = subprocess.run(logs, capture_output=True, text=True, check=False)
        told += ended.stdout + ended.stderr
    return told


def succeeds(*arguments: str) -> bool:
    """Say whether docker ends with 0."""
    return subprocess.run(["docker", *arguments], capture_output=True, check=False).returncode == 0


def wait_for(done: Callable[[], bool], seconds: float, told: Callable[[], str]) -> None:
    """Wait until something is so, or say what is there instead."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, told()
        time.sleep(0.3)
