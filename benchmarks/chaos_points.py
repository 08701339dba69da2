"""Kills shops at every crash point, many times each."""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks.chaos_report import COUNTED, Row, new_number, table, tell_failures
from tests.chaos.oracle import judge, settled_at, wait_until_settled
from tests.chaos.points import CLEAR, IN_DOUBT, NeverReached, Point, Run, break_at
from tests.chaos.shop import ChaosShop

SEED = 20_260_811
CLEAR_SECONDS = 90.0
DOUBT_SECONDS = 260.0
BLIND_SECONDS = 90.0
BLIND_SHARE = 5


def break_at_points(runs: int, shops: int) -> list[str]:
    """Break several shops at every point, and one that cannot be read back while it sends.

    Returns:
        A row for each point, in the order of their names.
    """
    rows = {point.name: Row(point.name, point.says) for point in sorted((*IN_DOUBT, *CLEAR), key=_place)}
    rows["blind"] = Row("ticketz", "K12 to K17 where nothing can be read back (with a person: unknown, and counted)")
    drawn = random.Random(SEED)  # noqa: S311  # the same campaign every time; nothing secret
    doubtful, clear = _shuffled(IN_DOUBT, runs, drawn), _shuffled(CLEAR, runs, drawn)
    blind = _shuffled([point for point in IN_DOUBT if point.name != "K20"], max(runs // BLIND_SHARE, 1), drawn)
    counting = threading.Lock()

    def break_one(share: int) -> None:
        if share == shops:
            with ChaosShop("ticketz") as shop:
                met = _meet(shop, blind)
                wait_until_settled(shop, BLIND_SECONDS)
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
    head = ["point", "what has happened", "runs", *COUNTED[:-1], "p50 s", "p95 s", "max s"]
    return table(head, ([row.name, row.says, str(row.runs), *row.counts()[:-1], *row.times()] for row in rows.values()))


def _meet(shop: ChaosShop, points: Sequence[Point], *, wait: bool = False) -> list[Run]:
    met = []
    for point in points:
        try:
            run = break_at(shop, point, new_number())
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
    tell_failures(shop, verdict)
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
    digits = point.name[1:].rstrip("abc")
    return int(digits), point.name
