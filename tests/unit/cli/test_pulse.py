"""The question that a container's engine asks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from secretaria.cli.pulse import exit_code, is_asked
from tests.acceptance.commands import free_port

HEAVY = ("typer", "pydantic", "httpx", "sqlalchemy", "redis")


def test_a_service_that_is_not_there_is_not_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused connection is an answer too."""
    monkeypatch.setenv("SECRETARIA__SERVER__PORT", str(free_port()))
    assert exit_code("serve") == 1


def test_who_asks_for_help_is_answered_by_the_command_line() -> None:
    """Only the engine's own words go the short way."""
    assert [is_asked(words) for words in (["healthcheck", "worker"], ["healthcheck", "--help"], ["status"])] == [
        True,
        False,
        False,
    ]


def test_it_loads_nothing_heavy(tmp_path: Path) -> None:
    """It runs every ten seconds beside the program, on the same processor."""
    code = (
        "import sys; sys.argv = ['secretaria', 'healthcheck']; from secretaria.__main__ import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
