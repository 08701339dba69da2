"""A whole installation as ``secretaria up`` runs it, on engines of its own, with what it costs: processor time and memory."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import psutil

SECRET = "segredo-da-medida-com-mais-de-32-bytes"  # noqa: S105  # invented
START_SECONDS = 60.0
HTTP_OK, ACCEPTED = 200, 202
SAMPLE = Path(__file__).parent.parent / "secretaria" / "simulation" / "clinica-sorriso"


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds of processor time, or megabytes, by whose they are: our own processes, PostgreSQL, the Redis server."""

    ours: float
    postgres: float
    redis: float

    @property
    def whole(self) -> float:
        """All of it."""
        return self.ours + self.postgres + self.redis

    def since(self, before: Costs) -> Costs:
        """What was added."""
        return Costs(self.ours - before.ours, self.postgres - before.postgres, self.redis - before.redis)


@dataclass(frozen=True, slots=True)
class Shop:
    """A running installation.

    Attributes:
        port: Where its webhook answers, on ``host``.
        process: What runs it.
        beside: Its worker, where nothing supervises server and worker together.
    """

    port: int
    process: psutil.Process
    beside: psutil.Process | None = None
    host: str = "127.0.0.1"

    def processor(self) -> Costs:
        """Seconds of user and system time that its living processes have taken."""
        return self._sum(lambda one: sum(one.cpu_times()[:4]))

    def memory(self) -> Costs:
        """Resident megabytes; pages that processes share are counted once (PSS), as ``free`` would see them."""
        return self._sum(lambda one: one.memory_full_info().pss / 2**20)

    def resident(self) -> Costs:
        """Resident megabytes, shared pages counted in every process that has them."""
        return self._sum(lambda one: one.memory_info().rss / 2**20)

    def worker(self) -> psutil.Process:
        """The process that does the background work."""
        return next(one for one in self._ours() if "worker" in one.cmdline())

    def post(self, numbers: Iterable[int], text: str = "Bom dia! Tudo bem?") -> dict[str, float]:
        """Let customers write, one after the other on one connection.

        Returns:
            The moment (``time.time()``) at which each number's event was handed over.
        """
        connection = HTTPConnection(self.host, self.port, timeout=30)
        written = {}
        for number in numbers:
            headers, body = signed_event(number, text)
            written[f"55209{number:08}"] = time.time()
            connection.request("POST", "/webhook/whaticket", body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != ACCEPTED:
                raise SystemExit(f"unexpected status {answer.status}")
        connection.close()
        return written

    def _ours(self) -> list[psutil.Process]:
        return [one for one in self._all() if "python" in one.name()]

    def _all(self) -> list[psutil.Process]:
        roots = [one for one in (self.process, self.beside) if one is not None]
        return [one for root in roots for one in (root, *root.children(recursive=True))]

    def _sum(self, cost: object) -> Costs:
        kinds = {"postgres": 0.0, "valkey": 0.0, "python": 0.0}
        for one in self._all():
            try:
                kind = next((kind for kind in kinds if one.name().startswith(kind)), "python")
                kinds[kind] += cost(one)  # type: ignore[operator]  # one of the lambdas above
            except psutil.NoSuchProcess:
                continue
        return Costs(kinds["python"], kinds["postgres"], kinds["valkey"])


def signed_event(number: int, text: str) -> tuple[dict[str, str], bytes]:
    """Write an event of a customer as a relay signs it."""
    key = {"remoteJid": f"55209{number:08}@s.whatsapp.net", "fromMe": False, "id": os.urandom(10).hex()}
    body = json.dumps({"key": key, "messageTimestamp": int(time.time()), "message": {"conversation": text}}).encode()
    timestamp = str(int(time.time()))
    signature = hmac.new(SECRET.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "X-Timestamp": timestamp, "X-Signature": signature}, body


@contextmanager
def shop(outside: str, settings: Mapping[str, str] | None = None) -> Iterator[Shop]:
    """Run ``secretaria up`` for the length of the block; every turn is due at once, unless the settings say otherwise.

    Args:
        outside: Where the stand-ins answer.
        settings: Environment that differs from what ``up`` does by itself.
    """
    home = Path(tempfile.mkdtemp(prefix="secretaria-bench-", dir="/tmp"))  # short: it holds sockets
    home.chmod(0o755)
    port = _free_port()
    environment = environment_of(outside, home / "home", settings or {})
    command = [sys.executable, "-m", "secretaria", "up", "--port", str(port)]
    with (home / "up.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stderr=log, stdout=log, cwd=home)
        try:
            _wait(port, home / "up.log")
            yield Shop(port, psutil.Process(process.pid))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            if os.environ.get("BENCH_LOG"):
                print((home / "up.log").read_text()[-4000:], file=sys.stderr)
            shutil.rmtree(home, ignore_errors=True)


def environment_of(outside: str, home: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of an installation whose turns are due at once and whose model has no limit.

    Args:
        outside: Where the stand-ins answer.
        home: Its folder.
        settings: What differs, or is added.
    """
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SECRETARIA", "PROMETHEUS"))},
        "SECRETARIA_HOME": str(home),
        "WEBHOOK_SECRET": SECRET,
        "JWT_SECRET": SECRET[::-1],
        "WHATICKET_URL": outside,
        "WHATICKET_TOKEN": "token-da-medida",
        "LLM_API_KEY": "chave-da-medida",
        "LLM_BASE_URL": f"{outside}/v1",
        "SECRETARIA__BUSINESS__FOLDER": str(SAMPLE),
        "SECRETARIA__TURNS__QUIET_PERIOD_SECONDS": "0",
        "SECRETARIA__BUDGET__DAY_USD": "0",
        "SECRETARIA__BUDGET__DAY_TOKENS": "0",
        "SECRETARIA__BUDGET__MONTH_USD": "0",
        "SECRETARIA__BUDGET__MONTH_TOKENS": "0",
        **settings,
    }


def _wait(port: int, log: Path) -> None:
    """Wait until the door is open and a worker says that it lives."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/healthz")
            answer = connection.getresponse()
            told = answer.read()
            if answer.status == HTTP_OK and b'"workers"' in told:
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"the installation did not come up:\n{log.read_text()}")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
