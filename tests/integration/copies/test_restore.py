"""A copy takes the place of the database whole or not at all, and what is old in it is neither said nor answered again."""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from secretaria.agenda.reminders import ReminderRoom, place_reminders
from secretaria.audit.trail import Actor, read_trail
from secretaria.breaker import State
from secretaria.cli.restored import settle_here
from secretaria.copies.backup import take_backup
from secretaria.copies.finished import Backup, list_backups
from secretaria.copies.manifest import CopyDamaged, Manifest
from secretaria.copies.premises import Premises
from secretaria.copies.restoring import (
    ASIDE,
    NEW,
    CopyNewer,
    DatabaseInUse,
    Restored,
    bring_back_business,
    refuse_in_use,
    restore_backup,
    what_would_be_lost,
)
from secretaria.copies.sealing import Keys
from secretaria.copies.verifying import opened_copy, verify_backup
from secretaria.database.engine import build_engine
from secretaria.database.roles import is_let_in, let_in
from secretaria.knowledge.snapshot import Business
from secretaria.local.engines import EngineUrls
from secretaria.queue.emptying import empty_redis
from secretaria.queue.jobs import ANSWER_TURN, DELIVER_ITEM, FILE_EVENT, RECONCILE_ITEM
from secretaria.replies.recovery import recover_turns
from secretaria.replies.volatile import VolatileContext
from secretaria.rights.erasure import erase_person
from secretaria.rights.restored import read_present, settle_restored
from tests.answering import Scene
from tests.builders import NUMBER, rows

RENATA = Actor("renata", "cli", "balcao")
OTHER, LATE = "5520900000999", "5520900000888"
AT = datetime(2026, 12, 1, 3, 15, tzinfo=UTC)
Settle = Callable[[str, str], Mapping[str, Any]]


@pytest.fixture
def settle(scene: Scene, business: Business, engines: EngineUrls, tmp_path: Path) -> Settle:
    """Bring a restored database into the present as the command does, at the scene's time."""

    def done(new: str, before: str) -> Mapping[str, Any]:
        url = make_url(engines.database_url)
        old, fresh = (
            build_engine(url.set(database=name).render_as_string(hide_password=False)) for name in (before, new)
        )
        try:
            let_in(fresh, engines.app_url)
            return settle_restored(
                fresh,
                read_present(old),
                home=tmp_path,
                actor=RENATA,
                now=scene.clock.now(),
                card=business.card,
                copy="x.tar",
            )
        finally:
            old.dispose()
            fresh.dispose()

    return done


@pytest.fixture
def restore(premises: Premises, settle: Settle, engine: Engine) -> Callable[[Backup], Restored]:
    """Put a copy in the place of the database, as whoever works on it starts again afterwards."""

    def done(taken: Backup) -> Restored:
        engine.dispose()
        with opened_copy(premises, taken.path, Keys()) as (manifest, contents):
            return restore_backup(premises, manifest, contents, settle=settle)

    return done


def test_the_database_is_what_the_copy_says(
    premises: Premises, engine: Engine, restore: Callable[[Backup], Restored]
) -> None:
    """What came in later is gone, what went later is back."""
    taken = take_backup(premises, reason="teste", now=AT)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM contact WHERE name = 'Bia'"))
        connection.execute(text("UPDATE contact SET name = 'outra' WHERE name = 'Ana'"))
    restore(taken)
    assert sorted(one["name"] for one in rows(engine, "contact")) == ["Ana", "Bia"]


def test_what_was_there_is_copied_first(
    premises: Premises, engine: Engine, restore: Callable[[Backup], Restored]
) -> None:
    """Whoever restored the wrong copy goes back to what was there."""
    taken = take_backup(premises, reason="teste", now=AT)
    with engine.begin() as connection:
        connection.execute(text("UPDATE contact SET name = 'outra' WHERE name = 'Ana'"))
    safety = restore(taken).safety
    assert safety is not None
    restore(safety)
    assert sorted(one["name"] for one in rows(engine, "contact")) == ["Bia", "outra"]


def test_a_restore_that_fails_leaves_the_database_as_it_was(premises: Premises, engine: Engine) -> None:
    """Whether the copy or what comes after it fails: the name still means the old database, and no other is left."""

    def failing(_new: str, _before: str) -> Mapping[str, Any]:
        raise RuntimeError("a migração falhou")

    taken = take_backup(premises, reason="teste", now=AT)
    with engine.begin() as connection:
        connection.execute(text("UPDATE contact SET name = 'outra' WHERE name = 'Ana'"))
    with opened_copy(premises, taken.path, Keys()) as (manifest, contents), pytest.raises(RuntimeError):
        restore_backup(premises, manifest, contents, settle=failing)
    assert sorted(one["name"] for one in rows(engine, "contact")) == ["Bia", "outra"]
    assert premises.postgres.databases(NEW) + premises.postgres.databases(ASIDE) == []


