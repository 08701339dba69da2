"""What a million messages cost against a thousand: a turn, the panel, the sweep, a scrape and the daily retention.

Two databases of one PostgreSQL: a thousand messages of 100 contacts, and a million of 100,000, one conversation of 50,000 among them,
spread over 170 days. Turns of both are made one after the other, from the door to the last bubble, with a model and a
Whaticket that answer at once; what is compared is the time of their statements as the program waits for them.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, make_url, text

from benchmarks.figures import Figure, Section, run
from secretaria.database.engine import build_engine
from secretaria.database.migrate import downgrade, upgrade
from secretaria.database.spent import counting_statements, tell_spent
from secretaria.local.engines import EmbeddedEngines
from secretaria.rights.retention import apply_retention
from secretaria.settings import RetentionSection
from tests.busy_years import Shop
from tests.grown import grow

WARM, ROUNDS, LOOKS = 4, 25, 40
SWEEP_SECONDS, SCRAPE_SECONDS, DAY_SECONDS = 1.0, 15.0, 86_400.0
BEFORE = "0016_second_step"
PANEL = (
    "list",
    "next page",
    "search for a number",
    "search for a word",
    "search for nothing",
    "the long conversation",
    "tail",
)
PANEL_MILLISECONDS = 100.0


@dataclass(frozen=True, slots=True)
class Size:
    """How much is in a database."""

    messages: int
    people: int
    longest: int


SMALL, LARGE = Size(1_000, 100, 40), Size(1_000_000, 100_000, 50_000)
SHORT = Size(50_000, 5_000, 5_000)


def measure(*, short: bool) -> Section:
    """Fill both databases and measure them side by side."""
    size = SHORT if short else LARGE
    with tempfile.TemporaryDirectory(prefix="secretaria-growth-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        with EmbeddedEngines(Path(folder)) as running:
            url = running.urls.database_url
            with _database(url, "small", SMALL) as (few, _), _database(url, "large", size) as (many, seconds):
                for engine in (few, many):
                    tell_spent(engine)
                small, large = Shop(few), Shop(many)
                indexes = Figure.of("migration that adds the indexes, over all of it", [seconds], unit="s")
                figures = [*_turns(small, large), *_panel(large), *_all_day(large, size), indexes]
    return Section(f"Growth: {size.messages:,} messages", figures, [str(__doc__).partition("\n\n")[2].strip()])


@contextmanager
def _database(url: str, name: str, size: Size) -> Iterator[tuple[Engine, float]]:
    """Make a database of some size beside the one there is; yield it, and the seconds that its indexes took."""
    server = build_engine(url)
    with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    server.dispose()
    engine = build_engine(make_url(url).set(database=name).render_as_string(hide_password=False))
    upgrade(engine)
    downgrade(engine, BEFORE)  # rows go in quicker so, and the migration meets them as it will in a shop
    grow(engine, messages=size.messages, people=size.people, longest=size.longest)
    begun = time.perf_counter()
    upgrade(engine)
    yield engine, time.perf_counter() - begun
    engine.dispose()


def _turns(small: Shop, large: Shop) -> list[Figure]:
    """Compare turns of other people each time, and turns of the long conversation."""
    people = itertools.count(2)
    for _ in range(WARM):
        for shop in (small, large):
            shop.turn(next(people))
            shop.long_turn()
    ordinary, long, whole = [], [], []
    for _ in range(ROUNDS):
        person = next(people)
        base = _spent(lambda: small.turn(person))  # noqa: B023  # made at once
        grown = _spent(lambda: large.turn(person))  # noqa: B023  # made at once
        ordinary.append(grown / base)
        whole.append(grown * 1000)
    for _ in range(ROUNDS):
        base, grown = _spent(small.long_turn), _spent(large.long_turn)
        long.append(grown / base)
    return [
        Figure.of("statements of one turn, against a thousand messages", ordinary, at_most=1.2),
        Figure.of("the same in the conversation of 50,000 messages", long, at_most=1.2),
        Figure.of("statements of one turn", whole, unit="ms"),
    ]


def _panel(shop: Shop) -> list[Figure]:
    """Tell how long people wait who look at it."""
    parts = shop.parts()
    return [_p95(part, parts[part]) for part in PANEL]


def _p95(part: str, look: Callable[[], object]) -> Figure:
    look()
    took = []
    for _ in range(LOOKS):
        begun = time.perf_counter()
        look()
        took.append((time.perf_counter() - begun) * 1000)
    late = statistics.quantiles(took, n=20)[-1]
    return Figure(f"panel: {part}, 95th percentile", late, min(took), max(took), "ms", "at most", PANEL_MILLISECONDS)


def _all_day(shop: Shop, size: Size) -> list[Figure]:
    """Add up what runs without anybody asking, as a share of one core: its statements, as if PostgreSQL worked all that time."""
    parts = shop.parts()
    sweep = statistics.median(_spent(parts["sweep"]) for _ in range(LOOKS))
    scrape = statistics.median(_spent(parts["scrape"]) for _ in range(LOOKS))
    later = datetime.now(UTC) + timedelta(days=11)  # a day of messages is past its time then
    gone: dict[str, int] = {}
    retention = _spent(lambda: gone.update(apply_retention(shop.engine, RetentionSection(), later)))
    share = sweep / SWEEP_SECONDS + scrape / SCRAPE_SECONDS + retention / DAY_SECONDS
    removed = f"{gone['messages']:,} of {size.messages:,} messages emptied"
    return [
        Figure.of("sweep, scrapes and retention, share of one core", [share * 100], unit="%", at_most=2),
        Figure.of("one sweep, each second", [sweep * 1000], unit="ms"),
        Figure.of("one scrape, each 15 seconds", [scrape * 1000], unit="ms"),
        Figure.of(f"one daily retention, {removed}", [retention * 1000], unit="ms"),
    ]


def _spent(do: Callable[[], object]) -> float:
    """Return the seconds that statements took."""
    with counting_statements() as spent:
        do()
    return spent.seconds


if __name__ == "__main__":
    run(measure)
