"""One message through every stage, one thread in one process: processor time, statements and commits of each stage.

What hundreds of threads share hides where the time goes; here nothing waits for anything but PostgreSQL, Redis and two
stand-ins that answer at once. With ``WALK_PROFILE=FILE`` what cProfile saw of all stages is kept, in seconds of processor
time of the thread: ``python -m pstats FILE``.
"""

from __future__ import annotations

import cProfile
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import UUID

import psutil
from sqlalchemy import Engine, event

from benchmarks.figures import Figure, Section, run
from benchmarks.shop import environment_of, signed_event
from benchmarks.standins import standins
from secretaria.bootstrap import Installation
from secretaria.database.migrate import upgrade
from secretaria.database.spent import counting_statements
from secretaria.inbox.filing import file_event
from secretaria.inbox.receive import Knock, receive_webhook
from secretaria.local.engines import EmbeddedEngines
from secretaria.logs import configure_logs
from secretaria.outbox.delivery import deliver_item
from secretaria.queue.jobs import ANSWER_TURN, DELIVER_ITEM, FILE_EVENT, Job
from secretaria.replies.answer import answer_turn
from secretaria.settings import load_settings, privacy_key

MESSAGES, FIRST = 150, 20  # the first ones fill what is kept for the next
STAGES = ("kept", "filed", "answered", "delivered")


@dataclass(slots=True)
class Stage:
    """What one stage cost, one entry a message."""

    seconds: list[float] = field(default_factory=list)
    statements: list[int] = field(default_factory=list)
    commits: list[int] = field(default_factory=list)


class Nudges:
    """Stands for the publisher: keeps what would be nudged, so that the next stage is run here."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Job, str]] = []

    def publish(self, job: Job, identifier: str, delay_seconds: float = 0.0) -> None:
        """Keep one; delays are not waited for here."""
        del delay_seconds
        self.waiting.append((job, identifier))

    def publish_all(self, job: Job, identifiers: Sequence[str]) -> None:
        """Keep several."""
        self.waiting += [(job, identifier) for identifier in identifiers]


def measure(*, short: bool) -> Section:
    """Walk so many messages of as many customers through all stages."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="secretaria-bench-", dir="/tmp")))
        home.chmod(0o755)
        outside = stack.enter_context(standins(0.0, 0.0))
        urls = stack.enter_context(EmbeddedEngines(home)).urls
        engines = {"DATABASE_URL": urls.database_url, "REDIS_URL": urls.redis_url}
        os.environ.update(environment_of(outside.url, home, engines))
        stages = {name: Stage() for name in STAGES}
        numbers = range(FIRST, FIRST + (MESSAGES // 3 if short else MESSAGES))
        figures: list[Figure] = []
        with _walker(stages) as walk:
            for number in range(FIRST):
                walk(number)
            with _profiled():
                for whose in ("a new customer", "one who has written before"):
                    stages |= {name: Stage() for name in STAGES}
                    before = _spent_by_postgresql()
                    for number in numbers:
                        walk(number)
                    backends = (_spent_by_postgresql() - before) / len(numbers) * 1000
                    figures += _figures(f"message of {whose}", stages, backends)
    return Section("One message, stage by stage", figures, [str(__doc__).partition("\n\n")[2].partition(" With ``")[0]])


def _figures(what: str, stages: dict[str, Stage], backends: float) -> Iterator[Figure]:
    whole = [sum(parts) * 1000 for parts in zip(*(stage.seconds for stage in stages.values()), strict=True)]
    yield Figure.of(f"{what}: processor time of all stages in one thread", whole, unit="ms")
    yield Figure.of(f"{what}: in PostgreSQL", [backends], unit="ms")
    for name, stage in stages.items():
        told = f"{statistics.median(stage.statements):.0f} statements, {statistics.median(stage.commits):.0f} commits"
        yield Figure.of(f"{what}, {name}: {told}", [one * 1000 for one in stage.seconds], unit="ms")


@contextmanager
def _walker(stages: dict[str, Stage]) -> Iterator[Callable[[int], None]]:
    """Build the parts of one process, and hand out what walks one message through them."""
    settings = load_settings()
    configure_logs(settings.log, "worker", privacy_key(settings), settings.home / "logs")
    installation = Installation(settings)
    upgrade(installation.engine)
    installation.library.ensure()
    nudges = Nudges()
    installation.__dict__["publisher"] = nudges
    door, filing = installation.door(), installation.filing_room()
    answering, dispatch = installation.answering_room(), installation.dispatch_room()
    commits = _count_commits(installation.engine)
    jobs: dict[Job, tuple[str, Callable[[str], None]]] = {
        FILE_EVENT: ("filed", lambda told: file_event(filing, UUID(told))),
        ANSWER_TURN: ("answered", lambda told: answer_turn(answering, int(told))),
        DELIVER_ITEM: ("delivered", lambda told: deliver_item(dispatch, int(told))),
    }

    def spend(name: str, act: Callable[[], object]) -> None:
        stage = stages[name]
        commits.clear()
        with counting_statements() as spent:
            begun = time.process_time()
            act()
            stage.seconds.append(time.process_time() - begun)
        stage.statements.append(spent.statements)
        stage.commits.append(len(commits))

    def walk(number: int) -> None:
        headers, body = signed_event(number, "Bom dia! Tudo bem?")
        knock = Knock([(name.lower().encode(), value.encode()) for name, value in headers.items()], body)
        spend("kept", lambda: receive_webhook(door, knock))
        done = []
        while nudges.waiting:
            job, identifier = nudges.waiting.pop(0)
            if job in jobs:
                name, act = jobs[job]
                done.append(name)
                spend(name, partial(act, identifier))
        if done != ["filed", "answered", "delivered"]:
            raise SystemExit(f"a message did not go its way: {done}")

    yield walk
    installation.lease_keeper.stop()


@contextmanager
def _profiled() -> Iterator[None]:
    kept = os.environ.get("WALK_PROFILE")
    if not kept:
        yield
        return
    profile = cProfile.Profile(time.thread_time)
    profile.enable()
    yield
    profile.disable()
    profile.dump_stats(kept)


def _spent_by_postgresql() -> float:
    """Return seconds of user and system time of the living processes of the engine that this process began."""
    children = psutil.Process().children(recursive=True)
    return sum(sum(one.cpu_times()[:2]) for one in children if one.name().startswith("postgres"))


def _count_commits(engine: Engine) -> list[object]:
    commits: list[object] = []
    event.listen(engine, "commit", commits.append)
    return commits


if __name__ == "__main__":
    run(measure)
