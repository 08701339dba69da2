"""Lets customers write for minutes as programs and Valkey die at random, and people answer some of them."""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

from benchmarks.chaos_report import new_number, table, tell_failures
from tests.chaos.crowd import QUESTIONS
from tests.chaos.oracle import miscounted, wait_until_settled
from tests.chaos.shop import ChaosShop

SEED = 20_260_811
SETTLED_SECONDS = 280.0
MESSAGES_OF_A_CUSTOMER = 10
CUSTOMERS_AT_ONCE = 16
COMES_TWICE = 0.1
PERSON_ANSWERS = 0.1


def soak(messages: int) -> list[str]:
    """Break one shop at random while customers write.

    Returns:
        What became of it, as lines.
    """
    drawn = random.Random(SEED)  # noqa: S311  # the same campaign every time; nothing secret
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
        speaks_at = own.randrange(MESSAGES_OF_A_CUSTOMER) if own.random() < PERSON_ANSWERS else None
        for position in range(MESSAGES_OF_A_CUSTOMER):
            shop.write(number, own.choice(asks), repeated=1 + (own.random() < COMES_TWICE))
            if position == speaks_at:
                shop.person_writes(number)
            time.sleep(own.uniform(0.1, 2.5))

    with ChaosShop(workers=3) as shop:
        killer = threading.Thread(target=kill, args=(shop,))
        killer.start()
        begun = time.monotonic()
        numbers = [new_number() for _ in range(messages // MESSAGES_OF_A_CUSTOMER)]
        with ThreadPoolExecutor(CUSTOMERS_AT_ONCE) as customers:
            writing = [customers.submit(write, shop, number, seed) for seed, number in enumerate(numbers)]
            for one in writing:
                one.result()
        wrote = time.monotonic() - begun
        over.set()
        killer.join()
        verdict = wait_until_settled(shop, SETTLED_SECONDS)
        tell_failures(shop, verdict)
        distinct = len({one.message_id for one in shop.accepted})
        found = {
            "lost": len(verdict.lost),
            "doubled": len(verdict.doubled),
            "out of order": len(verdict.disordered),
            "with a person, messages": len(verdict.held),
            "talked over": len(verdict.talked_over),
            "still open": len(verdict.open),
            "bubbles sent": len(shop.ledger.sent()),
            "counters − ledger": miscounted(shop),
            "undrawn changes": len(verdict.undrawn),
        }
        died = ", ".join(f"{name} {times}" for name, times in sorted(kills.items()))
        return [
            f"{distinct} messages of {len(numbers)} customers in {wrote:.0f} s, one in ten posted twice; a person answered",
            f"{len(shop.spoken)} of the customers in the middle of it; killed with -9: {died}.",
            "",
            *table(list(found), [[str(one) for one in found.values()]]),
        ]
