"""One change at a time, and every attempt noted, also when a process dies in the middle."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from secretaria.errors import LockHeld
from secretaria.releases import lock
from secretaria.releases.ledger import Release, append, current, previous, read
from secretaria.releases.lock import Holder, held, is_dead, look

RELEASE = Release("a1", "deploy", "1.0.1", "1.0.0", "began", "2026-11-30T12:00:00+00:00", "dora@loja")


def holder(**changes: object) -> Holder:
    """Return somebody who holds the lock on another machine and is alive."""
    now = time.time()
    alive = Holder("t", "rui@filial", "filial", 1, 0.0, "publicação", "1.0.1", now, now)
    return replace(alive, **changes)  # type: ignore[arg-type]  # any field of it


def put(path: Path, one: Holder) -> None:
    """Let somebody hold the lock."""
    path.write_text(json.dumps(vars(one)), encoding="utf-8")


def test_lock_is_gone_afterwards(tmp_path: Path) -> None:
    """Also where the block failed."""
    with pytest.raises(ZeroDivisionError), held(tmp_path / "lock", "dora@loja", "publicação"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_second_is_told_who_why_and_since_when(tmp_path: Path) -> None:
    """And how to go on."""
    put(tmp_path / "lock", holder())
    with (
        pytest.raises(LockHeld, match=r"rui@filial está em: publicação 1\.0\.1, desde") as refused,
        held(tmp_path / "lock", "dora@loja", "publicação"),
    ):
        pass
    assert "secretaria releases unlock" in refused.value.hint


def test_holder_without_a_sign_of_life_frees_it(tmp_path: Path) -> None:
    """On whatever machine it was."""
    put(tmp_path / "lock", holder(seen=time.time() - lock.EXPIRES_SECONDS - 1))
    with held(tmp_path / "lock", "dora@loja", "publicação") as mine:
        assert mine.who == "dora@loja"


def test_dead_process_of_this_machine_frees_it_at_once(tmp_path: Path) -> None:
    """Nobody waits for its lock to expire."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    put(tmp_path / "lock", holder(host=socket.gethostname(), pid=ended.pid))
    with held(tmp_path / "lock", "dora@loja", "publicação"):
        pass


def test_number_of_a_process_that_was_given_again_is_not_its_holder() -> None:
    """The moment it began tells them apart."""
    assert is_dead(holder(host=socket.gethostname(), pid=os.getpid(), started=1.0), time.time())


def test_sign_of_life_is_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as it is held."""
    monkeypatch.setattr(lock, "BEAT_SECONDS", 0.01)
    with held(tmp_path / "lock", "dora@loja", "publicação") as mine:
        deadline = time.monotonic() + 10
        while (found := look(tmp_path / "lock")) is None or found.seen <= mine.seen:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_who_waits_gets_it_when_it_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --lock-wait."""
    monkeypatch.setattr(lock, "LOOK_SECONDS", 0.01)
    put(tmp_path / "lock", holder(seen=time.time() - lock.EXPIRES_SECONDS + 0.2))
    with held(tmp_path / "lock", "dora@loja", "publicação", wait_seconds=20):
        pass


def test_last_line_of_an_attempt_counts(tmp_path: Path) -> None:
    """It began, and it ended."""
    for outcome in ("began", "released"):
        append(tmp_path / "ledger", replace(RELEASE, outcome=outcome))
    assert read(tmp_path / "ledger") == [replace(RELEASE, outcome="released")]


def test_torn_line_spoils_only_itself(tmp_path: Path) -> None:
    """A kill in the middle of a write, and the next attempt."""
    append(tmp_path / "ledger", RELEASE)
    with (tmp_path / "ledger").open("a", encoding="utf-8") as file:
        file.write('{"id": "b2", "kind": "dep')
    append(tmp_path / "ledger", replace(RELEASE, id="c3"))
    assert [one.id for one in read(tmp_path / "ledger")] == ["a1", "c3"]


@pytest.mark.parametrize("line", ["[]", "3", '{"id": 1}', "\udcff", '{"kind": "party"}', ""])
def test_strange_lines_are_passed_over(tmp_path: Path, line: str) -> None:
    """Somebody edited the file."""
    (tmp_path / "ledger").write_text(f"{line}\n", encoding="utf-8", errors="surrogateescape")
    append(tmp_path / "ledger", RELEASE)
    assert read(tmp_path / "ledger") == [RELEASE]


def test_previous_goes_by_how_versions_came() -> None:
    """Going back, and a failed attempt, are no coming."""
    came = [replace(RELEASE, id=str(at), version=f"1.0.{at}", outcome="released") for at in range(4)]
    failed = replace(RELEASE, id="f", version="1.0.9", outcome="went_back")
    back = replace(RELEASE, id="r", kind="rollback", version="1.0.2", outcome="released")
    releases = [*came, failed, back]
    now, before = current(releases), previous(releases, "1.0.2")
    assert (now and now.version, before and before.version) == ("1.0.2", "1.0.1")
