"""The service dies under load: what it had accepted is there, each event once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from sqlalchemy import Engine

from secretaria.local.engines import EngineUrls
from secretaria.settings import ALIASES, ENVIRONMENT_NAMES
from tests.acceptance.commands import free_port
from tests.builders import SECRET, TOKEN, a_text, rows

CLIENTS = 16
KILLS = 3
LOAD_SECONDS = 1.5
START_SECONDS = 180.0


@contextmanager
def serving(engines: EngineUrls, home: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``secretaria serve`` until it takes traffic; whoever is still alive at the end is ended."""
    own = {*ENVIRONMENT_NAMES, *ALIASES}
    environment = {
        **{name: value for name, value in os.environ.items() if name not in own},
        "SECRETARIA_HOME": str(home),
        "DATABASE_URL": engines.database_url,
        "REDIS_URL": engines.redis_url,
        "WEBHOOK_SECRET": SECRET,
        "WEBHOOK_TOKEN": TOKEN,
    }
    command = [sys.executable, "-m", "secretaria", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environment, cwd=home, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=3, trust_env=False).is_success:
                    break
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
        try:
            yield process
        finally:
            process.terminate()


def knock(url: str, client: int, life: int, accepted: list[str]) -> None:
    """Post one event after another until nobody answers; note those that were accepted."""
    number = 0
    with httpx.Client(trust_env=False, timeout=10) as site:
        while True:
            event = a_text(message_id=f"L{life}-C{client}-{number}", number=f"55209{client:08}")
            try:
                answer = site.post(url, json=event)
            except httpx.HTTPError:
                return
            assert answer.status_code == 202
            accepted.append(answer.json()["event"])
            number += 1


def wait_for_load(accepted: list[str], enough: int) -> None:
    """Let them post for a while, and on a busy machine until something was accepted from each."""
    time.sleep(LOAD_SECONDS)
    deadline = time.monotonic() + START_SECONDS
    while len(accepted) <= enough and time.monotonic() < deadline:
        time.sleep(0.05)


def test_nothing_accepted_is_lost_when_the_service_is_killed(
    engines: EngineUrls, engine: Engine, tmp_path: Path
) -> None:
    """Sixteen clients post; the service is killed with -9, three times: every 202 is one row."""
    accepted: list[str] = []
    port = free_port()
    for life in range(KILLS):
        with serving(engines, tmp_path, port) as service:
            url = f"http://127.0.0.1:{port}/webhook/whaticket/{TOKEN}"
            before = len(accepted)
            clients = [threading.Thread(target=knock, args=(url, one, life, accepted)) for one in range(CLIENTS)]
            for client in clients:
                client.start()
            wait_for_load(accepted, before + CLIENTS)
            os.kill(service.pid, signal.SIGKILL)
            for client in clients:
                client.join()
    kept = [str(row["id"]) for row in rows(engine, "inbox_event")]
    assert len(accepted) > KILLS * CLIENTS
    assert len({*accepted}) == len(accepted)
    assert {*accepted} - {*kept} == set()
