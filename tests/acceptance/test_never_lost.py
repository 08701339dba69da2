"""Never lost, never twice, in order: one campaign kills at every point and breaks the engines; then each promise is asked."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count

import pytest

from tests.builders import SECRET, TOKEN
from tests.chaos.configuration import WHATICKET_TOKEN
from tests.chaos.crowd import QUESTIONS
from tests.chaos.oracle import Verdict, doubted, judge, miscounted, settled_at, wait_until_settled
from tests.chaos.points import CLEAR, IN_DOUBT, Run, break_at
from tests.chaos.shop import ChaosShop, quick_restarts

SEED = 20_260_811
CUSTOMERS = 30
ATTENDED = 6
WORKERS_KILLED_UNDER_LOAD = 2
SETTLED_SECONDS = 200.0
UNREADABLE = {"K12", "K14", "K16", "K17"}


@dataclass(frozen=True, slots=True)
class Campaign:
    """What was done to one shop and what became of it.

    Attributes:
        seconds: From each kill until the customer's reply stood as sent.
        doubted: Where a send came into doubt, which the death for the next customer may do to a clear one too.
        miscounted: Bubbles that the counters know of and that never left, or the other way round.
        remembered: Everything that Valkey holds at the end.
    """

    runs: list[Run]
    seconds: dict[str, float]
    doubted: set[str]
    verdict: Verdict
    blind: Verdict
    blind_runs: int
    miscounted: int
    remembered: bytes
    texts: list[str]


@pytest.fixture(scope="module")
def campaign() -> Iterator[Campaign]:
    """Break one shop at every point and under load, and another, which cannot be read back, while it sends."""
    numbers = (f"55209{number:08}" for number in count(3_000_001))
    with quick_restarts(), ChaosShop() as shop, ChaosShop("ticketz", workers=1) as blind:
        break_under_load(shop, [next(numbers) for _ in range(CUSTOMERS)])
        runs = [break_at(shop, point, next(numbers)) for point in IN_DOUBT]
        blind_runs = [break_at(blind, point, next(numbers)) for point in IN_DOUBT if point.name in UNREADABLE]
        runs += [break_at(shop, point, next(numbers)) for point in CLEAR]
        verdict = wait_until_settled(shop, SETTLED_SECONDS)
        settled = settled_at(shop.engine)
        seconds = {
            run.point.name: (settled[run.number] - run.killed_at).total_seconds()
            for run in runs
            if run.number in settled
        }
        in_doubt = doubted(shop.engine)
        unclear = {run.point.name for run in runs if run.number in in_doubt}
        texts = [sent.body for sent in shop.ledger.sent()]
        ended = (miscounted(shop), everything_in(shop), texts)
        yield Campaign(runs, seconds, unclear, verdict, judge(blind), len(blind_runs), *ended)


def break_under_load(shop: ChaosShop, numbers: list[str]) -> None:
    """Let many customers write at once while Valkey forgets, hangs and dies, PostgreSQL and both workers die, Whaticket is away."""
    draw = random.Random(SEED)  # noqa: S311  # the same campaign every time; nothing secret
    asked = {number: draw.sample(QUESTIONS, 2) for number in numbers}
    with ThreadPoolExecutor(10) as customers:
        writing = [customers.submit(write, shop, number, asked[number]) for number in numbers]
        writing += [customers.submit(shop.person_writes, number) for number in numbers[:ATTENDED]]
        for breaking in (
            shop.flush_valkey,
            partial(shop.signal, "worker-0"),
            partial(shop.valkey.turn, "stall"),
            partial(shop.whaticket.turn, "refuse"),
            partial(shop.valkey.turn, "fair"),
            shop.kill_valkey,
            partial(shop.whaticket.turn, "fair"),
            partial(shop.signal, "worker-1"),
            shop.kill_postgres,
            shop.flush_valkey,
        ):
            time.sleep(draw.uniform(0.2, 0.6))
            breaking()
        for one in writing:
            one.result()
    shop.wait_until_ready()


def write(shop: ChaosShop, number: str, texts: list[str]) -> None:
    """Let a customer write; what was written first arrives last, and Whaticket repeats itself."""
    now = datetime.now(UTC)
    for seconds, text in enumerate(texts):
        shop.write(number, text, at=now - timedelta(seconds=seconds), repeated=2)


def everything_in(shop: ChaosShop) -> bytes:
    """Return every key and value of Valkey."""
    with shop.redis() as client:
        held = []
        for key in client.scan_iter():
            kind = client.type(key)
            read = {b"hash": client.hgetall, b"zset": lambda one: client.zrange(one, 0, -1), b"set": client.smembers}
            value = client.lrange(key, 0, -1) if kind == b"list" else read.get(kind, client.get)(key)
            held.append(key + repr(value).encode())
        return b"\n".join(held)


def test_every_point_was_reached(campaign: Campaign) -> None:
    """A process died at each of the points, and each of those customers got an answer."""
    assert [run.point.name for run in campaign.runs] == [point.name for point in (*IN_DOUBT, *CLEAR)]
    assert campaign.seconds.keys() == {run.point.name for run in campaign.runs}


def test_nothing_is_lost(campaign: Campaign) -> None:
    """Every message that was answered with 202 has a reply that left, or a reason why not; none is still on its way."""
    assert campaign.verdict.lost == []
    assert campaign.verdict.open == []


def test_nothing_is_said_twice(campaign: Campaign) -> None:
    """No bubble left more often than it was decided, whoever died between sending and knowing."""
    assert campaign.verdict.doubled == []


def test_replies_leave_in_order(campaign: Campaign) -> None:
    """Each customer reads the bubbles in the order in which they were decided."""
    assert campaign.verdict.disordered == []


def test_a_person_is_never_talked_over(campaign: Campaign) -> None:
    """No bubble was begun after a person had spoken, whoever died meanwhile."""
    assert campaign.verdict.talked_over == []


def test_counters_claim_nothing_that_did_not_leave(campaign: Campaign) -> None:
    """What ``/metrics`` counted as sent, or found to be, left; a kill between a commit and its counter may hide one."""
    deaths = len(campaign.runs) + WORKERS_KILLED_UNDER_LOAD
    assert -deaths <= campaign.miscounted <= 0


def test_valkey_holds_nothing_of_a_customer(campaign: Campaign) -> None:
    """After all of it there are ids in Valkey, and no number, no text and no token."""
    assert campaign.remembered
    assert [text for text in campaign.texts if text.encode() in campaign.remembered] == []
    for private in (b"55209", TOKEN.encode(), SECRET.encode(), WHATICKET_TOKEN.encode(), *map(str.encode, QUESTIONS)):
        assert private not in campaign.remembered


def test_only_drawn_changes_happen(campaign: Campaign) -> None:
    """No send changed its state in a way that the protocol does not draw, and none stands still."""
    assert campaign.verdict.undrawn == []
    assert campaign.verdict.resting == 0


def test_a_dead_process_costs_seconds(campaign: Campaign) -> None:
    """Where nothing can have left, the customer is answered within a minute although other processes die meanwhile."""
    clear = {point.name for point in CLEAR} - campaign.doubted
    assert {name: seconds for name, seconds in campaign.seconds.items() if name in clear and seconds > 60} == {}


def test_a_send_in_doubt_is_settled(campaign: Campaign) -> None:
    """Where it may have left, Whaticket is asked, and it is known, or sent again, within 200 seconds."""
    unclear = {point.name for point in IN_DOUBT} | campaign.doubted
    assert {name: seconds for name, seconds in campaign.seconds.items() if name in unclear and seconds > 200} == {}


def test_what_cannot_be_read_back_is_counted_and_not_repeated(campaign: Campaign) -> None:
    """Where Whaticket cannot be asked, a send in doubt stays in doubt: nobody reads it twice, and none is forgotten."""
    assert campaign.blind.doubled == []
    assert campaign.blind.lost == []
    assert len(set(campaign.blind.unknown)) == campaign.blind_runs
