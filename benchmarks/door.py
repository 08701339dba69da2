"""The door beside a handler that keeps nothing, beside what most would write, and beside one bare commit, in one run.

All take turns under the same load: distinct signed events of wrk. What counts is the median of the ratios of the rounds.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import redis
from sqlalchemy import Engine, text

from benchmarks.figures import Figure, Section, run
from benchmarks.knocking import SECRET, Knocked, knock, require_wrk
from secretaria.database.engine import build_engine
from secretaria.database.migrate import upgrade
from secretaria.local.engines import EmbeddedEngines, EngineUrls
from tests.acceptance.commands import free_port

MANY = 64
BARE = "bare Litestar + HMAC"
ROUNDS, SECONDS = 5, 2
SHORT_ROUNDS, SHORT_SECONDS = 5, 1
REFERENCE_ROUNDS = 2
COMMITS = 200
START_SECONDS = 30.0
BODY = (
    b'{"key":{"remoteJid":"5520900000101@s.whatsapp.net","fromMe":false,"id":"3EB0"},"message":{"conversation":"oi"}}'
)


@dataclass(frozen=True, slots=True)
class Server:
    """One that was started: where it answers, and its (first) process."""

    url: str
    process: psutil.Process


@dataclass(frozen=True, slots=True)
class Loaded:
    """What many clients met, and the processor time of one event in the process that answered, in microseconds."""

    knocked: Knocked
    microseconds: float


class Bench:
    """The engines, and the servers that take turns over them."""

    def __init__(self, urls: EngineUrls, home: Path, stack: ExitStack) -> None:
        self.urls, self._home, self._stack = urls, home, stack
        self.engine = build_engine(urls.database_url)
        stack.callback(self.engine.dispose)
        upgrade(self.engine)

    def serve(self, *command: str) -> Server:
        """Start a server on a port of its own, named ``PORT`` in the command; return it."""
        port = str(free_port())
        url = f"http://127.0.0.1:{port}"
        environment = {
            **os.environ,
            "DATABASE_URL": self.urls.database_url,
            "REDIS_URL": self.urls.redis_url,
            "WEBHOOK_SECRET": SECRET,
            "SECRETARIA_HOME": str(self._home / "data"),
        }
        log = self._stack.enter_context((self._home / f"{port}.log").open("w"))
        filled = [sys.executable, "-m", *(word.replace("PORT", port) for word in command)]
        process = subprocess.Popen(filled, env=environment, stdout=log, stderr=log)
        self._stack.enter_context(ended(process))
        wait_for(url)
        return Server(url, psutil.Process(process.pid))

    def empty(self) -> None:
        """Take away what was kept, so that every round begins alike."""
        with self.engine.begin() as connection:
            connection.execute(text("TRUNCATE inbox_event"))
        with redis.Redis.from_url(self.urls.redis_url) as client:
            client.flushall()


def measure(*, short: bool) -> Section:
    """Let all take turns."""
    require_wrk()
    with bench() as stage:
        bare = stage.serve(
            "uvicorn", "benchmarks.door_bare:create_app", "--factory", "--port", "PORT", "--loop", "uvloop",
            "--http", "httptools", "--no-access-log", "--log-level", "warning",
        )  # fmt: skip
        door = stage.serve("secretaria", "serve", "--port", "PORT")
        rounds, seconds = (SHORT_ROUNDS, SHORT_SECONDS) if short else (ROUNDS, SECONDS)
        figures = [*beside_bare(stage, bare, door, rounds, seconds), beside_commit(stage, door, rounds, seconds)]
        if short:
            return Section("The door", figures)
        reference = stage.serve(
            "gunicorn", "benchmarks.door_reference:create_app()", "--bind", "127.0.0.1:PORT", "--workers", "1",
            "--threads", "8", "--log-level", "warning",
        )  # fmt: skip
        figures.append(beside_reference(stage, reference, door))
        pair = stage.serve("secretaria", "serve", "--port", "PORT", "--processes", "2")
        doubled, told = two_processes(stage, door, pair)
        return Section("The door", [*figures, doubled], [METHOD, told])


METHOD = (
    f"Load: wrk with one thread and {MANY} connections, every event distinct and signed. The bare handler is Litestar on "
    "uvicorn with uvloop and httptools, it checks the signature and answers. The reference is one gunicorn process with eight "
    "threads; it checks, decodes, commits with SQLAlchemy's ORM and enqueues with RQ. All servers are as they would be "
    "deployed, ours with its log lines and metrics."
)


def beside_bare(stage: Bench, bare: Server, door: Server, rounds: int, seconds: int) -> list[Figure]:
    """Many clients: what does keeping every event cost?"""
    for one in (bare, door):
        knock(one.url, MANY, 1)
    turns = []
    for _ in range(rounds):
        stage.empty()
        turns.append((loaded(bare, seconds), loaded(door, seconds)))
    bares, doors = [theirs for theirs, _ in turns], [ours for _, ours in turns]
    rates = [ours.knocked.per_second / theirs.knocked.per_second for theirs, ours in turns]
    late = [ours.knocked.p99 / theirs.knocked.p99 for theirs, ours in turns]
    work = [ours.microseconds / theirs.microseconds for theirs, ours in turns]
    return [
        Figure.of(f"{MANY} clients: events kept and nudged a second, against {BARE}", rates, at_least=0.6),
        Figure.of(f"{MANY} clients: p99, against {BARE}", late, at_most=1.7),
        Figure.of(
            f"{MANY} clients: processor time of the process for an event, against {BARE}",
            work,
            at_most=1.7,
            key="door_processor_time",
        ),
        Figure.of(f"{MANY} clients: the door", [one.knocked.per_second for one in doors], unit="a second"),
        Figure.of(f"{MANY} clients: {BARE}", [one.knocked.per_second for one in bares], unit="a second"),
        Figure.of(f"{MANY} clients: p99 of the door", [one.knocked.p99 for one in doors], unit="ms"),
        Figure.of(f"{MANY} clients: p99 of {BARE}", [one.knocked.p99 for one in bares], unit="ms"),
        Figure.of(f"{MANY} clients: processor time of the door", [one.microseconds for one in doors], unit="µs"),
        Figure.of(f"{MANY} clients: processor time of {BARE}", [one.microseconds for one in bares], unit="µs"),
    ]


def loaded(server: Server, seconds: int) -> Loaded:
    """Knock from many clients, and see what an event costs the process that answers."""
    before = server.process.cpu_times()
    knocked = knock(server.url, MANY, seconds)
    after = server.process.cpu_times()
    used = after.user + after.system - before.user - before.system
    return Loaded(knocked, used / (knocked.per_second * seconds) * 1e6)


def beside_commit(stage: Bench, door: Server, rounds: int, seconds: int) -> Figure:
    """One client: what stands between it and the disk?"""
    ratios = []
    for _ in range(rounds):
        stage.empty()
        before = one_commit(stage.engine)
        alone = knock(door.url, 1, seconds).p50
        ratios.append(alone / statistics.median([before, one_commit(stage.engine)]))
    return Figure.of("1 client: p50, against one bare commit of the same row", ratios, at_most=1.5)


ONE_ROW = """
    INSERT INTO inbox_event (id, channel, dedupe_key, signature, item, state, reason, body, failures, received_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 0, %s)