def test_what_a_killed_restore_left_goes_with_the_next(
    premises: Premises, restore: Callable[[Backup], Restored]
) -> None:
    """Before the swap a half restored database, after it the old one: neither is anybody's any more."""
    for left in (f"{NEW}20261130031500", f"{ASIDE}20261130031500"):
        premises.postgres.create(left)
    restore(take_backup(premises, reason="teste", now=AT))
    assert premises.postgres.databases(NEW) + premises.postgres.databases(ASIDE) == []


def test_a_dump_that_does_not_restore_changes_nothing(premises: Premises, engine: Engine, settle: Settle) -> None:
    """It is found out beside the real database."""
    taken = take_backup(premises, reason="teste", now=AT)
    with opened_copy(premises, taken.path, Keys()) as (manifest, contents):
        (contents / "database.dump").write_bytes(b"PGDMP, but not really")
        with pytest.raises(CopyDamaged):
            restore_backup(premises, manifest, contents, settle=settle)
    assert len(rows(engine, "contact")) == 2


def test_a_copy_of_a_newer_version_is_refused(premises: Premises, settle: Settle) -> None:
    """Its schema would mean nothing to this program; nothing is even copied."""
    taken = take_backup(premises, reason="teste", now=AT)
    with opened_copy(premises, taken.path, Keys()) as (manifest, contents):
        newer: Manifest = manifest.model_copy(update={"migration_head": "9999_future"})
        with pytest.raises(CopyNewer):
            restore_backup(premises, newer, contents, settle=settle)
    assert len(list_backups(premises.copies)) == 1


def test_nobody_may_be_at_work_where_nobody_stops_them(premises: Premises, engine: Engine) -> None:
    """Outside of compose the operator stops the processes."""
    with engine.connect(), pytest.raises(DatabaseInUse):
        refuse_in_use(premises)
    engine.dispose()
    refuse_in_use(premises)


def test_what_would_be_lost_is_counted(premises: Premises, asked: Scene) -> None:
    """Messages and conversations since the moment of the copy."""
    before, after = asked.clock.now() - timedelta(hours=1), asked.clock.now() + timedelta(hours=1)
    loss, none = what_would_be_lost(premises.postgres, before), what_would_be_lost(premises.postgres, after)
    assert loss is not None
    assert none is not None
    assert ((loss.messages, loss.conversations), none.messages) == ((1, 1), 0)


def test_nothing_that_waited_then_is_said_or_answered_now(
    premises: Premises, answered: Scene, restore: Callable[[Backup], Restored]
) -> None:
    """Bubbles to send, one in flight, an open turn and an event: whatever runs on waking up finds nothing to do."""
    answered.customer_writes("oi, tem vaga?", number=OTHER)
    answered.change("outbox_item", 1, state="sending", lease_until=answered.clock.now())
    with answered.engine.begin() as connection:
        connection.execute(text("INSERT INTO inbox_event (id, channel, dedupe_key, item, state, body, failures, received_at) "
            "VALUES (gen_random_uuid(), 'principal', 'unfiled-1', 0, 'received', '{}', 0, now())"))  # fmt: skip
    taken = take_backup(premises, reason="teste", now=AT)
    answered.clock.advance(3600)
    restore(taken)
    answered.nudges.published.clear()
    for _ in range(3):
        answered.sweep(60)
        recover_turns(answered.engine, answered.nudges, answered.clock, lambda: State.CLOSED)
    assert [answered.nudges.of(job) for job in (DELIVER_ITEM, ANSWER_TURN, FILE_EVENT, RECONCILE_ITEM)] == [[]] * 4
    assert answered.item_states() == ["held", "superseded"]
    assert [turn["state"] for turn in answered.turns()] == ["answered", "handed_off"]


def test_what_a_person_wrote_and_was_not_sent_waits_for_a_person(
    premises: Premises, answered: Scene, restore: Callable[[Backup], Restored]
) -> None:
    """Nothing of the machine's drops a person's word; she says whether it is still to be sent."""
    answered.change("outbox_item", 1, purpose="attendant")
    taken = take_backup(premises, reason="teste", now=AT)
    restore(taken)
    assert answered.item()["state"] == "held"


def test_what_was_paused_then_is_not_taken_up_now(
    premises: Premises, asked: Scene, restore: Callable[[Backup], Restored]
) -> None:
    """Somebody has answered since, or a person looks at the conversation."""
    now = asked.clock.now()
    asked.change("turn", 1, state="silenced", reason="secretary_paused", closed_at=now)
    asked.change("conversation", 1, mode="waiting", mode_changed_at=now)
    taken = take_backup(premises, reason="teste", now=AT)
    asked.clock.advance(3600)
    restore(taken)
    assert recover_turns(asked.engine, asked.nudges, asked.clock, lambda: State.CLOSED) == 0


