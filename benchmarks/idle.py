"""What ``secretaria up`` costs while nobody writes: memory and processor time of everything it runs, engines included."""

from __future__ import annotations

import time

from benchmarks.figures import Figure, Section, run
from benchmarks.shop import shop
from benchmarks.standins import standins

SETTLING_SECONDS, ROUND_SECONDS, ROUNDS = 6.0, 10.0, 3


def measure(*, short: bool) -> Section:
    """Measure an installation that has just started and rests."""
    rounds, seconds = (1, ROUND_SECONDS / 2) if short else (ROUNDS, ROUND_SECONDS)
    with standins(0.0, 0.0) as outside, shop(outside.url) as ours:
        time.sleep(SETTLING_SECONDS)
        cores, memory = [], []
        for _ in range(rounds):
            before = ours.processor()
            time.sleep(seconds)
            cores.append(ours.processor().since(before).whole / seconds * 100)
            memory.append(ours.memory().whole)
        resident, shared_once = ours.resident(), ours.memory()
    figures = [
        Figure.of("processor time of the whole stack, of one core", cores, unit="%", at_most=2),
        Figure.of("memory of the whole stack, shared pages counted once", memory, unit="MB", at_most=400),
    ]
    note = (
        f"Of the memory {shared_once.ours:.0f} MB are our processes, {shared_once.postgres:.0f} MB PostgreSQL,"
        f" {shared_once.redis:.0f} MB Valkey. With the pages that processes share counted in each of them (RSS) the sum is"
        f" {resident.whole:.0f} MB ({resident.ours:.0f}, {resident.postgres:.0f}, {resident.redis:.0f})."
    )
    return Section("At rest", figures, [note])


if __name__ == "__main__":
    run(measure)
