"""One, two and three groups of server and worker, each on a network of its own, against one PostgreSQL and one Redis.

Run as root with ``python -m benchmarks.scale``: every group lives in a network namespace behind a veth pair, as on a machine
of its own, and reaches the stand-ins over it; the engines are reached over their sockets, which namespaces do not part. All
share this machine's cores, so more groups are not faster here: what is measured is what a message costs each part, and
whether that grows with the number of groups.
"""

from __future__ import annotations

import itertools
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg2
import redis

from benchmarks.figures import Figure, Section, run
from benchmarks.shop import START_SECONDS, Costs, Shop, environment_of
from benchmarks.standins import StandIns, standins
from secretaria.database.engine import build_engine
from secretaria.database.migrate import upgrade
from secretaria.local.engines import EmbeddedEngines, EngineUrls

GROUPS = (1, 2, 3)
MESSAGES, ROUNDS = 150, 1
MODEL_SECONDS, SEND_SECONDS = 1.0, 0.05
PORT, NETWORK = 8000, "10.213"
LONGEST_WAIT = 60.0
PACES = (10, 100, 1_000)
BUSY = 0.7  # the part of a core, or of what a disk takes, that may be counted on
COMMITTERS, COMMIT_SECONDS = 16, 3.0

NUMBERS = itertools.count(1_000)


@dataclass(frozen=True, slots=True)
class Spent:
    """What one message cost: seconds of processor time, commits, bytes of write-ahead log, commands of Redis."""

    processor: Costs
    commits: float
    log_bytes: float
    commands: float


def measure(*, short: bool) -> Section:
    """Measure the cost of a message with each number of groups."""
    del short  # nothing here is guarded
    if os.geteuid() != 0:
        return Section("Beyond one machine", [], ["Not measured: network namespaces want root."])
    spent: dict[int, list[Spent]] = {number: [] for number in GROUPS}
    with ExitStack() as stack:
        outside = stack.enter_context(standins(MODEL_SECONDS, SEND_SECONDS, host="0.0.0.0"))  # noqa: S104  # reached from the namespaces
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="secretaria-bench-", dir="/tmp")))
        home.chmod(0o755)
        engines = stack.enter_context(EmbeddedEngines(home))
        upgrade(build_engine(engines.urls.database_url))
        groups: list[Shop] = []
        for number in GROUPS:
            groups.append(stack.enter_context(_group(number, engines.urls, outside, home)))
            _answer(groups, outside, 10 * number)
            spent[number] += [_cost(groups, outside, engines) for _ in range(ROUNDS)]
        commits = _commits_per_second(engines.urls.database_url)
    alone, together = ([one.processor.whole for one in spent[number]] for number in (GROUPS[0], GROUPS[-1]))
    all_of_it = [one for rounds in spent.values() for one in rounds]
    figures = [
        _figure("processor time a message, our processes", [one.processor.ours * 1000 for one in all_of_it], "ms"),
        _figure("the same, PostgreSQL", [one.processor.postgres * 1000 for one in all_of_it], "ms"),
        _figure("the same, Redis", [one.processor.redis * 1000 for one in all_of_it], "ms"),
        Figure.of(
            "three groups against one, processor time a message",
            [after / before for before, after in zip(alone, together, strict=True)],
        ),
        _figure("commits a message", [one.commits for one in all_of_it], ""),
        _figure("write-ahead log a message", [one.log_bytes / 1024 for one in all_of_it], "KB"),
        _figure("commands of Redis a message", [one.commands for one in all_of_it], ""),
        _figure(f"bare commits a second of this PostgreSQL, {COMMITTERS} at once", [commits], "/s"),
    ]
    notes = [str(__doc__).partition("\n\n")[2].strip(), *_projection(all_of_it, commits)]
    return Section("Beyond one machine: what a message costs each part", figures, notes)