def test_reminders_that_are_due_are_not_said_again(
    premises: Premises, asked: Scene, business: Business, restore: Callable[[Backup], Restored]
) -> None:
    """They may have been sent after the copy; those of later come as always."""
    starts = asked.clock.now() + timedelta(hours=20)
    with asked.engine.begin() as connection:
        connection.execute(text(
            "INSERT INTO booking (id, code, contact_id, kind, unit, starts_at, ends_at, lane, state, source, arranged_at,"
            " created_at) SELECT 1, 'K7F3', id, 'limpeza', 'centro', :at, :at + interval '1 hour', 1, 'booked',"
            " 'secretary', :made, :made FROM contact WHERE name = 'Ana'"), {"at": starts, "made": starts - timedelta(days=9)})  # fmt: skip
    taken = take_backup(premises, reason="teste", now=AT)
    restored = restore(taken)
    room = ReminderRoom(asked.engine, asked.nudges, asked.clock, lambda: business.card, "principal")
    assert (restored.settled["reminders"], place_reminders(room)) == (1, 0)


def test_the_erased_stay_erased(
    premises: Premises, asked: Scene, tmp_path: Path, restore: Callable[[Backup], Restored]
) -> None:
    """Who was erased after the copy is erased again, even where the list beside the database is lost too."""
    taken = take_backup(premises, reason="teste", now=AT)
    asked.clock.advance(60)
    erase_person(
        asked.engine, NUMBER, home=tmp_path / "perdida", actor=RENATA, now=asked.clock.now(), volatile=VolatileContext()
    )
    restored = restore(taken)
    assert restored.settled["erased"] == 1
    assert NUMBER not in str(rows(asked.engine, "contact")) + str(rows(asked.engine, "message"))


def test_the_list_beside_the_database_is_enough(
    premises: Premises, asked: Scene, tmp_path: Path, restore: Callable[[Backup], Restored]
) -> None:
    """When the database was lost with what it knew, the file in the folder of local data still knows."""
    taken = take_backup(premises, reason="teste", now=AT)
    asked.clock.advance(60)
    erase_person(asked.engine, NUMBER, home=tmp_path, actor=RENATA, now=asked.clock.now(), volatile=VolatileContext())
    with asked.engine.begin() as connection:
        connection.execute(text("DELETE FROM erased_contact"))
    assert restore(taken).settled["erased"] == 1


def test_who_said_no_since_is_left_alone(
    premises: Premises, asked: Scene, restore: Callable[[Backup], Restored]
) -> None:
    """Whether the copy knows the person or not."""
    taken = take_backup(premises, reason="teste", now=AT)
    asked.customer_writes("oi", number=LATE)
    with asked.engine.begin() as connection:
        connection.execute(
            text("UPDATE contact SET opted_out_at = now() WHERE number IN (:one, :two)"), {"one": NUMBER, "two": LATE}
        )
    assert restore(taken).settled["opted_out"] == 2
    silent = [one["number"] for one in rows(asked.engine, "contact") if one["opted_out_at"] is not None]
    assert sorted(silent) == sorted([NUMBER, LATE])


def test_who_lost_an_account_since_does_not_get_it_back(
    premises: Premises, engine: Engine, restore: Callable[[Backup], Restored]
) -> None:
    """Nor does an old password open it again, nor a recovery code that was used."""
    with engine.begin() as connection:
        connection.execute(text(
            "INSERT INTO attendant (login, name, role, password_hash, version, password_expired, created_at) VALUES "
            "('rui', 'Rui', 'attendant', 'antiga', 1, false, now()), ('eva', 'Eva', 'owner', 'antiga', 1, false, now())"))  # fmt: skip
        connection.execute(
            text(
                "INSERT INTO recovery_code SELECT id, code FROM attendant, (VALUES ('usado'), ('novo')) AS c(code) WHERE login = 'eva'"
            )
        )
    taken = take_backup(premises, reason="teste", now=AT)
    with engine.begin() as connection:
        connection.execute(text("UPDATE attendant SET disabled_at = now(), version = 2 WHERE login = 'rui'"))
        connection.execute(text("UPDATE attendant SET password_hash = 'nova', version = 2 WHERE login = 'eva'"))
        connection.execute(text("DELETE FROM recovery_code WHERE code_hash = 'usado'"))
    restore(taken)
    found = {one["login"]: one for one in rows(engine, "attendant")}
    assert (found["rui"]["disabled_at"] is not None, found["eva"]["password_hash"]) == (True, "nova")
    assert [code["code_hash"] for code in rows(engine, "recovery_code")] == ["novo"]


