"""A server in a thread stops clean, comes back, and says when it cannot start."""

from __future__ import annotations

import threading
import time

import httpx
import pytest

from secretaria.errors import PreflightRefused
from secretaria.simulation.ledger import Ledger
from secretaria.simulation.serving import LocalServer
from secretaria.simulation.whaticket_server import create_whaticket
from tests.integration.simulation.sites import TOKEN, Site


def test_a_stopped_server_refuses_and_comes_back_on_its_port(community: Site) -> None:
    """Stopping closes the door at once; starting again opens the same one."""
    url = community.server.url
    community.server.stop()
    with pytest.raises(httpx.ConnectError):
        community.send()
    assert community.server.start() == url
    assert community.send().status_code == 200


def test_stopping_frees_whoever_hangs(community: Site) -> None:
    """A caller left hanging does not keep the server from stopping."""
    community.faults.fail_next("hang")
    broken = threading.Event()

    def hang() -> None:
        with pytest.raises(httpx.RemoteProtocolError):
            community.send()
        broken.set()

    caller = threading.Thread(target=hang)
    caller.start()
    time.sleep(0.2)
    community.server.stop()
    caller.join(5)
    assert broken.is_set()


def test_a_busy_port_is_refused_in_plain_words(community: Site) -> None:
    """Two servers cannot share a port, and the operator is told which one."""
    port = int(community.server.url.rsplit(":", 1)[1])
    with pytest.raises(PreflightRefused) as refused:
        LocalServer(create_whaticket("community", TOKEN, Ledger()), port=port).start()
    assert str(port) in refused.value.message
