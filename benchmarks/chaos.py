"""Kills a shop at every crash point, many times, and under a long random load; prints what became of the messages.

Run with ``make chaos`` (``ARGS="--runs 5 --soak 600"`` for a short one). The table goes to ``docs/reliability.md``.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import statistics
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from tests.chaos.oracle import Verdict, judge, settled_at, wait_until_settled
from tests.chaos.points import CLEAR, IN_DOUBT, NeverReached, Point, Run, break_at
from tests.chaos.shop import ChaosShop, quick_restarts

SEED = 20_260_811
SHOWN_IN = Path(__file__).parent.parent / "docs" / "reliability.md"
QUESTIONS = (
    "quanto custa a limpeza?",
    "e o clareamento?",
    "onde fica a clinica?",
    "tem estacionamento?",
    "voces atendem aos sabados?",
    "quais convenios aceitam?",
)
NOT_SHOWN = (
    "## Not shown here",
    "",
    "- In K1 to K6 the customer's Whaticket posts again until it is told 202, as a relay does; one that never repeats",
    "  leaves a message that was killed in K1 to K3 to a reading of its tickets.",
    "- K21 is a worker that starts and one that stops; a kill inside a migration is left to PostgreSQL's transactions.",
    "- Machines that stop for a minute, full disks, clocks that jump, and Whaticket showing messages later than 120 s.",
    "- That a person's word silences the secretary has tests of its own; that the counters of `/metrics` equal the ledger",
    "  after kills is not asked.",
)
CLEAR_SECONDS = 90.0
DOUBT_SECONDS = 260.0
MESSAGES_OF_A_CUSTOMER = 10
CUSTOMERS_AT_ONCE = 16
NUMBERS = count(4_000_001)


@dataclass
class Row:
    """What became of the runs of one point; seconds are from the kill until the reply stood as sent."""

    name: str
    says: str
    runs: int = 0
    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    held: int = 0
    seconds: list[float] = field(default_factory=list)

    def add(self, number: str, verdict: Verdict, seconds: float | None) -> None:
        """Count one customer."""
        self.runs += 1
        self.lost += number in verdict.lost or number in verdict.open
        self.doubled += number in verdict.doubled
        self.disordered += number in verdict.disordered
        self.held += number in verdict.held or number in verdict.unknown
        if seconds is not None:
            self.seconds.append(max(seconds, 0.0))

    def cells(self) -> list[str]:
        """Return the row as it is shown."""
        times = sorted(self.seconds)
        shown = [statistics.median(times), times[int(len(times) * 0.95)], times[-1]] if times else []
        numbers = [self.runs, self.lost, self.doubled, self.disordered, self.held]
        return [
            self.name,
            self.says,
            *map(str, numbers),
            *(f"{one:.1f}" for one in shown or ()),
            *["–"] * (3 - len(shown)),
        ]


def main() -> None:
    """Run what the arguments ask for, print the tables and write them down."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--runs", type=int, default=25, help="runs of each point; 0 leaves them out")
    reader.add_argument("--soak", type=int, default=3000, help="messages under random kills; 0 leaves it out")
    reader.add_argument("--shops", type=int, default=4, help="installations broken side by side")
    asked = reader.parse_args()
    begun = time.monotonic()
    with quick_restarts():
        told = ["## Crash points", "", *_table(run_points(asked.runs, asked.shops).values()), ""] if asked.runs else []
        told += ["## Soak", "", *run_soak(asked.soak)] if asked.soak else []
    minutes = (time.monotonic() - begun) / 60
    text = "\n".join([*_heading(minutes), *told, "", *NOT_SHOWN, ""])
    print(text)
    SHOWN_IN.write_text(text, encoding="utf-8")


