"""What verify calls good restores to the same rows; what does not is said, and the scratch database is gone either way."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from secretaria.copies.archive import SUM, open_copy
from secretaria.copies.backup import take_backup, verified_at
from secretaria.copies.finished import list_backups
from secretaria.copies.manifest import NAME, CopyDamaged, Manifest
from secretaria.copies.premises import Premises
from secretaria.copies.sealing import Keys
from secretaria.copies.trial import SCRATCH, differences
from secretaria.copies.verifying import verify_backup

AT = datetime(2026, 12, 1, 3, 15, tzinfo=UTC)


def rewritten(file: Path, change: Callable[[Manifest], Manifest]) -> Path:
    """Let the manifest of a copy say something else, as if it had always said so."""
    file.with_name(file.name + SUM).unlink()
    with tarfile.open(file) as tar:
        contents = {one.name: taken.read() for one in tar if (taken := tar.extractfile(one)) is not None}
    contents[NAME] = change(Manifest.model_validate_json(contents[NAME])).model_dump_json().encode()
    with tarfile.open(file, "w") as tar:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return file


def with_a_row_more(manifest: Manifest) -> Manifest:
    """Say that there was one contact more."""
    contact = manifest.tables["contact"]
    more = contact.model_copy(update={"rows": contact.rows + 1})
    return manifest.model_copy(update={"tables": {**manifest.tables, "contact": more}})


def with_another_mark(manifest: Manifest) -> Manifest:
    """Say that the rows, as many as there are, said something else."""
    other = manifest.tables["contact"].model_copy(update={"mark": "1"})
    return manifest.model_copy(update={"tables": {**manifest.tables, "contact": other}})


def test_a_good_copy_is_proved_and_that_is_noted_beside_it(premises: Premises) -> None:
    """Who lists the copies sees which were proved, and when."""
    taken = take_backup(premises, reason="teste", now=AT)
    verified = verify_backup(premises, taken.path, Keys(), now=AT)
    assert (verified.manifest.tables["contact"].rows, verified_at(taken.path)) == (2, AT)


def test_the_real_database_tells_of_copy_and_proof(premises: Premises, engine: Engine) -> None:
    """There status and the metrics read it, in whatever container they run."""
    taken = take_backup(premises, reason="teste", now=AT)
    verify_backup(premises, taken.path, Keys(), now=AT)
    with engine.connect() as connection:
        noted = connection.execute(text("SELECT name, ended_at, done FROM chore_run ORDER BY name")).all()
    assert [(row.name, row.ended_at, row.done["file"]) for row in noted] == [
        ("backup", AT, taken.path.name),
        ("backup_verified", AT, taken.path.name),
    ]


@pytest.mark.parametrize("change", [with_a_row_more, with_another_mark])
def test_a_copy_that_restores_to_something_else_is_not_good(
    premises: Premises, change: Callable[[Manifest], Manifest]
) -> None:
    """Neither a row that is missing nor one that says something else passes."""
    taken = take_backup(premises, reason="teste", now=AT)
    with pytest.raises(CopyDamaged, match="contact"):
        verify_backup(premises, rewritten(taken.path, change), Keys())
    assert verified_at(taken.path) is None


def test_the_scratch_database_is_gone_whatever_happens(premises: Premises, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the operator presses Ctrl-C in the middle of it."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    taken = take_backup(premises, reason="teste", now=AT)
    monkeypatch.setattr("secretaria.copies.trial.differences", interrupted)
    with pytest.raises(KeyboardInterrupt):
        verify_backup(premises, taken.path, Keys())
    assert premises.postgres.databases(SCRATCH) == []


def test_the_scratch_database_of_a_killed_proof_goes_with_the_next(premises: Premises) -> None:
    """Nobody could drop it when its process was killed."""
    premises.postgres.create(f"{SCRATCH}20261130031500")
    verify_backup(premises, take_backup(premises, reason="teste", now=AT).path, Keys())
    assert premises.postgres.databases(SCRATCH) == []


def test_a_copy_can_be_proved_before_it_is_locked(premises: Premises) -> None:
    """The machine that makes copies for a public key cannot open them again."""
    taken = take_backup(premises, reason="teste", now=AT, prove=True)
    assert verified_at(taken.path) == AT


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=st.lists(st.tuples(NAMES, st.binary(max_size=30)), max_size=20))
def test_what_is_restored_is_row_by_row_what_was_there(
    premises: Premises, owner: Engine, written: list[tuple[str, bytes]]
) -> None:
    """Whatever text and bytes are in the rows: counts and contents are those of the moment of the copy."""
    with owner.begin() as connection:
        connection.execute(text("TRUNCATE contact, inbox_event CASCADE"))
        for number, (name, body) in enumerate(written):
            connection.execute(
                text(
                    "INSERT INTO contact (identity_key, number, name, created_at) VALUES (:n, :n, :name, now());"
                    "INSERT INTO inbox_event (id, channel, dedupe_key, item, state, body, failures, received_at)"
                    " VALUES (gen_random_uuid(), 'principal', :n, 0, 'filed', :body, 0, now())"
                ),
                {"n": str(number), "name": name, "body": body},
            )
    before = {path.path for path in list_backups(premises.copies)}
    at = AT.replace(microsecond=0, minute=len(before) % 60, hour=4)
    taken = take_backup(premises, reason="teste", now=at)
    verified = verify_backup(premises, taken.path, Keys(), now=at)
    assert verified.manifest.tables["inbox_event"].rows == len(written)
    assert differences(premises.postgres, premises.postgres.name, verified.manifest) == ["chore_run"]


def test_a_proof_says_when(premises: Premises, tmp_path: Path) -> None:
    """What lies beside the copy is plain JSON for whoever looks without us."""
    taken = take_backup(premises, reason="teste", now=AT)
    verify_backup(premises, taken.path, Keys(), now=AT)
    (tmp_path / "aberta").mkdir()
    rows = open_copy(taken.path, tmp_path / "aberta", Keys()).rows
    assert json.loads(taken.path.with_name(f"{taken.path.name}.conferida").read_text())["rows"] == rows
