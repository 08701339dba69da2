"""One value of the .env changes, privately and as a whole; a running process sees it without a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from secretaria.errors import PreflightRefused
from secretaria.settings import env_file
from secretaria.settings.env_file import RotatingValues, read_value, write_value


@pytest.mark.parametrize("value", ["abc,def", "com espaço e # sinal", "aspas 'simples' \"duplas\"", "a=b&c$d\\e", "ç✓"])
def test_a_value_comes_back_as_it_went_in(tmp_path: Path, value: str) -> None:
    """Whatever it holds; comments and other values stay, and nobody else may read the file."""
    path = tmp_path / ".env"
    path.write_text("# segredos\nA=1\nB=2\n", encoding="utf-8")
    path.chmod(0o644)
    write_value(path, "A", value)
    assert (read_value(path, "A"), read_value(path, "B")) == (value, "2")
    assert path.read_text(encoding="utf-8").startswith("# segredos\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in tmp_path.iterdir()] == [".env"]


def test_a_new_name_is_added(tmp_path: Path) -> None:
    """In a file that lacks it, and in one that is not there yet."""
    path = tmp_path / ".env"
    write_value(path, "A", "1")
    write_value(path, "B", "2")
    assert path.read_text(encoding="utf-8") == "A=1\nB=2\n"


def test_a_failed_write_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old file stands, and no draft is left beside it."""
    path = tmp_path / ".env"
    write_value(path, "A", "1")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(PreflightRefused, match="No space left"):
        write_value(path, "A", "2")
    assert [found.name for found in tmp_path.iterdir()] == [".env"]
    assert read_value(path, "A") == "1"


def test_a_process_reads_a_rotation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two values while it lasts, one afterwards; an emptied file takes nothing away."""
    monkeypatch.setattr(env_file, "REREAD_SECONDS", 0.0)
    monkeypatch.delenv("WEBHOOK_SECRET", raising=False)
    path = tmp_path / ".env"
    write_value(path, "WEBHOOK_SECRET", "antigo")
    values = RotatingValues("WEBHOOK_SECRET", ["antigo"], path)
    seen = [list(values)]
    for written in ("novo,antigo", "novo", ""):
        write_value(path, "WEBHOOK_SECRET", written)
        seen.append(list(values))
    assert seen == [["antigo"], ["novo", "antigo"], ["novo"], ["novo"]]


def test_what_the_process_was_given_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value of the process environment is not changed by a file."""
    monkeypatch.setattr(env_file, "REREAD_SECONDS", 0.0)
    monkeypatch.setenv("WEBHOOK_SECRET", "dado")
    write_value(tmp_path / ".env", "WEBHOOK_SECRET", "outro")
    assert list(RotatingValues("WEBHOOK_SECRET", ["dado"], tmp_path / ".env")) == ["dado"]
