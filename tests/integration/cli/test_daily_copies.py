"""Who runs an installation without containers starts the day's copy when it is due, one at a time, and goes on."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from secretaria.cli import daily_copies
from secretaria.settings import BackupSection, Settings
from secretaria.settings.sections import Secrets

Look = Callable[[], None]


def settings_in(home: Path, **backup: object) -> Settings:
    """Configure an installation whose local data are in a folder."""
    return Settings(home=home, source=None, secrets=Secrets(), backup=BackupSection.model_validate(backup))


def eventually(look: Look, told: list[tuple[str, str]]) -> None:
    """Look until something was told."""
    deadline = time.monotonic() + 30
    while not told and time.monotonic() < deadline:
        look()
        time.sleep(0.02)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Look at every call, not once a minute."""
    monkeypatch.setattr(daily_copies, "LOOK_SECONDS", 0.0)
    return monkeypatch


def command(code: str) -> Callable[..., tuple[str, ...]]:
    """Stand for our command with a few lines of Python."""
    return lambda *_: (sys.executable, "-c", code)


@pytest.mark.parametrize(("code", "said"), [("", "feita"), ("raise SystemExit(1)", "não foi feita (código 1)")])
def test_how_it_went_is_told(at_once: pytest.MonkeyPatch, tmp_path: Path, code: str, said: str) -> None:
    """One that failed is tried again in an hour, not in a second."""
    at_once.setattr(daily_copies, "own_command", command(code))
    told: list[tuple[str, str]] = []
    with daily_copies.daily_copies(settings_in(tmp_path), lambda *words: told.append(words)) as look:
        eventually(look, told)
    assert told[0][1].startswith(said)


def wrote(file: Path) -> bool:
    """Say whether there is something in it: it is there a moment before."""
    return file.exists() and file.stat().st_size > 0


def test_only_one_runs_and_it_ends_with_whoever_started_it(at_once: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The look never waits for it."""
    begun = tmp_path / "begun"
    code = f"import time; open({str(begun)!r}, 'a').write('x'); time.sleep(60)"
    at_once.setattr(daily_copies, "own_command", command(code))
    told: list[tuple[str, str]] = []
    with daily_copies.daily_copies(settings_in(tmp_path), lambda *words: told.append(words)) as look:
        deadline = time.monotonic() + 30
        while not wrote(begun) and time.monotonic() < deadline:
            look()
        for _ in range(5):
            look()
    assert (begun.read_text(), told) == ("x", [])


def test_where_it_is_off_nothing_runs(at_once: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Somebody copies in another way."""
    at_once.setattr(daily_copies, "own_command", command(f"open({str(tmp_path / 'begun')!r}, 'w')"))
    with daily_copies.daily_copies(settings_in(tmp_path, daily=False), lambda *_: None) as look:
        look()
    assert not (tmp_path / "begun").exists()
