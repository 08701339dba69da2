"""The same files on Docker Swarm, one machine of it: scaled, rolled to a version that fails, and back without a lost event."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from secretaria.machine.swarm import deploy_stack
from secretaria.releases.stack import stack_of
from tests.deploy.debian import run
from tests.deploy.installation import VERSION, Installation, OpenInstallation, bridge_address
from tests.deploy.standins import docker

BROKEN = "9.9.9"


@pytest.fixture(scope="module")
def swarm(engine_ready: None) -> Iterator[None]:  # noqa: ARG001  # the engine must answer
    """Make a swarm of this one machine, and leave it."""
    docker("swarm", "init", "--advertise-addr", bridge_address(), "--default-addr-pool", "10.215.0.0/16")
    yield
    docker("swarm", "leave", "--force")


@pytest.fixture(scope="module")
def stack(swarm: None, open_shop: OpenInstallation) -> Iterator[Installation]:  # noqa: ARG001  # before the stack
    """Run an installation as a stack; its engines are elsewhere and reached by URL."""
    opened = open_shop()
    with ExitStack() as undone:
        for line in engines_by_url(opened, undone):
            with (opened.folder / ".env").open("a") as env:
                env.write(line + "\n")
        image = f"{opened.image}:{VERSION}"
        docker("run", "--rm", "--env", f"DATABASE_URL={opened.env['DATABASE_URL']}", image, "migrate")
        undone.callback(remove, opened)
        roll(opened)
        wait_for(lambda: answers(opened), 90, lambda: told_by(opened))
        yield opened


def test_the_stack_answers(stack: Installation) -> None:
    """What enters at the proxy leaves through Whaticket, as on one machine without Swarm."""
    assert stack.post("5520900009201", "quanto custa a limpeza?").status_code == 202
    assert "R$ 180" in " ".join(stack.bubbles_to("5520900009201"))


def test_a_version_that_cannot_start_is_rolled_back_while_events_are_taken(stack: Installation) -> None:
    """The update goes back by itself to the image before, and no event sent meanwhile is refused."""
    recipe = f'FROM {stack.image}:{VERSION}\nENTRYPOINT ["python", "-c", "raise SystemExit(1)"]\n'
    broken = f"{stack.image}:{BROKEN}"
    subprocess.run(["docker", "build", "--quiet", "--tag", broken, "-"], input=recipe.encode(), check=True)
    roll(stack, SECRETARIA_VERSION=BROKEN)
    statuses: list[int] = []

    def rolled_back() -> bool:
        statuses.append(stack.post(f"55209{len(statuses):08d}", "oi").status_code)
        return "rollback_completed" in str(inspected(stack, "api").get("UpdateStatus"))

    wait_for(rolled_back, 120, lambda: told_by(stack))
    assert inspected(stack, "api")["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"] == f"{stack.image}:{VERSION}"
    assert set(statuses) == {202}


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


def roll(opened: Installation, **changed: str) -> None:
    """Bring the stack to what the files say, with a line of .env changed."""
    opened.environment = changed
    file = opened.folder / "stack.json"
    file.write_text(json.dumps(stack_of(json.loads(opened.compose("config", "--format", "json")))), encoding="utf-8")
    opened.environment = {}
    run([*deploy_stack(opened.project, str(file))], 120)


def remove(opened: Installation) -> None:
    """Take the stack down and wait until its containers are gone."""
    docker("stack", "rm", opened.project)
    mine = f"label=com.docker.stack.namespace={opened.project}"
    wait_for(lambda: not docker("ps", "--quiet", "--filter", mine).strip(), 90, lambda: "containers are left")
    for volume in docker("volume", "ls", "--quiet", "--filter", mine).split():
        succeeds("volume", "rm", volume)


def inspected(opened: Installation, service: str) -> dict[str, dict[str, dict[str, dict[str, str]]]]:
    """Return what the engine says of a service of the stack."""
    found: list[dict[str, dict[str, dict[str, dict[str, str]]]]] = json.loads(
        docker("service", "inspect", f"{opened.project}_{service}")
    )
    return found[0]


def told_by(opened: Installation) -> str:
    """Return what became of the tasks of the stack, and the last lines of those that visitors reach."""
    told = docker("stack", "ps", "--no-trunc", opened.project)
    for service in ("api", "proxy", "certificate"):
        logs = ["docker", "service", "logs", "--tail", "8", f"{opened.project}_{service}"]
        ended = subprocess.run(logs, capture_output=True, text=True, check=False)
        told += ended.stdout + ended.stderr
    return told


def answers(opened: Installation) -> bool:
    """Say whether the service takes traffic through the proxy."""
    try:
        return httpx.get(f"{opened.url}/readyz", verify=opened.unverified(), trust_env=False, timeout=5).is_success
    except httpx.HTTPError:
        return False


def succeeds(*arguments: str) -> bool:
    """Say whether docker ends with 0."""
    return subprocess.run(["docker", *arguments], capture_output=True, check=False).returncode == 0


def wait_for(done: Callable[[], bool], seconds: float, told: Callable[[], str]) -> None:
    """Wait until something is so, or say what is there instead."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, told()
        time.sleep(0.3)
