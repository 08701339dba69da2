"""Each kind of data goes after its time, and not a day before; one worker a day does it."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from secretaria.rights import retention
from secretaria.rights.retention import apply_retention, preview_retention, run_daily
from secretaria.settings import RetentionSection
from tests.answering import BUBBLES, Scene, a_draft
from tests.builders import rows
from tests.scripted_model import ScriptedModel, says

RULES = RetentionSection()


@pytest.fixture
def served(scene: Scene, model: ScriptedModel) -> Scene:
    """A customer was answered, and everything is delivered."""
    scene.customer_writes("quanto custa a limpeza?")
    scene.quiet()
    model.endings.append(says(a_draft(bubbles=BUBBLES)))
    scene.answer()
    with scene.engine.begin() as connection:
        for state in ("sending", "sent"):
            connection.execute(text(f"UPDATE outbox_item SET state = '{state}' WHERE position = 0"))  # noqa: S608  # our words
    return scene


def test_nothing_goes_before_its_time(served: Scene) -> None:
    """A week and half a year are counted to the day."""
    now = served.clock.now()
    assert set(preview_retention(served.engine, RULES, now + timedelta(days=6)).values()) == {0}
    assert preview_retention(served.engine, RULES, now + timedelta(days=8))["raw"] == 1
    assert preview_retention(served.engine, RULES, now + timedelta(days=179))["messages"] == 0


def test_the_preview_changes_nothing_and_tells_what_then_goes(served: Scene) -> None:
    """What is counted is what goes, and a second run finds nothing."""
    later = served.clock.now() + timedelta(days=181)
    with served.engine.begin() as connection:
        connection.execute(text("UPDATE conversation SET last_message_at = :now"), {"now": later})
        connection.execute(text("UPDATE feed_entry SET at = :now"), {"now": served.clock.now()})
    before = rows(served.engine, "message")
    counted = preview_retention(served.engine, RULES, later)
    assert rows(served.engine, "message") == before
    said = {"raw": 1, "messages": 3, "replies": 1, "sends": 1, "recordings": 1, "notes": 0}
    assert counted == {**said, "feed": 5, "audit": 0, "people": 0}
    assert apply_retention(served.engine, RULES, later) == counted
    assert set(preview_retention(served.engine, RULES, later).values()) == {0}
    assert {message["text"] for message in rows(served.engine, "message")} == {""}
    assert rows(served.engine, "inbox_event")[0]["body"] == b""


def test_recordings_go_first_and_cases_with_the_messages(served: Scene) -> None:
    """What serves to answer again lives a month; what somebody kept as a case ends with the conversation."""
    now = served.clock.now()
    assert preview_retention(served.engine, RULES, now + timedelta(days=29))["recordings"] == 0
    assert preview_retention(served.engine, RULES, now + timedelta(days=31))["recordings"] == 1
    with served.engine.begin() as connection:
        connection.execute(text("UPDATE recording SET kept_at = :now"), {"now": now})
    assert preview_retention(served.engine, RULES, now + timedelta(days=31))["recordings"] == 0
    assert apply_retention(served.engine, RULES, now + timedelta(days=181))["recordings"] == 1


def test_recordings_of_the_forgotten_go_at_once(served: Scene) -> None:
    """While a version before was still at work it may have erased a person without knowing of recordings."""
    with served.engine.begin() as connection:
        connection.execute(text("UPDATE contact SET number = '', identity_key = 'erased:1'"))
    assert apply_retention(served.engine, RULES, served.clock.now())["recordings"] == 1


def test_who_does_not_write_any_more_is_forgotten(served: Scene) -> None:
    """Name and number go with the last message; the conversation stays as a number in the counts."""
    done = apply_retention(served.engine, RULES, served.clock.now() + timedelta(days=181))
    assert done["people"] == 1
    (contact,) = rows(served.engine, "contact")
    assert (contact["number"], contact["name"]) == ("", None)
    assert rows(served.engine, "message") == []
    assert len(rows(served.engine, "conversation")) == 1


def test_batches_are_small_and_go_on(served: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small a batch is, the run ends when nothing is left."""
    monkeypatch.setattr(retention, "BATCH", 1)
    later = served.clock.now() + timedelta(days=181)
    with served.engine.begin() as connection:
        connection.execute(text("UPDATE conversation SET last_message_at = :now"), {"now": later})
    assert apply_retention(served.engine, RULES, later)["messages"] == 3


def test_one_worker_a_day_does_it(served: Scene, tmp_path: Path) -> None:
    """The row of the day elects; the next day is another."""
    now, stopping = served.clock.now(), threading.Event()
    ran = [run_daily(served.engine, RULES, tmp_path, at, stopping) for at in (now, now, now + timedelta(days=1))]
    assert ran == [True, False, True]
    assert all(run["ended_at"] is not None for run in rows(served.engine, "chore_run"))