def test_pauses_and_persons_at_work_stay(
    premises: Premises, asked: Scene, restore: Callable[[Backup], Restored]
) -> None:
    """Who stops everything before restoring does not find the secretary talking afterwards."""
    taken = take_backup(premises, reason="teste", now=AT)
    with asked.engine.begin() as connection:
        connection.execute(
            text("INSERT INTO secretary_pause (scope, paused_by, paused_at) VALUES ('all', 'renata', now())")
        )
        connection.execute(
            text("INSERT INTO queue_pause (queue, paused_by, paused_at) VALUES ('outbox', 'renata', now())")
        )
        connection.execute(text("UPDATE conversation SET mode = 'attended', holder = 'renata', held_at = now()"))
    settled = restore(taken).settled
    assert (settled["pauses"], settled["attended"]) == (2, 1)
    assert (asked.conversation()["mode"], asked.conversation()["holder"]) == ("attended", "renata")
    assert len(rows(asked.engine, "secretary_pause")) == len(rows(asked.engine, "queue_pause")) == 1


def test_what_an_older_schema_cannot_tell_is_counted(engine: Engine, owner: Engine) -> None:
    """A list that could not be read is not taken for an empty one; a table that is not there is."""
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE attendant RENAME COLUMN second_step TO later"))
        connection.execute(text("ALTER TABLE queue_pause RENAME TO later"))
    try:
        assert read_present(engine).unread == ("accounts",)
    finally:
        with owner.begin() as connection:
            connection.execute(text("ALTER TABLE attendant RENAME COLUMN later TO second_step"))
            connection.execute(text("ALTER TABLE later RENAME TO queue_pause"))


def test_the_command_works_as_the_owner_and_lets_the_role_in(
    premises: Premises, engine: Engine, engines: EngineUrls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What was restored is migrated and settled by the owner, and afterwards open to whoever service and workers connect as."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_OWNER_URL", engines.database_url)
    monkeypatch.setenv("DATABASE_URL", engines.app_url)
    monkeypatch.setenv("REDIS_URL", engines.redis_url)
    monkeypatch.setenv("SECRETARIA_HOME", str(tmp_path / "home"))
    taken = take_backup(premises, reason="teste", now=AT)
    engine.dispose()
    with opened_copy(premises, taken.path, Keys()) as (manifest, contents):
        restore_backup(premises, manifest, contents, settle=lambda new, old: settle_here(new, old, copy="x.tar"))
    assert len(rows(engine, "contact")) == 2
    assert is_let_in(engines.app_url)


def test_it_is_in_the_audit(premises: Premises, engine: Engine, restore: Callable[[Backup], Restored]) -> None:
    """Who restored what, in the database that is there afterwards."""
    restore(take_backup(premises, reason="teste", now=AT))
    (entry,) = read_trail(engine, action="database")
    assert (entry.action, entry.actor, entry.target) == ("database.restored", "renata", "x.tar")


def test_what_was_restored_can_be_copied_and_proved(premises: Premises, restore: Callable[[Backup], Restored]) -> None:
    """It is a database like any other."""
    restore(take_backup(premises, reason="teste", now=AT))
    taken = take_backup(premises, reason="teste")
    assert verify_backup(premises, taken.path, Keys()).manifest.tables["contact"].rows == 2


def test_redis_keeps_nothing_of_ours(valkey: redis.Redis) -> None:
    """Nudges and copies of rows that are no longer there go; what others keep in it stays."""
    for number in range(1200):
        valkey.set(f"secretaria:episode:{number}", "x")
    valkey.set("de-outros", "x")
    assert (empty_redis(valkey), valkey.keys()) == (1200, [b"de-outros"])


def test_a_missing_business_folder_comes_back_and_a_present_one_stays(premises: Premises, tmp_path: Path) -> None:
    """The folder on the disk is newer than the copy; only a machine without one gets it, and its containers read it."""
    taken = take_backup(premises, reason="teste", now=AT)
    (premises.business / "base" / "precos.md").write_text("limpeza: R$ 200\n")
    moved = replace(premises, business=tmp_path / "outra")
    with opened_copy(premises, taken.path, Keys()) as (_, contents):
        assert not bring_back_business(premises, contents)
        assert bring_back_business(moved, contents)
    back = tmp_path / "outra" / "base" / "precos.md"
    assert (back.read_text(), stat.S_IMODE(back.stat().st_mode)) == ("limpeza: R$ 180\n", 0o644)
    assert (premises.business / "base" / "precos.md").read_text() == "limpeza: R$ 200\n"