def _projection(spent: list[Spent], commits: float) -> list[str]:
    """Say where each part stops, as far as the measured costs tell."""
    ours, postgres, redis_ = (
        statistics.median(getattr(one.processor, part) for one in spent) for part in ("ours", "postgres", "redis")
    )
    kept, log, commands = (
        statistics.median(getattr(one, part) for one in spent) for part in ("commits", "log_bytes", "commands")
    )
    head = "| Messages a second | Our processes | PostgreSQL | Commits | Write-ahead log | Redis |"
    rows = [
        f"| {pace:,} | {ours * pace:.1f} cores | {postgres * pace:.1f} cores | {kept * pace:,.0f} /s |"
        f" {log * pace * 86_400 / 2**30:,.0f} GB a day | {redis_ * pace:.2f} cores, {commands * pace:,.0f} commands/s |"
        for pace in PACES
    ]
    return [
        "Projected from these costs, not measured: what each part needs at a steady pace, on cores like these.",
        "\n".join([head, "|" + " --- |" * 6, *rows]),
        (
            f"Where each part stops. *Our processes*: one worker process uses one core at most, so about {BUSY / ours:.0f} messages a"
            " second each; servers and workers keep nothing, so there may be more of them, on any machine (projected)."
            f" *PostgreSQL*: its disk took {commits:,.0f} commits a second (measured), enough for about {BUSY * commits / kept:,.0f}"
            f" messages a second; its cores come first, about {BUSY / postgres:.0f} messages a second for each (projected)."
            f" *Redis*: one thread, about {BUSY / redis_:,.0f} messages a second (projected)."
        ),
        (
            "What changes: at 10 messages a second one machine is enough. At 100 servers and workers move to machines of their own"
            " (Swarm, `docs/operacao/crescer.md`) and PostgreSQL gets one for itself. At 1,000 one PostgreSQL no longer holds all"
            " conversations: the installations are parted, for instance by WhatsApp number (projected). WhatsApp may stop before: the"
            " sessions that Whaticket drives are people's phones, without any promised pace (not measured)."
        ),
    ]


def _cost(groups: list[Shop], outside: StandIns, engines: EmbeddedEngines) -> Spent:
    """Let new customers write to all groups at once, and return what one message cost."""
    before, counted, begun = _processor(groups, engines), _counters(engines.urls), time.monotonic()
    _answer(groups, outside, MESSAGES)
    after, seconds = _processor(groups, engines), time.monotonic() - begun
    spent = after.since(before)
    per = [(now - then) / MESSAGES for now, then in zip(_counters(engines.urls), counted, strict=True)]
    each = Costs(*(one / MESSAGES for one in (spent.ours, spent.postgres, spent.redis)))
    print(f"{len(groups)} groups: {MESSAGES / seconds:.1f} messages/s", file=sys.stderr, flush=True)
    return Spent(each, *per)


def _answer(groups: list[Shop], outside: StandIns, messages: int) -> None:
    numbers = list(itertools.islice(NUMBERS, messages))
    parts = [numbers[place :: len(groups)] for place in range(len(groups))]
    posting = [threading.Thread(target=group.post, args=(part,)) for group, part in zip(groups, parts, strict=True)]
    for one in posting:
        one.start()
    for one in posting:
        one.join()
    deadline = time.monotonic() + LONGEST_WAIT
    while not {f"55209{number:08}" for number in numbers} <= outside.sent().keys():
        if time.monotonic() > deadline:
            raise SystemExit("not everybody was answered")
        time.sleep(0.3)