def run_points(runs: int, shops: int) -> dict[str, Row]:
    """Break several shops at every point, and one that cannot be read back while it sends.

    Returns:
        A row for each point, in the order of their names.
    """
    rows = {point.name: Row(point.name, point.says) for point in sorted((*IN_DOUBT, *CLEAR), key=_place)}
    rows["blind"] = Row("ticketz", "K12 to K17 where nothing can be read back (held: unknown, for a person)")
    drawn = random.Random(SEED)  # noqa: S311  # the same campaign every time; nothing secret
    doubtful, clear = _shuffled(IN_DOUBT, runs, drawn), _shuffled(CLEAR, runs, drawn)
    blind = _shuffled([point for point in IN_DOUBT if point.name != "K20"], max(runs // 5, 1), drawn)
    counting = threading.Lock()

    def break_one(share: int) -> None:
        if share == shops:
            with ChaosShop("ticketz") as shop:
                met = _meet(shop, blind)
                wait_until_settled(shop, 90.0)
                _count(shop, met, rows, counting, into="blind")
            return
        with ChaosShop() as shop:
            met = _meet(shop, doubtful[share::shops])
            met += _meet(shop, clear[share::shops], wait=True)
            wait_until_settled(shop, DOUBT_SECONDS)
            _count(shop, met, rows, counting)

    with ThreadPoolExecutor(shops + 1) as threads:
        for one in [threads.submit(break_one, share) for share in range(shops + 1)]:
            one.result()
    return rows


def run_soak(messages: int) -> list[str]:
    """Let customers write for a while as programs and Valkey die at random.

    Returns:
        What became of it, as lines.
    """
    drawn = random.Random(SEED)  # noqa: S311  # as above
    over = threading.Event()
    kills: dict[str, int] = defaultdict(int)

    def kill(shop: ChaosShop) -> None:
        while not over.wait(drawn.uniform(2.0, 6.0)):
            name = drawn.choice(["serve", "worker-0", "worker-0", "worker-1", "worker-1", "worker-2", "valkey"])
            kills[name.partition("-")[0]] += 1
            shop.kill_valkey() if name == "valkey" else shop.signal(name)

    def write(shop: ChaosShop, number: str, seed: int) -> None:
        own = random.Random(seed)  # noqa: S311  # as above
        asks = own.sample(QUESTIONS, 2)  # a burst of more topics is more than the simulated model answers
        for _ in range(MESSAGES_OF_A_CUSTOMER):
            shop.write(number, own.choice(asks), repeated=1 + (own.random() < 0.1))  # noqa: PLR2004  # one in ten comes twice
            time.sleep(own.uniform(0.1, 2.5))

    with ChaosShop(workers=3) as shop:
        killer = threading.Thread(target=kill, args=(shop,))
        killer.start()
        begun = time.monotonic()
        numbers = [_number() for _ in range(messages // MESSAGES_OF_A_CUSTOMER)]
        with ThreadPoolExecutor(CUSTOMERS_AT_ONCE) as customers:
            writing = [customers.submit(write, shop, number, seed) for seed, number in enumerate(numbers)]
            for one in writing:
                one.result()
        wrote = time.monotonic() - begun
        over.set()
        killer.join()
        verdict = wait_until_settled(shop, DOUBT_SECONDS)
        distinct = len({one.message_id for one in shop.accepted})
        found = [
            *(len(some) for some in (verdict.lost, verdict.doubled, verdict.disordered, verdict.held, verdict.open)),
            len(shop.ledger.sent()),
            len(verdict.undrawn),
        ]
        died = ", ".join(f"{name} {times}" for name, times in sorted(kills.items()))
        return [
            f"{distinct} messages of {len(numbers)} customers in {wrote:.0f} s, one in ten posted twice; killed with -9: {died}.",
            "",
            "| lost | doubled | out of order | held, messages | still open | bubbles sent | undrawn changes |",
            "|---|---|---|---|---|---|---|",
            f"| {' | '.join(map(str, found))} |",
        ]


def _meet(shop: ChaosShop, points: Sequence[Point], *, wait: bool = False) -> list[Run]:
    met = []
    for point in points:
        try:
            run = break_at(shop, point, _number())
        except NeverReached:
            sys.stderr.write(f"{point.name} was not reached\n")
            continue
        met.append(run)
        if wait:
            wait_until_settled(shop, CLEAR_SECONDS, [run.number])
    return met


def _count(
    shop: ChaosShop, met: Sequence[Run], rows: dict[str, Row], counting: threading.Lock, *, into: str = ""
) -> None:
    verdict, settled = judge(shop), settled_at(shop.engine)
    with counting:
        for run in met:
            at = settled.get(run.number)
            seconds = (at - run.killed_at).total_seconds() if at is not None else None
            rows[into or run.point.name].add(run.number, verdict, seconds)


def _shuffled(points: Sequence[Point], runs: int, drawn: random.Random) -> list[Point]:
    listed = [point for point in points for _ in range(runs)]
    drawn.shuffle(listed)
    return listed


def _place(point: Point) -> tuple[int, str]:
    digits = point.name[1:].rstrip("ab")
    return int(digits), point.name


def _number() -> str:
    return f"55209{next(NUMBERS):08}"


def _table(rows: Iterable[Row]) -> list[str]:
    head = ["point", "what has happened", "runs", "lost", "doubled", "out of order", "held", "p50 s", "p95 s", "max s"]
    lines = [head, ["---"] * len(head), *(row.cells() for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


def _heading(minutes: float) -> list[str]:
    command = " ".join(["python -m benchmarks.chaos", *sys.argv[1:]])
    today = datetime.now(UTC).date().isoformat()
    return [
        "# Reliability",
        "",
        "What became of every message that was answered with 202 while processes were killed with -9. Written by",
        "`make chaos`; asked of the ledger of physical sends of the simulated Whaticket, of the tables and of the 202 log.",
        "",
        f"{today}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()},",
        f"`{command}`, {minutes:.0f} minutes.",
        "",
        "Seconds run from the kill until the reply stands as sent. In K12 to K17 a send is in flight: the lease (45 s) and,",
        "where nothing is found, two minutes of looks come first; that is the price of not saying it twice. One customer",
        "writes two messages in each run; a dead program comes back after half a second. With n runs and nothing found,",
        "the chance of a loss or a double is below 3/n at 95 %.",
        "",
    ]


if __name__ == "__main__":
    main()
