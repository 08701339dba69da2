"""What linters and Compose itself say of the files, with the reasons for what stays beside them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.standins import ROOT

TOOLS = Path(sys.executable).parent
SMALL = ("--file", "docker-compose.prod.yml", "--file", "docker-compose.small.yml")
SECRETS = {"SECRETARIA_VERSION": "1.0.0", "POSTGRES_PASSWORD": "inventada", "REDIS_PASSWORD": "inventada"}


@pytest.mark.usefixtures("engine_ready")
@pytest.mark.parametrize(
    "command",
    [
        (str(TOOLS / "hadolint"), "docker/Dockerfile"),
        (str(TOOLS / "compose-lint"), "check", "--fail-on", "low", "docker-compose.prod.yml"),
        ("docker", "compose", "--file", "docker-compose.prod.yml", "config", "--quiet"),
        ("docker", "compose", *SMALL, "--profile", "monitoring", "config", "--quiet"),
    ],
    ids=["hadolint", "compose-lint", "compose", "compose-small"],
)
def test_files_are_sound(command: tuple[str, ...]) -> None:
    """A linter finds nothing that has no reason written down."""
    ended = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **SECRETS}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_proxy_accepts_its_configuration(engine_ready: None) -> None:  # noqa: ARG001  # images must be there
    """HAProxy reads the shipped file without an error or a warning."""
    mounted = f"{ROOT}/docker/proxy/haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro"
    inside = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout /tmp/k -out /tmp/c 2>/dev/null && cat /tmp/c /tmp/k"
    script = f"{inside} >/var/lib/certificates/site.pem && exec haproxy -c -V -f /usr/local/etc/haproxy/haproxy.cfg"
    places = ("--tmpfs", "/var/lib/certificates:mode=1777", "--volume", mounted)
    command = ["docker", "run", "--rm", "--network", "none", *places, "haproxy:3.0.11", "sh", "-c", script]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    told = ended.stdout + ended.stderr
    assert ended.returncode == 0, told
    assert "WARNING" not in told
