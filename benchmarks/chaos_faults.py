"""Breaks what is around the shop, one thing at a time, while customers write."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.chaos_report import COUNTED, Row, new_number, table, tell_failures
from tests.chaos.crowd import writing
from tests.chaos.faults import OUTSIDE, Fault
from tests.chaos.oracle import miscounted, settled_at, wait_until_settled
from tests.chaos.points import NeverReached
from tests.chaos.shop import ChaosShop

SETTLED_SECONDS = 280.0
SEED = 20_260_811


class CannotBeDone(Exception):
    """This machine lacks what the fault needs."""


def break_from_outside(customers: int, shops: int, only: str) -> list[str]:
    """Let every outside fault happen to a shop of its own.

    Returns:
        A row for each fault, in the order in which they are told.
    """
    faults = [fault for fault in OUTSIDE if only in fault.name]
    rows = {fault.name: Row(fault.name, fault.says) for fault in faults}
    spoke: list[float] = []
    telling = threading.Lock()

    def break_one(fault: Fault) -> None:
        try:
            after = _break(fault, customers, rows[fault.name])
        except (CannotBeDone, NeverReached) as error:
            rows[fault.name].says += f" (not run here: {error})"
            return
        with telling:
            spoke.extend(after)
            row = rows[fault.name]
            sys.stderr.write(f"{fault.name}: {row.runs} {row.counts()} {row.miscounted} {row.times()}\n")

    with ThreadPoolExecutor(shops) as threads:
        for one in [threads.submit(break_one, fault) for fault in faults]:
            one.result()
    head = ["fault", "what happens", "customers", *COUNTED, "counters − ledger", "p50 s", "p95 s", "max s"]
    lines = [
        [
            row.name,
            row.says,
            str(row.runs),
            *row.counts(),
            f"{row.miscounted:+d}" if row.miscounted else "0",
            *row.times(),
        ]
        for row in rows.values()
    ]
    last = f"{max(spoke):.1f} s" if spoke else "none"
    return [
        *table(head, lines),
        "",
        f"Bubbles that left after a person's word was answered with 202: {len(spoke)}, the last of them after: {last}.",
    ]


def _break(fault: Fault, customers: int, row: Row) -> list[float]:
    """Break one shop; return how long after a person's word bubbles still left."""
    if not fault.can_be_done:
        raise CannotBeDone("libfaketime")
    with (
        _disk(fault.disk_megabytes) as home,
        ChaosShop(home=home, variables=fault.variables()) as shop,
    ):
        numbers = [new_number() for _ in range(customers)]
        with writing(shop, numbers, fault.crowd, seconds=fault.seconds, seed=SEED):
            fault.breaks(shop)
        verdict = wait_until_settled(shop, SETTLED_SECONDS)
        tell_failures(shop, verdict)
        settled = settled_at(shop.engine)
        last = {one.number: one.at for one in shop.accepted}
        for number in numbers:
            at = settled.get(number)
            seconds = (at - last[number]).total_seconds() if at is not None and number in last else None
            row.add(number, verdict, seconds)
        row.miscounted = miscounted(shop)
        return [
            (sent.at - shop.spoken[sent.number]).total_seconds()
            for sent in shop.ledger.sent()
            if sent.number in shop.spoken and sent.at > shop.spoken[sent.number]
        ]


@contextmanager
def _disk(megabytes: int) -> Iterator[Path | None]:
    """Give a shop a small disk of its own, in memory, where that is asked for and allowed."""
    if not megabytes:
        yield None
        return
    home = Path(tempfile.mkdtemp(prefix="secretaria-chaos-", dir="/tmp"))  # sockets need short paths
    mount = shutil.which("mount") or ""
    try:
        subprocess.run([mount, "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(home)], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise CannotBeDone("a file system in memory") from error
    try:
        yield home
    finally:
        with suppress(subprocess.CalledProcessError):
            subprocess.run([shutil.which("umount") or "", "-l", str(home)], check=True)
        home.rmdir()
