"""What the commands that start processes share."""

from __future__ import annotations

import socket
import subprocess
import sys

from secretaria.cli.processes import listen, supervised


def test_listener_names_its_protocol() -> None:
    """Only for sockets that say TCP does asyncio turn off Nagle, which makes each answer wait 40 ms."""
    with listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_supervised_program_is_told_who_watches_it() -> None:
    """The environment names this process, and keeps what was in it."""
    environment = supervised({"A": "1"})
    assert environment["A"] == "1"
    assert int(environment["SECRETARIA_PARENT"]) > 0


def test_worker_does_not_import_the_web() -> None:
    """A worker process never loads the web framework, nor the web process the model's client."""
    for module, foreign in (("secretaria.workers.main", "litestar"), ("secretaria.web.app", "openai")):
        code = f"import sys, {module}; print({foreign!r} in sys.modules)"
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert ended.stdout.strip() == "False"


def test_metrics_folder_is_known_before_the_metrics(tmp_path: object) -> None:
    """Whoever imports the web app after setting the folder gets files in it, not silently empty metrics."""
    code = (
        f"import os; os.environ['PROMETHEUS_MULTIPROC_DIR'] = {str(tmp_path)!r}; "
        "from secretaria import metrics; metrics.WHATICKET_SENT.inc(); print(os.listdir(os.environ['PROMETHEUS_MULTIPROC_DIR']) != [])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "True"
