"""What is held about a person is handed out whole, erased whole, and does not come back; of others nothing is touched."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import Engine, text
from sqlmodel import SQLModel

from secretaria.audit.trail import Actor
from secretaria.conversations.models import Contact
from secretaria.database.transaction import transaction
from secretaria.inbox.receive import receive_webhook
from secretaria.replies.volatile import VolatileContext
from secretaria.rights.erasure import PersonNotFound, erase_person, reapply_erasures
from secretaria.rights.export import Dossier, export_person
from secretaria.rights.holdings import ABOUT_NOBODY, EVENTS, links, tables
from tests.answering import BUBBLES, Scene, a_draft
from tests.builders import NUMBER, a_door, a_filing_room, a_text, file_received, rows, with_token
from tests.scripted_model import ScriptedModel, says

OTHER = "5520900000999"
RENATA = Actor("renata", "cli", "balcao")
WORDS = ("quanto custa", "Zilda", NUMBER, "moro na rua das palmeiras")


@pytest.fixture
def known(scene: Scene, model: ScriptedModel) -> Scene:
    """Two customers wrote; one was answered and has an appointment, and an event of hers is parked."""
    scene.customer_writes("quanto custa a limpeza?", "moro na rua das palmeiras")
    scene.quiet()
    model.endings.append(says(a_draft(bubbles=BUBBLES)))
    scene.answer()
    scene.customer_writes("oi, tem vaga?", number=OTHER)
    with scene.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO booking (id, code, contact_id, person, kind, unit, starts_at, ends_at, lane, state, source,"
                " arranged_at, created_at) VALUES (1, 'K7F3', 1, 'Zilda', 'limpeza', 'centro', now(),"
                " now() + interval '1 hour', 1, 'booked', 'secretary', now(), now())"
            )
        )
        connection.execute(
            text(
                "INSERT INTO inbox_event (id, channel, dedupe_key, item, state, body, failures, received_at) VALUES"
                " ('01991f3e-7a10-7c4e-9a55-3f2f5f0d6a01', 'principal', 'parked-1', 0, 'parked', :body, 5, now())"
            ),
            {"body": json.dumps(a_text("moro na rua das palmeiras")).encode()},
        )
    return scene


def everything(engine: Engine) -> str:
    """Return all rows of all tables as one text, raw bodies decoded."""
    held = {name: rows(engine, name) for name in SQLModel.metadata.tables}
    return json.dumps(
        held, default=lambda v: bytes(v).decode() if isinstance(v, bytes | memoryview) else str(v), ensure_ascii=False
    )


def erase(scene: Scene, home: Path, number: str = NUMBER) -> dict[str, int]:
    """Erase a person as the command does."""
    return erase_person(
        scene.engine, number, home=home, actor=RENATA, now=scene.clock.now(), volatile=scene.room.volatile
    )


def test_every_table_is_of_a_person_or_of_nobody() -> None:
    """A new table leads to a contact by its keys, or is named here as one that knows nobody."""
    unknown = set(tables()) - set(links()) - ABOUT_NOBODY - {EVENTS}
    assert unknown == set()
    assert not ABOUT_NOBODY & set(links())


def test_the_export_holds_everything(known: Scene) -> None:
    """Contact, conversation, messages, analysis, bookings, sends, raw events and audit stand in JSON and page."""
    first: Dossier = export_person(known.engine, "(20) 90000-0101", actor=RENATA, now=known.clock.now())
    second = export_person(known.engine, NUMBER, actor=RENATA, now=known.clock.now())
    held: dict[str, Any] = json.loads(second.as_json())["held"]
    filled = {name for name, found in held.items() if found}
    assert {"contact", "conversation", "turn", "message", "reply", "recording", "outbox_item", "booking"} <= filled
    assert {EVENTS, "audit"} <= filled
    assert len(held[EVENTS]) == 3
    assert held["audit"][0]["action"] == "person.exported"
    for told in (second.as_json(), second.as_html()):
        assert all(word in told for word in WORDS)
        assert OTHER not in told
    assert first.rows["audit"] == []


def test_the_page_shows_what_was_written_as_text(scene: Scene) -> None:
    """Markup of a customer is shown, not run."""
    scene.customer_writes("<script>alert(1)</script>")
    page = export_person(scene.engine, NUMBER, actor=RENATA, now=scene.clock.now()).as_html()
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_erasing_leaves_numbers_without_a_name(known: Scene, tmp_path: Path) -> None:
    """No word, name or number of the person is in any table; the other is untouched; the agenda keeps its hour."""
    before = [row for row in rows(known.engine, "message") if row["conversation_id"] == 2]
    tally = erase(known, tmp_path)
    held = everything(known.engine)
    assert [word for word in WORDS if word in held] == []
    assert (tally["message"], tally["reply"], tally["outbox_item"], tally[EVENTS]) == (4, 1, 2, 3)
    assert tally["recording"] == 1
    assert [row for row in rows(known.engine, "message") if row["conversation_id"] == 2] == before
    assert rows(known.engine, "booking")[0]["state"] == "booked"
    assert rows(known.engine, "erased_contact")[0]["tally"] == tally
    assert rows(known.engine, "audit_entry")[-1]["action"] == "person.erased"
    with pytest.raises(PersonNotFound):
        erase(known, tmp_path)


def test_the_copy_in_redis_goes_too(scene: Scene, valkey: redis.Redis, tmp_path: Path) -> None:
    """What Redis holds of the running conversation is gone with it; the copy of another customer's stays."""
    scene.room = replace(scene.room, volatile=VolatileContext(valkey))
    for turn, number in enumerate((NUMBER, OTHER, NUMBER, OTHER), start=1):
        scene.customer_writes("moro na rua das palmeiras", number=number)
        scene.quiet()
        scene.answer(turn)
    assert len(valkey.keys()) == 2  # from the second turn of each, which has something to remember
    erase(scene, tmp_path)
    assert valkey.keys() == [b"secretaria:episode:2"]


