"""The door against a bare handler, side by side in one run: what does keeping every event cost?

Run with ``make bench``. Both servers are one process; the bare one checks the same signature and keeps nothing. They
are measured in turns, three rounds each, with the same clients, and the median ratio is what counts.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import logging
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from litestar import Litestar, Request, Response, post

from secretaria.database.engine import build_engine
from secretaria.database.migrate import upgrade
from secretaria.local.engines import EmbeddedEngines
from secretaria.simulation.serving import LocalServer

SECRET = "segredo-da-medida-com-mais-de-32-bytes"  # noqa: S105  # invented
CLIENTS = (1, 8)
ROUNDS = 3
SECONDS = 4.0
ACCEPTED = 202


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests a second, and milliseconds at the middle and near the end."""

    per_second: float
    p50: float
    p99: float


@post("/webhook/whaticket", status_code=ACCEPTED)
async def bare(request: Request[Any, Any, Any]) -> Response[dict[str, bool]]:
    """Check the signature and keep nothing."""
    body = await request.body()
    signed = request.headers["x-timestamp"].encode() + b"." + body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    queued = hmac.compare_digest(expected, request.headers["x-signature"])
    return Response({"queued": queued}, status_code=ACCEPTED)


def main() -> None:
    """Measure, print the table."""
    logging.disable(logging.INFO)
    home = Path(tempfile.mkdtemp(prefix="secretaria-bench-", dir="/tmp"))  # short: it holds sockets
    home.chmod(0o755)
    try:
        with EmbeddedEngines(home) as engines, LocalServer(Litestar([bare], openapi_config=None)) as reference:
            upgrade(build_engine(engines.urls.database_url))
            with Service(engines.urls.database_url, engines.urls.redis_url, home) as service:
                print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
                for clients in CLIENTS:
                    compare(reference.url, service.url, clients)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def compare(reference: str, service: str, clients: int) -> None:
    """Measure both in turns and print medians and the ratio."""
    pairs = [(measure(reference, clients), measure(service, clients)) for _ in range(ROUNDS)]
    for name, rounds in (("bare", [pair[0] for pair in pairs]), ("door", [pair[1] for pair in pairs])):
        rate, p50, p99 = (
            statistics.median(getattr(one, field) for one in rounds) for field in ("per_second", "p50", "p99")
        )
        print(f"{clients:>3} clients  {name}  {rate:8.0f} req/s  p50 {p50:6.2f} ms  p99 {p99:6.2f} ms")
    ratios = [door.per_second / plain.per_second for plain, door in pairs]
    print(f"{clients:>3} clients  door/bare  {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


def measure(url: str, clients: int) -> Measured:
    """Post distinct signed events for a few seconds from so many threads."""
    taken: list[float] = []
    stop = time.perf_counter() + SECONDS
    threads = [threading.Thread(target=_client, args=(url, number, stop, taken)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ordered = sorted(taken)
    return Measured(
        per_second=len(ordered) / SECONDS,
        p50=ordered[len(ordered) // 2] * 1000,
        p99=ordered[int(len(ordered) * 0.99)] * 1000,
    )


def _client(url: str, number: int, stop: float, taken: list[float]) -> None:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    while time.perf_counter() < stop:
        headers, body = _signed_event(number)
        begun = time.perf_counter()
        connection.request("POST", "/webhook/whaticket", body, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != ACCEPTED:
            raise SystemExit(f"unexpected status {answer.status}")
        taken.append(time.perf_counter() - begun)
    connection.close()


def _signed_event(number: int) -> tuple[dict[str, str], bytes]:
    key = {"remoteJid": f"55209{number:08}@s.whatsapp.net", "fromMe": False, "id": os.urandom(10).hex()}
    body = json.dumps({"key": key, "messageTimestamp": int(time.time()), "message": {"conversation": "oi"}}).encode()
    timestamp = str(int(time.time()))
    signature = hmac.new(SECRET.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "X-Timestamp": timestamp, "X-Signature": signature}, body


class Service:
    """``secretaria serve`` as a process of its own."""

    def __init__(self, database_url: str, redis_url: str, home: Path) -> None:
        self.url = "http://127.0.0.1:18321"
        self._log = (home / "serve.log").open("w")
        self._environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "WEBHOOK_SECRET": SECRET,
            "SECRETARIA__LOG__LEVEL": "WARNING",
        }

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "secretaria", "serve", "--port", "18321"]
        self._process = subprocess.Popen(command, env=self._environment, stderr=self._log)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                connection = http.client.HTTPConnection("127.0.0.1:18321", timeout=2)
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:  # noqa: PLR2004  # HTTP's OK
                    return self
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the service did not come up")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._log.close()


if __name__ == "__main__":
    main()
