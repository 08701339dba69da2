"""The stack file that Swarm gets, made from what Compose says of the same files."""

from __future__ import annotations

from typing import Any

from secretaria.releases.containers import Image
from secretaria.releases.stack import of_version, stack_of

CONFIG: dict[str, Any] = {
    "name": "loja",
    "services": {
        "api": {
            "image": "secretaria:1.0.0",
            "depends_on": {"postgres": {"condition": "service_healthy"}},
            "restart": "unless-stopped",
            "cap_drop": ["ALL"],
            "tmpfs": ["/tmp:mode=1777,size=64m"],
            "networks": {"edge": None},
        },
        "proxy": {
            "image": "haproxy:3.0.11",
            "healthcheck": {"test": ["CMD", "haproxy", "-c"], "interval": "10s", "timeout": "5s", "retries": 3},
            "ports": [{"mode": "ingress", "target": 8443, "published": "443", "protocol": "tcp"}],
        },
        "prometheus": {
            "image": "prom/prometheus:v3.5.0",
            "profiles": ["monitoring"],
            "ports": [{"target": 9090, "published": "9090", "host_ip": "127.0.0.1"}],
        },
        "postgres": {"image": "postgres:18.6-trixie"},
    },
    "networks": {
        "edge": {"internal": True, "driver_opts": {"com.docker.network.bridge.enable_ip_masquerade": "false"}}
    },
    "volumes": {"home": None},
}


def test_a_new_version_stands_beside_the_old_one_and_goes_back_by_itself() -> None:
    """The service is never without a task that is well."""
    rolling = stack_of(CONFIG)["services"]["api"]["deploy"]["update_config"]
    assert (rolling["order"], rolling["failure_action"]) == ("start-first", "rollback")


def test_what_swarm_does_not_know_is_left_out_and_the_rest_stays() -> None:
    """Capabilities are dropped in a stack as well."""
    api = stack_of(CONFIG)["services"]["api"]
    assert not {"depends_on", "restart"} & api.keys()
    assert api["cap_drop"] == ["ALL"]


def test_swarm_is_patient_with_a_busy_machine() -> None:
    """Where compose notes that a check came late, Swarm ends the task."""
    services = stack_of(CONFIG)["services"]
    assert services["api"]["healthcheck"] == {"timeout": "30s", "retries": 6}
    assert services["proxy"]["healthcheck"]["interval"] == "10s"


def test_visitors_keep_their_addresses() -> None:
    """The proxy's port is the machine's own, not one that Swarm balances."""
    (port,) = stack_of(CONFIG)["services"]["proxy"]["ports"]
    assert (port["mode"], port["published"]) == ("host", 443)


def test_what_was_for_loopback_is_not_published_at_all() -> None:
    """Swarm cannot publish on one address only, so it would be open to the world."""
    assert "ports" not in stack_of(CONFIG)["services"]["prometheus"]


def test_engines_are_reached_by_url() -> None:
    """A volume stays on its machine while a task moves; who has one machine may keep them in the stack."""
    assert "postgres" not in stack_of(CONFIG)["services"]
    assert "postgres" in stack_of(CONFIG, own_engines=True)["services"]


def test_an_inner_network_stays_one() -> None:
    """It spans machines, and nobody gets out by it."""
    assert stack_of(CONFIG)["networks"]["edge"] == {"internal": True, "driver": "overlay", "attachable": True}


def test_what_is_kept_in_memory_is_said_in_swarms_own_words() -> None:
    """The short form would be passed over, and the program find no place for its temporary files."""
    api = stack_of(CONFIG)["services"]["api"]
    assert api["volumes"] == [{"type": "tmpfs", "target": "/tmp", "tmpfs": {"size": 67108864}}]
    assert "tmpfs" not in api


def test_tasks_say_which_image_they_are_of_and_how_many_there_shall_be() -> None:
    """The name alone would not tell a version that was built twice."""
    image = Image("sha256:ab", "1.0.0", "c0ffee", "0001_first")
    api = of_version(stack_of(CONFIG), image, {"api": 3})["services"]["api"]
    assert (api["labels"]["br.secretaria.image"], api["deploy"]["replicas"]) == ("sha256:ab", 3)