def test_erasing_does_not_wait_for_redis(known: Scene, tmp_path: Path) -> None:
    """Where Redis is away the rows go all the same; its copies end by themselves."""
    nowhere = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2)
    known.room = replace(known.room, volatile=VolatileContext(nowhere))
    assert erase(known, tmp_path)["message"] == 4
    assert [word for word in WORDS if word in everything(known.engine)] == []


def test_what_was_under_way_ends(known: Scene, model: ScriptedModel, tmp_path: Path) -> None:
    """A draft that is made while its customer is erased is thrown away, and nothing is sent."""
    known.customer_writes("e o clareamento?")
    known.quiet()
    model.meanwhile.append(lambda: erase(known, tmp_path))
    known.answer(3)
    assert rows(known.engine, "outbox_item") == []
    assert "clareamento" not in everything(known.engine)


def test_what_is_older_than_the_erasure_does_not_come_back(known: Scene, tmp_path: Path) -> None:
    """A late or repeated webhook of before is ignored without its body; what is written afterwards begins anew."""
    known.clock.advance(60)
    erase(known, tmp_path)
    door = a_door(known.engine, known.nudges, known.clock)
    room = a_filing_room(known.engine, known.nudges, known.clock)
    receive_webhook(door, with_token(a_text("moro na rua das palmeiras", message_id="LATE")))
    file_received(room)
    assert rows(known.engine, "inbox_event")[-1]["reason"] == "erased"
    assert [word for word in WORDS if word in everything(known.engine)] == []
    later = {**a_text("oi de novo", message_id="NEW"), "messageTimestamp": int(known.clock.now().timestamp()) + 30}
    known.clock.advance(30)
    receive_webhook(door, with_token(later))
    file_received(room)
    assert rows(known.engine, "message")[-1]["text"] == "oi de novo"


def test_a_restored_backup_is_erased_again(known: Scene, tmp_path: Path) -> None:
    """The list beside the database outlives the one inside, and who came back is erased once more."""
    erase(known, tmp_path)
    with transaction(known.engine) as session:
        session.execute(text("DELETE FROM erased_contact"))
        session.add(
            Contact(
                identity_key="552000000101",
                number=NUMBER,
                name="Zilda",
                created_at=known.clock.now() - timedelta(days=9),
            )
        )
    assert reapply_erasures(known.engine, home=tmp_path, now=known.clock.now()) == 1
    assert "Zilda" not in everything(known.engine)
    assert len(rows(known.engine, "erased_contact")) == 1
    assert reapply_erasures(known.engine, home=tmp_path, now=known.clock.now()) == 0
    assert (tmp_path / "erasures.jsonl").stat().st_mode & 0o777 == 0o600