@contextmanager
def _group(number: int, engines: EngineUrls, outside: StandIns, home: Path) -> Iterator[Shop]:
    """Run one server and one worker in a network namespace of their own."""
    name, here, there = f"medida{os.getpid()}{number}", f"{NETWORK}.{number}.1", f"{NETWORK}.{number}.2"
    folder = home / f"group-{number}"
    folder.mkdir()
    told = {"DATABASE_URL": engines.database_url, "REDIS_URL": engines.redis_url, "SECRETARIA__SERVER__HOST": "0.0.0.0"}  # noqa: S104  # in its own namespace
    environment = environment_of(f"http://{here}:{outside.port}", folder, told)
    with _namespace(name, here, there), (folder / "group.log").open("w") as log:
        running = [
            subprocess.Popen(
                ["ip", "netns", "exec", name, sys.executable, "-m", "secretaria", *command],  # noqa: S607  # iproute2's
                env=environment,
                cwd=folder,
                stdout=log,
                stderr=log,
            )
            for command in (["serve", "--port", str(PORT)], ["worker", "--metrics-port", "0"])
        ]
        try:
            _wait_until_ready(there, folder / "group.log")
            yield Shop(PORT, psutil.Process(running[0].pid), psutil.Process(running[1].pid), host=there)
        finally:
            for one in running:
                one.terminate()
            for one in running:
                one.wait(60)


@contextmanager
def _namespace(name: str, here: str, there: str) -> Iterator[None]:
    """Make a network namespace that is joined to ours by a pair of virtual interfaces."""
    ours, theirs = f"{name}-a"[-15:], f"{name}-b"[-15:]
    inside = ["netns", "exec", name, "ip"]
    try:
        for arguments in (
            ["netns", "add", name],
            ["link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", name],
            ["addr", "add", f"{here}/30", "dev", ours],
            ["link", "set", ours, "up"],
            [*inside, "addr", "add", f"{there}/30", "dev", theirs],
            [*inside, "link", "set", theirs, "up"],
            [*inside, "link", "set", "lo", "up"],
        ):
            subprocess.run(["ip", *arguments], check=True)  # noqa: S607  # iproute2's
        yield
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)  # noqa: S607  # iproute2's


def _wait_until_ready(host: str, log: Path) -> None:
    """Wait until the door listens and the worker said that it works; health is told to the own machine only."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection((host, PORT), timeout=1).close()
        except OSError:
            pass
        else:
            if "worker_started" in log.read_text():
                return
        time.sleep(0.3)
    raise SystemExit(f"a group did not come up:\n{log.read_text()[-2000:]}")


def _processor(groups: list[Shop], engines: EmbeddedEngines) -> Costs:
    ours = sum(group.processor().ours for group in groups)
    return Costs(ours, _taken(engines.postgres_pid), _taken(engines.valkey_pid))


def _taken(pid: int | None) -> float:
    """Return the processor time of an engine; of PostgreSQL's processes that end meanwhile theirs counts as waited for."""
    process = psutil.Process(pid)
    times = [process.cpu_times(), *(child.cpu_times() for child in process.children(recursive=True))]
    return sum(one.user + one.system for one in times) + times[0].children_user + times[0].children_system


def _counters(urls: EngineUrls) -> tuple[float, float, float]:
    """Return commits, bytes of write-ahead log and commands of Redis so far."""
    with psycopg2.connect(_dsn(urls.database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT sum(xact_commit), pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') FROM pg_stat_database")
        commits, log_bytes = cursor.fetchone()
    connection.close()
    client = redis.Redis.from_url(urls.redis_url)
    info: Mapping[str, float] = client.info("stats")
    client.close()
    return float(commits), float(log_bytes), float(info["total_commands_processed"])


def _commits_per_second(url: str) -> float:
    """Return how many rows, each in a commit of its own, several connections keep in a second."""
    done = itertools.count()
    with psycopg2.connect(_dsn(url)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE measured_commit (at timestamptz)")
    connection.close()
    until = time.monotonic() + COMMIT_SECONDS

    def commit() -> None:
        connection = psycopg2.connect(_dsn(url))
        with connection.cursor() as cursor:
            while time.monotonic() < until:
                cursor.execute("INSERT INTO measured_commit VALUES (now())")
                connection.commit()
                next(done)
        connection.close()

    threads = [threading.Thread(target=commit) for _ in range(COMMITTERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return next(done) / COMMIT_SECONDS


def _dsn(url: str) -> str:
    return url.replace("+psycopg2", "")


def _figure(what: str, rounds: list[float], unit: str) -> Figure:
    return Figure.of(what, rounds, unit=unit)


if __name__ == "__main__":
    run(measure)
