"""What the commands that start processes share."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from secretaria.cli.processes import listen, supervised

SUPERVISOR = (
    "secretaria.cli.app, secretaria.cli.daily_copies, secretaria.cli.copying, secretaria.cli.supervision, "
    "secretaria.local.engines, secretaria.knowledge.folder"
)


def test_listener_names_its_protocol() -> None:
    """Only for sockets that say TCP does asyncio turn off Nagle, which makes each answer wait 40 ms."""
    with listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_supervised_program_is_told_who_watches_it() -> None:
    """The environment names this process, and keeps what was in it."""
    environment = supervised({"A": "1"})
    assert environment["A"] == "1"
    assert int(environment["SECRETARIA_PARENT"]) > 0


@pytest.mark.parametrize(
    ("modules", "foreign"),
    [
        ("secretaria.workers.main", ("litestar", "uvicorn", "jinja2", "jwt", "typer", "rich", "alembic", "icalendar")),
        ("secretaria.web.app", ("openai", "typer", "rich", "alembic", "icalendar", "phonenumbers", "zxcvbn")),
        (SUPERVISOR, ("sqlalchemy", "alembic", "redis", "litestar", "dramatiq", "openai", "pyrage")),
    ],
)
def test_a_process_loads_nothing_of_the_others(modules: str, foreign: tuple[str, ...]) -> None:
    """What it starts with takes memory for as long as it lives."""
    code = f"import sys, {modules}; print([name for name in {foreign!r} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_metrics_folder_is_known_before_the_metrics(tmp_path: object) -> None:
    """Whoever imports the web app after setting the folder gets files in it, not silently empty metrics."""
    code = (
        f"import os; os.environ['PROMETHEUS_MULTIPROC_DIR'] = {str(tmp_path)!r}; "
        "from secretaria import metrics; metrics.WHATICKET_SENT.inc(); print(os.listdir(os.environ['PROMETHEUS_MULTIPROC_DIR']) != [])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "True"
