"""From the webhook to Whaticket: the worker that ``up`` starts by itself against three workers of RQ, and what a message costs.

The model takes a second and Whaticket 50 ms, as stand-ins that cost next to nothing; every message is of another customer,
and every turn is due at once. Throughput is measured in turns with the reference, in one run.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks.figures import Figure, Section, run
from benchmarks.pipeline_reference import Reference, reference
from benchmarks.shop import Shop, shop
from benchmarks.standins import StandIns, standins
from secretaria.local.engines import EmbeddedEngines

MODEL_SECONDS, SEND_SECONDS = 1.0, 0.05
ROUNDS = 3
REFERENCE_MESSAGES, OUR_MESSAGES = 9, 300
IN_FLIGHT, LONG_THOUGHT = 500, 20.0
SPACED_MESSAGES, SPACED_SECONDS = 50, 0.2
LONGEST_WAIT = 90.0

NUMBERS = itertools.count(1_000)


def measure(*, short: bool) -> Section:
    """Measure the ratio to the reference; at length also costs, waiting, and our own time."""
    with ExitStack() as stack:
        outside = stack.enter_context(standins(MODEL_SECONDS, SEND_SECONDS))
        ours = stack.enter_context(shop(outside.url))
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="secretaria-bench-", dir="/tmp")))
        home.chmod(0o755)
        urls = stack.enter_context(EmbeddedEngines(home)).urls
        _answer_all(ours, outside, 20)  # what only the first messages cost
        with reference(urls, outside.url) as theirs:
            figures = _beside(theirs, ours, outside, rounds=1 if short else ROUNDS)
        if not short:
            with reference(urls, outside.url, imported=True) as quicker:
                told = "three RQ workers that import the job before they fork: messages a second"
                figures.append(Figure.of(told, [_reference_rate(quicker, outside)], unit="/s"))
            figures += [*_own_time(ours, outside), *_waiting(ours, outside)]
    return Section("Pipeline: from the webhook to Whaticket", figures, [str(__doc__).partition("\n\n")[2].strip()])


def _beside(theirs: Reference, ours: Shop, outside: StandIns, *, rounds: int) -> list[Figure]:
    """Take turns with the reference."""
    messages = OUR_MESSAGES // (2 if rounds == 1 else 1)
    turns = []
    for _ in range(rounds):
        reference_rate = _reference_rate(theirs, outside)
        costs = ours.processor()
        rate = _answer_all(ours, outside, messages)
        spent = ours.processor().since(costs)
        turns.append((rate / reference_rate, rate, spent.ours / messages, spent.whole / messages, reference_rate))
    ratios, rates, own, whole, theirs_alone = map(list, zip(*turns, strict=True))
    return [
        Figure.of("messages a second, against three RQ workers", ratios, at_least=75, key="pipeline_throughput"),
        Figure.of("messages a second", rates, unit="/s"),
        Figure.of("three RQ workers: messages a second", theirs_alone, unit="/s"),
        Figure.of("processor time a message, our processes", _milliseconds(own), unit="ms", at_most=8),
        Figure.of("the same with PostgreSQL and Redis", _milliseconds(whole), unit="ms"),
    ]


def _reference_rate(theirs: Reference, outside: StandIns) -> float:
    names = [f"55208{next(NUMBERS):08}" for _ in range(REFERENCE_MESSAGES)]
    return _rate(outside, names, lambda: theirs.take(names))


def _answer_all(ours: Shop, outside: StandIns, messages: int) -> float:
    """Let so many new customers write, and return how many were answered a second."""
    numbers = list(itertools.islice(NUMBERS, messages))
    return _rate(outside, [f"55209{number:08}" for number in numbers], lambda: ours.post(numbers))


def _rate(outside: StandIns, names: list[str], begin: Callable[[], object]) -> float:
    begun = time.time()
    begin()
    sent = _wait_for(outside, names)
    return len(names) / (max(sent[name] for name in names) - begun)


def _wait_for(outside: StandIns, names: list[str]) -> dict[str, float]:
    deadline = time.monotonic() + LONGEST_WAIT
    for _ in _ticks(0.2):
        sent = outside.sent()
        if all(name in sent for name in names):
            return sent
        if time.monotonic() > deadline:
            raise SystemExit(f"{sum(name not in sent for name in names)} of {len(names)} were not answered")
    raise AssertionError


def _own_time(ours: Shop, outside: StandIns) -> Iterator[Figure]:
    """Spaced messages: what is left of the way when the model and Whaticket are taken off."""
    written: dict[str, float] = {}
    for number in itertools.islice(NUMBERS, SPACED_MESSAGES):
        written |= ours.post([number])
        time.sleep(SPACED_SECONDS)
    sent = _wait_for(outside, list(written))
    own = [(sent[name] - at - MODEL_SECONDS - SEND_SECONDS) * 1000 for name, at in written.items()]
    hundredths = statistics.quantiles(own, n=100)
    yield Figure.of("own time at 5 messages a second, p50", [hundredths[49]], unit="ms", at_most=40)
    yield Figure.of("own time at 5 messages a second, p95", [hundredths[94]], unit="ms", at_most=120)


def _waiting(ours: Shop, outside: StandIns) -> Iterator[Figure]:
    """The same messages with a model that does not think at all, and with one that keeps all of them waiting together."""
    outside.think(0.0)
    worker = ours.worker()
    before = ours.processor()
    _answer_all(ours, outside, IN_FLIGHT)
    at_once = ours.processor().since(before)
    idle = worker.memory_full_info().uss
    outside.think(LONG_THOUGHT)
    before, numbers = ours.processor(), list(itertools.islice(NUMBERS, IN_FLIGHT))
    ours.post(numbers)
    most, used = 0, float(idle)
    for _ in _ticks(0.3):
        waiting = outside.thinking()
        if waiting < most:
            break
        most, used = waiting, worker.memory_full_info().uss
    _wait_for(outside, [f"55209{number:08}" for number in numbers])
    waited = ours.processor().since(before)
    each = (used - idle) / most / 2**20
    yield Figure.of(f"memory of a turn that waits for the model, {most} together", [each], unit="MB", at_most=0.5)
    ratio = waited.ours / at_once.ours
    yield Figure.of(f"processor time, {most} waiting together, against a model of 0 s", [ratio], at_most=1.15)


def _ticks(seconds: float) -> Iterator[None]:
    while True:
        yield
        time.sleep(seconds)


def _milliseconds(seconds: list[float]) -> list[float]:
    return [one * 1000 for one in seconds]


if __name__ == "__main__":
    run(measure)