"""


def one_commit(engine: Engine) -> float:
    """Return the median milliseconds of a commit of the same row, with the same driver, on one connection."""
    taken = []
    with engine.connect() as pooled:
        connection = pooled.connection
        cursor = connection.cursor()
        for _ in range(COMMITS):
            number = str(uuid4())
            row = (number, "principal", number, number * 2, 0, "received", None, BODY, "2026-08-11T13:00:00+00:00")
            begun = time.perf_counter()
            cursor.execute(ONE_ROW, row)
            connection.commit()
            taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)


def beside_reference(stage: Bench, reference: Server, door: Server) -> Figure:
    """What most would write, beside the door."""
    knock(reference.url, MANY, 1)
    ratios = []
    for _ in range(REFERENCE_ROUNDS):
        stage.empty()
        ratios.append(knock(door.url, MANY, SECONDS).per_second / knock(reference.url, MANY, SECONDS).per_second)
    return Figure.of(f"{MANY} clients: against Flask + gunicorn + SQLAlchemy + RQ", ratios, at_least=15.0)


def two_processes(stage: Bench, door: Server, pair: Server) -> tuple[Figure, str]:
    """One process beside two; and, while the two work, who uses the processors."""
    knock(pair.url, MANY, 1)
    ratios = []
    shares: dict[str, float] = {}
    for _ in range(ROUNDS):
        stage.empty()
        one = knock(door.url, MANY, SECONDS)
        used = cpu_seconds(pair.process)
        two = knock(pair.url, MANY, SECONDS)
        shares = {name: (after - used.get(name, 0.0)) / SECONDS for name, after in cpu_seconds(pair.process).items()}
        ratios.append(two.per_second / one.per_second)
    told = ", ".join(f"{name} {share:.2f}" for name, share in shares.items() if share >= 0.01)  # noqa: PLR2004  # else idle
    return (
        Figure.of(f"{MANY} clients: two processes against one", ratios, at_least=1.6),
        f"While two processes served, of {os.cpu_count()} cores were used: {told}.",
    )


def cpu_seconds(server: psutil.Process) -> dict[str, float]:
    """Return the processor time that those who share the machine have used so far."""
    used: dict[str, float] = {}
    ours = {server.pid, *(child.pid for child in server.children(recursive=True))}
    for process in psutil.process_iter(["pid", "name", "cpu_times"]):
        times = process.info["cpu_times"]
        name = "the door" if process.info["pid"] in ours else process.info["name"]
        if times is not None and name in {"the door", "postgres", "valkey-server", "redis-server"}:
            used[name] = used.get(name, 0.0) + times.user + times.system
    busy = psutil.cpu_times()
    used["all programs"] = busy.user + busy.system + busy.nice
    return used


@contextmanager
def bench() -> Iterator[Bench]:
    """Run the engines in a folder of their own, and end every server at the end."""
    home = Path(tempfile.mkdtemp(prefix="secretaria-bench-", dir="/tmp"))  # short: it holds sockets
    home.chmod(0o755)
    try:
        with EmbeddedEngines(home) as engines, ExitStack() as stack:
            yield Bench(engines.urls, home, stack)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End a program as an operator would."""
    try:
        yield
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def wait_for(url: str) -> None:
    """Wait until somebody answers there.

    Raises:
        SystemExit: Nobody did in time.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            httpx.get(url, timeout=2, trust_env=False)
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"nobody answers at {url}")


if __name__ == "__main__":
    run(measure)
