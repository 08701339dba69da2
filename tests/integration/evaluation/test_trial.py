"""A version is tried on a copy of the live database: what it would do otherwise is found, and the live one is not touched."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from sqlmodel import SQLModel

from secretaria.database.beside import (
    PREFIX,
    BesideBusy,
    DiskTooSmall,
    MayNotCreate,
    database_beside,
    free_bytes,
    server_of,
)
from secretaria.database.engine import build_engine
from secretaria.errors import PreflightRefused
from secretaria.evaluation import again, conduct, trial
from secretaria.evaluation.accepted import Accepted
from secretaria.evaluation.conduct import RULES, check_conduct
from secretaria.evaluation.trial import try_version
from secretaria.inbox import filing
from secretaria.replies.keeping import decision_of
from tests.answering import Scene
from tests.builders import rows

BESIDE = text("SELECT count(*) FROM pg_database WHERE starts_with(datname, :prefix)")
KILLED = """
import sys, time
from secretaria.database.beside import database_beside, server_of
from secretaria.database.engine import build_engine
with server_of(build_engine(sys.argv[1])) as server, database_beside(server):
    print("made", flush=True)
    time.sleep(60)
"""


def databases_beside(engine: Engine) -> int:
    """Count what stands beside the live database."""
    with engine.connect() as connection:
        return int(connection.execute(BESIDE, {"prefix": PREFIX}).scalar_one())


def everything(engine: Engine) -> Mapping[str, Any]:
    """Return every row of every table."""
    return {name: rows(engine, name) for name in SQLModel.metadata.tables}


@pytest.fixture
def engine(engine: Engine, owner: Engine) -> Iterator[Engine]:
    """Connect as the owner, as ``rehearse`` does: a copy is a database of its own."""
    address = engine.url.set(username=owner.url.username)
    database = build_engine(address.render_as_string(hide_password=False), pool_size=5)
    yield database
    database.dispose()


@pytest.fixture
def no_conduct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what other tests look at."""
    monkeypatch.setattr(trial, "check_conduct", lambda _: [conduct.Manner("nada", kept=True)])


def test_a_version_that_changes_nothing_passes_and_leaves_nothing(recorded: Scene) -> None:
    """Every recorded turn is decided as it was, every rule is kept, no live row is other and no copy is left."""
    before = everything(recorded.engine)
    found = try_version(recorded.engine, "1.0.0", [])
    assert found.passed
    assert (found.turns, found.differences.refused, len(found.manners)) == (2, (), len(RULES) + 1)
    assert set(found.seconds) == {"copy", "migration", "replay", "conduct", "all"}
    assert found.bytes_copied > 0
    assert everything(recorded.engine) == before
    assert databases_beside(recorded.engine) == 0


@pytest.mark.usefixtures("no_conduct")
def test_what_is_decided_otherwise_stops_a_version_unless_it_is_accepted(
    recorded: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other words are found, whatever changed them; the list can say that they are wanted, until a version."""
    monkeypatch.setattr(again, "decision_of", lambda *told: decision_of(*told) | {"bubbles": ["Um momento."]})
    found = try_version(recorded.engine, "1.0.0", [])
    assert not found.passed
    kinds = {one.kind for one in found.differences.refused}
    assert "text" in kinds
    entries = [
        Accepted.model_validate({"field": kind, "to": ".", "reason": "o teste responde assim", "until": "1.0.0"})
        for kind in kinds
    ]
    assert try_version(recorded.engine, "1.0.0", entries).passed
    assert not try_version(recorded.engine, "1.0.1", entries).passed


def test_a_version_that_answers_own_messages_is_found_out(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the team writes is taken for a customer's words: the rules say which were broken."""
    monkeypatch.setattr(filing, "_file_own_message", filing._file_message)  # noqa: SLF001  # the slip of a hand
    broken = {manner.rule: manner.found for manner in check_conduct(engine) if not manner.kept}
    assert broken["mensagem própria, do telefone, não tem resposta"].startswith("respondeu: ")
    assert "a mensagem de um cliente tem exatamente uma resposta" not in broken


@pytest.mark.usefixtures("no_conduct")
def test_a_copy_that_would_not_fit_is_not_made(recorded: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk of the live database is spared, and both figures are told."""
    monkeypatch.setattr(trial, "free_bytes", lambda _: 100 * 1024**2)
    with pytest.raises(DiskTooSmall, match="100 MiB livres"):
        try_version(recorded.engine, "1.0.0", [])
    assert databases_beside(recorded.engine) == 0


def test_the_server_tells_its_own_disk(engine: Engine) -> None:
    """Its owner may ask the machine it runs on, which may be another than ours."""
    with server_of(engine) as server:
        assert (free_bytes(server) or 0) > 0


def test_a_role_that_may_not_make_databases_is_told_what_mends_it(engine: Engine) -> None:
    """On a server of others an administrator types it once."""
    role = "so_le_e_grava"
    with engine.begin() as connection:
        connection.execute(text(f"DROP ROLE IF EXISTS {role}"))
        connection.execute(text(f"CREATE ROLE {role} LOGIN"))
    plain = build_engine(engine.url.set(username=role).render_as_string(hide_password=False))
    with server_of(plain) as server:
        assert free_bytes(server) is None
        with pytest.raises(MayNotCreate) as refused, database_beside(server):
            pass
    assert refused.value.hint == f'um administrador roda: ALTER ROLE "{role}" CREATEDB'


def test_one_version_is_tried_at_a_time(engine: Engine) -> None:
    """The second one is told to wait, and takes nothing from the first."""
    with server_of(engine), pytest.raises(BesideBusy), server_of(engine):
        pass


def test_what_a_killed_trial_left_is_removed_by_the_next(engine: Engine) -> None:
    """Killed with -9 it leaves its copy, which the next one finds and drops."""
    address = engine.url.render_as_string(hide_password=False)
    killed = subprocess.Popen([sys.executable, "-c", KILLED, address], stdout=subprocess.PIPE)
    assert killed.stdout is not None
    assert killed.stdout.readline() == b"made\n"
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=10)
    assert databases_beside(engine) == 1
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            with server_of(engine):
                break
        except BesideBusy:  # the server has not noticed yet that nobody is there any more
            time.sleep(0.1)
    assert databases_beside(engine) == 0


def test_an_interrupt_while_the_copy_is_made_leaves_none(engine: Engine) -> None:
    """Ctrl-C that comes inside the statement takes the connection with it; the copy goes all the same."""

    def interrupt(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("CREATE DATABASE"):
            raise KeyboardInterrupt

    with server_of(engine) as server:
        event.listen(server, "after_cursor_execute", interrupt)
        with pytest.raises(KeyboardInterrupt), database_beside(server):
            pass
    assert databases_beside(engine) == 0


@pytest.mark.usefixtures("no_conduct")
def test_a_migration_that_fails_on_the_copy_stops_the_version(recorded: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it reaches the live database, and what failed is told."""

    def fail(_: Engine) -> list[str]:
        raise PreflightRefused("a coluna não pode ser criada")

    monkeypatch.setattr(trial, "upgrade", fail)
    found = try_version(recorded.engine, "1.0.0", [])
    assert (found.passed, found.migration_failed) == (False, "a coluna não pode ser criada")
    assert databases_beside(recorded.engine) == 0
