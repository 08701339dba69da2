"""The compose files as Docker Swarm takes them: the same services, less what Swarm has no word for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from secretaria.machine import docker
from secretaria.releases.containers import Image

Stated = dict[str, Any]

# Swarm keeps and restarts tasks itself, starts them in no order, and knows no profiles.
UNKNOWN_TO_SWARM = ("build", "container_name", "depends_on", "profiles", "restart", "security_opt", "shm_size")
OF_ENGINES = ("postgres", "redis", "postgres-exporter", "redis-exporter")
LOOPBACK = "127.0.0.1"
TEN_SECONDS = "10s"
# A new task beside the old one, watched once it is well; a failure brings the old version back without anybody being asked.
ROLLING = {
    "parallelism": 1,
    "order": "start-first",
    "failure_action": "rollback",
    "monitor": TEN_SECONDS,
    "delay": "0s",
}
BACK = {"parallelism": 1, "order": "start-first", "failure_action": "pause", "monitor": TEN_SECONDS}
# What holds a port of its machine, or a volume of it, cannot run twice there.
IN_PLACE = {**ROLLING, "order": "stop-first"}
ROLLED = ("api", "worker")
# Compose only notes who is not well, Swarm ends it: on a machine that is busy for a minute it would end everybody.
PATIENT = {"timeout": "30s", "retries": 6}


def stack_of(config: Mapping[str, Any], *, own_engines: bool = False) -> Stated:
    """Return the stack file of an installation.

    Args:
        config: What ``docker compose config --format json`` says.
        own_engines: Whether PostgreSQL and Redis run in the stack too; usually they are reached by URL, because a volume
            stays on its machine while a task moves.
    """
    left_out = () if own_engines else OF_ENGINES
    services = {name: _service(name, one) for name, one in config["services"].items() if name not in left_out}
    networks = {name: _network(one or {}) for name, one in config.get("networks", {}).items()}
    return {
        "version": "3.9",
        "services": services,
        "networks": networks,
        "volumes": {name: _volume(one or {}) for name, one in config.get("volumes", {}).items()},
    }


def of_version(stack: Stated, image: Image, counts: Mapping[str, int]) -> Stated:
    """Return a stack with so many tasks of each service, that say themselves which image they are of.

    Swarm leaves tasks alone where only the image behind a name changed: the mark makes a version that was built twice two.
    """
    told = {docker.IMAGE_LABEL: image.id, docker.VERSION_LABEL: image.version}
    told |= {docker.REVISION_LABEL: image.revision, docker.HEAD_LABEL: image.migration_head}
    services = dict(stack["services"])
    for name, count in counts.items():
        one = services[name]
        labels = {**(one.get("labels") or {}), **told}
        services[name] = {**one, "labels": labels, "deploy": {**one["deploy"], "replicas": count}}
    return {**stack, "services": services}


def _service(name: str, one: Mapping[str, Any]) -> Stated:
    kept = {key: value for key, value in one.items() if key not in UNKNOWN_TO_SWARM and value is not None}
    if "networks" in kept:
        kept["networks"] = {network: detail or {} for network, detail in kept["networks"].items()}
    held = [_in_memory(place) for place in kept.pop("tmpfs", [])]
    if held:
        kept["volumes"] = [*kept.get("volumes", []), *held]
    ports = [_port(port) for port in one.get("ports", []) if port.get("host_ip") != LOOPBACK]
    kept.pop("ports", None)
    if ports:
        kept["ports"] = ports
    kept["healthcheck"] = {**kept.get("healthcheck", {}), **PATIENT}  # without a test of its own, the image's
    deploy = dict(kept.get("deploy", {}))
    deploy["update_config"] = ROLLING if name in ROLLED else IN_PLACE
    deploy["rollback_config"] = BACK if name in ROLLED else {**BACK, "order": "stop-first"}
    deploy["restart_policy"] = {"condition": "any", "delay": "2s"}
    if name in ROLLED:
        deploy["endpoint_mode"] = "dnsrr"  # the proxy looks at each task itself
    else:
        deploy["placement"] = {"constraints": ["node.role == manager"]}  # where its volume and its port are
    limits = deploy.get("resources", {}).get("limits", {})
    if "cpus" in limits:
        deploy["resources"] = {**deploy["resources"], "limits": {**limits, "cpus": str(limits["cpus"])}}
    return {**kept, "deploy": deploy}


def _in_memory(place: str) -> Stated:
    """Swarm passes over the short form; its own has a size in bytes, and anybody may write there."""
    target, _, options = place.partition(":")
    told = dict(option.partition("=")[::2] for option in options.split(",") if option)
    size = int(told.get("size", "64m").removesuffix("m")) * 1024 * 1024
    return {"type": "tmpfs", "target": target, "tmpfs": {"size": size}}


def _port(port: Mapping[str, Any]) -> Stated:
    """Publish on the machine itself: through Swarm's own balancing every visitor would have one address."""
    return {"target": port["target"], "published": int(port["published"]), "protocol": "tcp", "mode": "host"}


def _network(one: Mapping[str, Any]) -> Stated:
    known = {key: one[key] for key in ("internal", "ipam") if one.get(key)}
    return {**known, "driver": "overlay", "attachable": True}


def _volume(one: Mapping[str, Any]) -> Stated:
    return {key: one[key] for key in ("driver", "driver_opts") if one.get(key)}
