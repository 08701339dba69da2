"""What was done stays on record as it was done, with who did it; what was not done leaves nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from secretaria.audit.trail import Actor, note, note_alone, read_trail
from secretaria.clock import HeldClock
from secretaria.database.transaction import transaction
from secretaria.queue.pauses import pause_queue, resume_queue
from secretaria.releases.noted import last_release, note_scaled
from tests.builders import rows

RENATA = Actor("renata", "cli", "balcao")


def test_a_change_and_its_entry_are_kept_together(engine: Engine, clock: HeldClock) -> None:
    """A pause that was one is noted once, with before and after; a second pause changes and notes nothing."""
    for _ in range(2):
        pause_queue(engine, "outbox", by="renata@balcao", now=clock.now(), actor=RENATA)
    resume_queue(engine, "outbox", now=clock.now(), actor=RENATA)
    told = [(e["actor"], e["place"], e["action"], e["before"], e["after"]) for e in rows(engine, "audit_entry")]
    assert told == [
        ("renata", "balcao", "queue.paused", {"paused": False}, {"paused": True}),
        ("renata", "balcao", "queue.resumed", {"paused": True}, {"paused": False}),
    ]


def test_what_was_rolled_back_is_not_noted(engine: Engine, clock: HeldClock) -> None:
    """An entry belongs to the transaction of its change."""

    def fail() -> None:
        with transaction(engine) as session:
            note(session, RENATA, "queue.dropped", "o:1", at=clock.now())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert rows(engine, "audit_entry") == []


@pytest.mark.parametrize(
    "change",
    ["UPDATE audit_entry SET actor = 'outra'", "DELETE FROM audit_entry", "UPDATE audit_entry SET at = '2000-01-01'"],
)
def test_the_database_refuses_to_change_the_past(engine: Engine, clock: HeldClock, change: str) -> None:
    """Neither a row's content nor its presence can be changed, whoever asks."""
    clock.now()
    with transaction(engine) as session:
        note(session, RENATA, "queue.dropped", "o:1", at=session.execute(text("SELECT now()")).scalar_one())
    with pytest.raises(IntegrityError, match="only added to"), engine.begin() as connection:
        connection.execute(text(change))
    assert len(rows(engine, "audit_entry")) == 1


def test_after_half_a_year_an_entry_may_go(engine: Engine) -> None:
    """Retention removes what is older than the half year that the database insists on."""
    with transaction(engine) as session:
        now = session.execute(text("SELECT now()")).scalar_one()
        note(session, RENATA, "queue.dropped", "o:1", at=now - timedelta(days=181))
        note(session, RENATA, "queue.dropped", "o:2", at=now - timedelta(days=179))
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_entry WHERE target = 'o:1'"))
    assert [entry["target"] for entry in rows(engine, "audit_entry")] == ["o:2"]


def test_no_personal_datum_is_noted(engine: Engine, clock: HeldClock) -> None:
    """Targets and values are masked, sensitive names left out."""
    after = {"text": "tudo bem", "token": "abc", "state": "dead", "said": "ligue 5520900000101"}
    note_alone(engine, RENATA, "x.changed", "contato 5520900000101", at=clock.now(), after=after)
    (entry,) = rows(engine, "audit_entry")
    assert entry["target"] == "contato [telefone *0101]"
    assert entry["after"] == {
        "text": "[omitido]", "token": "[omitido]", "state": "dead", "said": "ligue [telefone *0101]",
    }  # fmt: skip


def test_the_trail_is_read_newest_first_and_filtered(engine: Engine, clock: HeldClock) -> None:
    """Time, account and action narrow what is read."""
    caio = Actor("caio", "panel", "10.0.0.7")
    for number, (actor, action) in enumerate(
        ((RENATA, "queue.dropped"), (caio, "queue.paused"), (caio, "secrets.set"))
    ):
        note_alone(engine, actor, action, f"o:{number}", at=clock.now() - timedelta(hours=3 - number))
    assert [entry.target for entry in read_trail(engine)] == ["o:2", "o:1", "o:0"]
    assert [entry.target for entry in read_trail(engine, actor="caio", action="queue")] == ["o:1"]
    assert [entry.target for entry in read_trail(engine, since=clock.now() - timedelta(minutes=90))] == ["o:2"]
    assert [entry.target for entry in read_trail(engine, limit=1)] == ["o:2"]


def test_how_many_containers_run_is_noted_by_who_typed_it(engine: Engine, clock: HeldClock) -> None:
    """Not by the container that writes it down; and it is no release."""
    note_scaled(engine, "renata@balcao", "worker", (1, 6), clock.now())
    (entry,) = read_trail(engine)
    assert (entry.actor, entry.place, entry.action, entry.target) == ("renata", "balcao", "service.scaled", "worker")
    assert (entry.before, entry.after, last_release(engine)) == ({"containers": 1}, {"containers": 6}, None)
