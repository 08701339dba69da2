"""Promise 8: a newcomer sees it work in one command, without a server, a key or a phone."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from secretaria.simulation import SAMPLE_BUSINESS
from secretaria.simulation.llm_server import create_llm
from secretaria.simulation.serving import LocalServer
from tests.acceptance.commands import secretaria


def test_demo_answers_every_message(tmp_path: Path) -> None:
    """The demo plays three conversations through the real pipeline and ends well only if all was answered."""
    ran = secretaria("demo", "--once", "--json", cwd=tmp_path, seconds=120)
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.code == 0, ran.err
    assert {line["conversation"] for line in lines} == {"cs-002", "cs-007", "cs-008"}
    assert [line["sender"] for line in lines].count("customer") == 23
    assert any("R$ 350" in line["text"] and line["sender"] == "secretary" for line in lines)


def test_demo_ignores_a_broken_installation_beside_it(tmp_path: Path) -> None:
    """Whatever configuration the folder or the environment holds, the demo runs on its own."""
    (tmp_path / ".env").write_text("DATABASE_URL=postgresql://nobody@127.0.0.1:1/x\nWEBHOOK_SECRET=curto\n")
    (tmp_path / "secretaria.toml").write_text("[turno]\npausa = 3\n")
    ran = secretaria("demo", "--once", cwd=tmp_path, environment={"SECRETARIA__TURNS__MAX_MESSAGES": "3"}, seconds=120)
    assert ran.code == 0, ran.err
    assert "Nenhuma IA aqui" in ran.out


def test_demo_uses_the_real_model_where_one_is_configured(tmp_path: Path) -> None:
    """With a key the banner names the model, and the answers come from its service."""
    with LocalServer(create_llm(SAMPLE_BUSINESS, delay_seconds=0)) as model:
        environment = {
            "LLM_API_KEY": "chave-inventada",
            "LLM_BASE_URL": f"{model.url}/v1",
            "SECRETARIA__LLM__MODEL": "modelo-do-dono",
        }
        ran = secretaria("demo", "--once", cwd=tmp_path, environment=environment, seconds=120)
    assert ran.code == 0, ran.err
    assert "modelo real, modelo-do-dono" in ran.out
    assert "Nenhuma IA" not in ran.out


def test_demo_lets_a_person_write_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """At a terminal the person may type as a customer; Ctrl-C stops every process the demo started."""
    ours, theirs = pty.openpty()
    demo = subprocess.Popen(
        [sys.executable, "-m", "secretaria", "demo"], cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    screen = Screen(ours)
    screen.wait_for("escreva como cliente", 120)
    os.write(ours, "vocês abrem sábado?\n".encode())
    screen.wait_for("Sol: ", 30)
    started = psutil.Process(demo.pid).children(recursive=True)
    demo.send_signal(signal.SIGINT)
    screen.wait_for("Encerrando", 30)
    assert demo.wait(40) == 0
    os.close(ours)
    _, alive = psutil.wait_procs(started, timeout=10)
    assert alive == []


class Screen:
    """What a pseudo-terminal has shown so far."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._shown = ""

    def wait_for(self, text: str, seconds: float) -> None:
        """Read until a text appears."""
        deadline = time.monotonic() + seconds
        while text not in self._shown:
            assert time.monotonic() < deadline, self._shown
            time.sleep(0.1)
            try:
                self._shown += os.read(self._descriptor, 65536).decode(errors="replace")
            except BlockingIOError:
                continue
