"""The whole compose file at once, the monitoring included: who is watched, who reaches whom, and as whom everything runs."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.acceptance.commands import free_port
from tests.deploy.debian import run
from tests.deploy.installation import Installation, OpenInstallation, eventually
from tests.deploy.standins import docker

# It has to read what only root may, and has no capability all the same.
ROOTS = {"cadvisor"}
CAN_GET_OUT = {"api", "worker", "certificate", "alertmanager", "blackbox-exporter"}
LOOK = "import socket; socket.create_connection(('{host}', {port}), 3).close()"


@pytest.fixture(scope="module")
def whole(open_shop: OpenInstallation) -> Installation:
    """Run every service of the file."""
    opened = open_shop(COMPOSE_PROFILES="monitoring", PROMETHEUS_PORT=str(free_port()), GRAFANA_PORT=str(free_port()))
    opened.start()
    return opened


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[str, int]]:
    """Put a server beyond this machine: in a network of its own, which knows no way back to what is not translated."""
    name, block = f"world-{secrets.token_hex(2)}", secrets.randbelow(60) * 4
    here, there = f"198.51.100.{block + 1}", f"198.51.100.{block + 2}"
    near, far = f"n{name[-4:]}", f"f{name[-4:]}"
    run(["ip", "netns", "add", name], 10)
    try:
        run(["ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", name], 10)
        run(["ip", "address", "add", f"{here}/30", "dev", near], 10)
        run(["ip", "link", "set", near, "up"], 10)
        within = ["ip", "netns", "exec", name]
        run([*within, "ip", "address", "add", f"{there}/30", "dev", far], 10)
        run([*within, "ip", "link", "set", far, "up"], 10)
        server = [*within, sys.executable, "-m", "http.server", "--bind", there, "8080"]
        process = subprocess.Popen(server, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        yield there, 8080
        process.terminate()
        process.wait(10)
    finally:
        run(["ip", "netns", "delete", name], 10)


def containers(installation: Installation) -> dict[str, dict[str, Any]]:
    """Return what the engine knows of each container, by service."""
    ids = installation.compose("ps", "--quiet").split()
    found: list[dict[str, Any]] = json.loads(docker("inspect", *ids))
    return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in found}


def test_prometheus_sees_every_target(whole: Installation) -> None:
    """Each thing that is watched answers, the certificate of the public address among them."""
    port = whole.env["PROMETHEUS_PORT"]

    def health() -> dict[str, str]:
        answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/targets", trust_env=False).json()
        return {one["labels"]["job"]: one["health"] for one in answer["data"]["activeTargets"]}

    jobs = {"secretaria", "worker", "postgresql", "redis", "containers", "certificate"}
    found = eventually(health, lambda told: set(told) == jobs and set(told.values()) == {"up"})
    assert found == dict.fromkeys(jobs, "up")


def test_only_the_proxy_is_reached_from_outside(whole: Installation) -> None:
    """The proxy publishes its two ports, Prometheus and Grafana theirs on loopback, and nobody else any."""
    published = {
        (service, binding["HostIp"])
        for service, one in containers(whole).items()
        for bindings in (one["HostConfig"]["PortBindings"] or {}).values()
        for binding in bindings
    }
    assert {service for service, _ in published} == {"proxy", "prometheus", "grafana"}
    config = json.loads(whole.compose("config", "--format", "json"))["services"]
    for service in ("prometheus", "grafana"):
        assert [port["host_ip"] for port in config[service]["ports"]] == ["127.0.0.1"]


def test_what_needs_no_way_out_has_none(whole: Installation) -> None:
    """Each container that is in no network with a way out is in internal ones only, or in one that nobody gets out by."""
    networks = json.loads(docker("network", "inspect", *networks_of(whole)))
    leading_out = {
        one["Name"].removeprefix(f"{whole.project}_")
        for one in networks
        if not one["Internal"] and one["Options"].get("com.docker.network.bridge.enable_ip_masquerade") != "false"
    }
    assert leading_out == {"outside"}
    inside = {
        service: {name.removeprefix(f"{whole.project}_") for name in one["NetworkSettings"]["Networks"]}
        for service, one in containers(whole).items()
    }
    assert {service for service, names in inside.items() if names & leading_out} == CAN_GET_OUT


def test_a_database_cannot_reach_the_world_and_a_worker_can(whole: Installation, world: tuple[str, int]) -> None:
    """What lies beyond this machine is reached by a worker, and neither by an engine nor by the proxy or Prometheus."""
    look = LOOK.format(host=world[0], port=world[1])
    whole.inside("worker", "python", "-c", look)
    for service in ("postgres", "redis", "proxy", "prometheus"):
        with pytest.raises(AssertionError, match=r"unreachable|timed out"):
            whole.inside(service, "python3", "-c", look)


def test_no_container_may_do_more_than_it_must(whole: Installation) -> None:
    """No root, no capability, no new privilege, nothing to write to but volumes, and a limit of memory and of processes."""
    for service, one in containers(whole).items():
        host = one["HostConfig"]
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] == ["ALL"], service
        assert not host["CapAdd"], service
        assert host["SecurityOpt"] == ["no-new-privileges:true"], service
        assert host["Memory"] > 0, service
        assert 0 < host["PidsLimit"] <= 512, service
        assert host["RestartPolicy"]["Name"] == "unless-stopped", service
        if service not in ROOTS:
            assert one["Config"]["User"].partition(":")[0] not in {"", "0", "root"}, service


def test_an_image_holds_no_secret(whole: Installation) -> None:
    """Neither the history of the image nor its environment nor its files know anything of the installation."""
    image = f"{whole.image}:{whole.env['SECRETARIA_VERSION']}"
    told = docker("history", "--no-trunc", image) + docker("inspect", image)
    settings = docker("run", "--rm", "--entrypoint", "ls", image, "-A", "/etc/secretaria", "/var/lib/secretaria")
    known = [value for name, value in whole.env.items() if name.endswith(("PASSWORD", "SECRET", "TOKEN", "KEY"))]
    assert known
    assert not [secret for secret in known if secret in told]
    assert settings.split() == ["/etc/secretaria:", "/var/lib/secretaria:"]


def test_what_is_for_the_inside_does_not_exist_outside(whole: Installation) -> None:
    """Metrics, the deep health and the schema are not there at the public address."""
    with httpx.Client(base_url=whole.url, verify=whole.unverified(), trust_env=False) as client:
        answers = {path: client.get(path).status_code for path in ("/metrics", "/healthz", "/schema", "//metrics")}
        assert client.get("/livez").status_code == 200
    assert set(answers.values()) == {404}


def networks_of(installation: Installation) -> list[str]:
    """Return the names of the project's networks."""
    mine = f"label=com.docker.compose.project={installation.project}"
    return docker("network", "ls", "--filter", mine, "--format", "{{.Name}}").split()
