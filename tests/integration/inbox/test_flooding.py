"""A contact who floods is heard to the last word, answered in few turns, and the operator is told once an hour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from loguru import logger
from sqlalchemy import Engine

from secretaria import metrics
from secretaria.clock import HeldClock
from secretaria.inbox.filing import FilingRoom
from secretaria.inbox.receive import Door
from secretaria.settings.sections import InboxSection
from secretaria.whaticket.numbers import person_mark
from tests.builders import NUMBER, a_text, receive_and_file, rows

MOST = 10
OTHER = "5520900000202"
WITHOUT_NINTH = "552000000101"


@pytest.fixture
def watched(room: FilingRoom) -> FilingRoom:
    """Build a filing room that calls eleven messages in an hour too many."""
    return replace(room, flood_messages=MOST)


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """Catch what is logged, as every sink gets it."""
    caught: list[dict[str, Any]] = []
    sink = logger.add(lambda line: caught.append({"event": line.record["message"], **line.record["extra"]}))
    yield caught
    logger.remove(sink)


def write(door: Door, room: FilingRoom, count: int, *, number: str = NUMBER, since: int = 0) -> None:
    """Let a contact write so many messages, one a second."""
    for n in range(since, since + count):
        receive_and_file(door, room, a_text(f"oi {n}", message_id=f"F{number}{n}", number=number))
        room.clock.advance(1.0)  # type: ignore[attr-defined]  # the held clock of a test


def floods(engine: Engine) -> list[dict[str, Any]]:
    """Return what the audit says of it."""
    return [entry for entry in rows(engine, "audit_entry") if entry["action"] == "contact.flooded"]


def test_nothing_is_refused_and_the_operator_is_told_once(
    door: Door, watched: FilingRoom, engine: Engine, lines: list[dict[str, Any]]
) -> None:
    """Twenty messages are twenty rows, and one line of news that names nobody."""
    before = metrics.FLOODS._value.get()  # noqa: SLF001  # prometheus_client has no other way
    write(door, watched, 2 * MOST)
    assert len(rows(engine, "message")) == 2 * MOST
    assert metrics.FLOODS._value.get() == before + 1  # noqa: SLF001
    told = [line for line in lines if line["event"] == "contact_floods"]
    assert [line["contact"] for line in told] == [person_mark(NUMBER)]
    assert [(entry["actor"], entry["target"]) for entry in floods(engine)] == [("secretaria", person_mark(NUMBER))]
    assert NUMBER not in str(floods(engine)) + str(lines)


def test_an_hour_later_it_is_news_again(door: Door, watched: FilingRoom, engine: Engine, clock: HeldClock) -> None:
    """Who goes on is told of again, who stopped is not."""
    write(door, watched, MOST + 1)
    clock.advance(2 * 3600.0)
    write(door, watched, MOST, since=100)
    assert len(floods(engine)) == 1
    write(door, watched, 1, since=200)
    assert len(floods(engine)) == 2


def test_many_who_write_little_are_no_flood(door: Door, watched: FilingRoom, engine: Engine) -> None:
    """Each contact is counted alone; zero turns the counting off."""
    write(door, watched, MOST)
    write(door, watched, MOST, number=OTHER)
    write(door, replace(watched, flood_messages=0), MOST, since=50)
    assert floods(engine) == []
    assert InboxSection().flood_messages_per_hour > 0


def test_a_flood_is_answered_in_few_turns(door: Door, watched: FilingRoom, engine: Engine) -> None:
    """What comes while an answer is waited for joins it, so that the model is not asked for each message."""
    write(door, watched, 2 * MOST)
    assert len(rows(engine, "turn")) == 1


def test_one_person_has_one_mark_in_every_line(door: Door, watched: FilingRoom, lines: list[dict[str, Any]]) -> None:
    """With and without the ninth digit it is the same, and it is not the number."""
    write(door, watched, 1)
    write(door, watched, 1, number=WITHOUT_NINTH)
    marks = {line["contact"] for line in lines if line["event"] == "event_filed"}
    assert marks == {person_mark(NUMBER)}
