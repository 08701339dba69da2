"""What is done all day reads no growing table from end to end, however many messages there are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from secretaria.database.engine import build_engine
from secretaria.local.engines import EngineUrls
from tests.busy_years import LONG, Shop
from tests.emptied import empty
from tests.grown import TABLES, grow
from tests.plans import Made, read_whole, rows_looked_at, statements_of

MESSAGES, PEOPLE, LONGEST = 60_000, 12_000, 8_000
MOST_ROWS = 200  # that a statement of a turn looks at
MOST_STATEMENTS = 20  # without those of the budget
PARTS = (
    "sweep", "scrape", "list", "next page", "search for a number", "search for a word", "search for nothing",
    "the long conversation", "tail",
)  # fmt: skip


@pytest.fixture(scope="module")
def grown(engines: EngineUrls) -> Iterator[Engine]:
    """Fill the database with so much that PostgreSQL prefers an index where there is one."""
    engine = build_engine(engines.database_url)
    empty(engine)
    grow(engine, messages=MESSAGES, people=PEOPLE, longest=LONGEST)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def shop(grown: Engine) -> Shop:
    """Work over it."""
    return Shop(grown)


@pytest.mark.parametrize("person", [LONG, 777], ids=["of a long conversation", "of an ordinary one"])
def test_a_turn_reads_no_table_whole(shop: Shop, person: int) -> None:
    """From the door to the last bubble."""
    with statements_of(shop.engine) as made:
        shop.turn(person)
    assert len(made) > 15
    assert read_whole(shop.engine, made, TABLES) == {}


def test_a_long_conversation_is_not_read_through(shop: Shop) -> None:
    """Neither its messages nor its items: planned for any values, a statement would rather sort thousands than go back a few."""
    with statements_of(shop.engine) as made:
        shop.turn(LONG)
    looked_at = rows_looked_at(shop.engine, made)
    assert len(looked_at) > 8
    told = {sql: rows for sql, rows in looked_at.items() if " FROM reply" not in sql}  # all of an episode are counted
    assert {sql: rows for sql, rows in told.items() if rows > MOST_ROWS} == {}


def test_a_first_message_asks_little(shop: Shop) -> None:
    """From a stranger's words to the sent reply; what there cannot be of a stranger is not asked for."""
    with statements_of(shop.engine) as made:
        shop.turn(PEOPLE + 1)
    assert len(made) <= MOST_STATEMENTS


@pytest.mark.parametrize("part", PARTS)
def test_nothing_of_the_day_reads_a_table_whole(shop: Shop, part: str) -> None:
    """The sweep of every second, a scrape, and what people look at and search for."""
    with statements_of(shop.engine) as made:
        shop.parts()[part]()
    assert made
    assert read_whole(shop.engine, made, TABLES) == {}


def test_what_has_no_index_is_found(grown: Engine) -> None:
    """The check is not one that finds nothing."""
    made = Made("SELECT count(*) FROM message WHERE kind = %(kind)s", {"kind": "audio"})
    assert set(read_whole(grown, [made], TABLES)) == {"message"}


def test_every_part_is_looked_at(shop: Shop) -> None:
    """Nothing is left out by its name."""
    assert set(PARTS) == set(shop.parts())
