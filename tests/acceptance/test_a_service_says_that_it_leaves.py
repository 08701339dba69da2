"""A service that is stopped while a proxy is in front of it: first it says so, then it goes."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from secretaria.local.engines import EmbeddedEngines
from tests.acceptance.commands import free_port
from tests.acceptance.conftest import Shop


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_stopped_service_serves_on_while_it_says_that_it_leaves(shop: Shop, tmp_path: Path, processes: str) -> None:
    """Between SIGTERM and the end ``/readyz`` answers 503 and everything else is answered as ever."""
    port = free_port()
    urls = EmbeddedEngines(Path(shop.environment["SECRETARIA_HOME"])).urls
    environment = {
        **shop.environment,
        "DATABASE_URL": urls.database_url,
        "REDIS_URL": urls.redis_url,
        "SECRETARIA__SERVER__DRAIN_SECONDS": "3",
    }
    command = [sys.executable, "-m", "secretaria", "serve", "--port", str(port), "--processes", processes]
    service = subprocess.Popen(command, env=environment, cwd=tmp_path)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for_status(f"{url}/readyz", 200)
        service.terminate()
        left = _wait_for_status(f"{url}/readyz", 503)
        served = httpx.get(f"{url}/livez", trust_env=False)
    finally:
        service.terminate()
        code = service.wait(30)
    assert left.json()["status"] == "leaving"
    assert served.status_code == 200
    assert code in {0, -15}


def _wait_for_status(url: str, status: int) -> httpx.Response:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            answer = httpx.get(url, trust_env=False, timeout=3)
        except httpx.HTTPError:
            time.sleep(0.1)
            continue
        if answer.status_code == status:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"{url} did not answer {status}")
