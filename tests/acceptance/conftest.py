"""A small shop run by ``secretaria up`` as a real process, with the doubles of the outside world beside it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from secretaria.clock import SystemClock
from secretaria.settings import ALIASES, ENVIRONMENT_NAMES, TurnsSection
from secretaria.simulation import SAMPLE_BUSINESS
from secretaria.simulation.drafts import Drafter
from secretaria.simulation.faults import LlmFaults, SendFaults
from secretaria.simulation.ledger import Ledger
from secretaria.simulation.llm_protocol import Asked
from secretaria.simulation.llm_script import Step
from secretaria.simulation.llm_server import create_llm
from secretaria.simulation.phone import Phone
from secretaria.simulation.serving import LocalServer
from secretaria.simulation.shape import flat_draft
from secretaria.simulation.tickets import TicketBook
from secretaria.simulation.whaticket_server import create_whaticket
from tests.acceptance.commands import free_port
from tests.builders import SECRET, TOKEN

WHATICKET_TOKEN = "token-da-conexao-0001"
START_SECONDS = 180.0


@dataclass
class Shop:
    """One running installation.

    Attributes:
        url: Where its service answers.
        environment: What its processes were given; commands run with it speak to this shop.
        book: What its Whaticket keeps, the files that customers send among it.
        script: What its model says where a step fits, before it says what the base knows.
        said: Every line its processes wrote.
    """

    url: str
    environment: dict[str, str]
    process: subprocess.Popen[str]
    phone: Phone
    ledger: Ledger
    llm_faults: LlmFaults
    send_faults: SendFaults
    whaticket_url: str
    book: TicketBook
    script: list[Step]
    said: list[str] = field(default_factory=list)

    def pid_of(self, name: str) -> int:
        """Return the process id of a program, as the supervisor last told it."""
        told = [line for line in list(self.said) if line.startswith(name) and "processo" in line]
        found = re.search(r"processo (\d+)", told[-1])
        assert found is not None
        return int(found.group(1))

    def wait_until_ready(self) -> None:
        """Wait for a service that takes traffic and for a worker that lives."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "\n".join(self.said)
            try:
                if httpx.get(f"{self.url}/healthz", timeout=3, trust_env=False).is_success:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        raise AssertionError("\n".join(self.said))


@pytest.fixture(scope="session")
def shop() -> Iterator[Shop]:
    """Open one shop for all promises; each test writes from numbers of its own."""
    with open_shop() as opened:
        yield opened


class DirectedWriter:
    """Follows the steps that a test adds, each as often as it may be said, and otherwise knows what the base says."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._drafter = Drafter(SAMPLE_BUSINESS)

    def write(self, asked: Asked) -> Mapping[str, Any] | str:
        """Say what a fitting step or the base says."""
        step = next((step for step in self.steps if step.fits(asked.prompt)), None)
        if step is None:
            return self._drafter.write(asked)
        step.times -= 1
        return flat_draft(asked.burst, "outro", "conversation", ["Certo!"]) | dict(step.draft)


class open_shop:  # noqa: N801  # reads as the verb it is: with open_shop() as shop
    """Start a shop in a fresh folder and stop it as an operator would."""

    def __init__(self, **extra: str) -> None:
        self._extra = extra
        self._home = Path(tempfile.mkdtemp(prefix="secretaria-shop-", dir="/tmp"))
        self._home.chmod(0o755)

    def __enter__(self) -> Shop:
        ledger, llm_faults, send_faults = Ledger(), LlmFaults(), SendFaults()
        book = TicketBook(SystemClock())
        whaticket = create_whaticket("saas", WHATICKET_TOKEN, ledger, faults=send_faults, book=book)
        self._whaticket = LocalServer(whaticket)
        writer = DirectedWriter()
        self._llm = LocalServer(create_llm(SAMPLE_BUSINESS, delay_seconds=0.1, faults=llm_faults, writer=writer))
        port = free_port()
        environment = self._environment(self._whaticket.start(), f"{self._llm.start()}/v1", port)
        process = subprocess.Popen(
            [sys.executable, "-m", "secretaria", "up"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self._home,
        )
        url = f"http://127.0.0.1:{port}"
        phone = Phone(url, token=TOKEN)
        self._shop = Shop(
            url, environment, process, phone, ledger, llm_faults, send_faults, self._whaticket.url, book, writer.steps
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self._shop.wait_until_ready()
        except BaseException:
            self.__exit__()  # a shop that never opened is closed all the same
            raise
        return self._shop

    def __exit__(self, *_: object) -> None:
        process = self._shop.process
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
        self._reader.join(10)
        if process.stdout is not None:
            process.stdout.close()
        self._shop.phone.close()
        self._whaticket.stop()
        self._llm.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def _environment(self, whaticket_url: str, llm_url: str, port: int) -> dict[str, str]:
        config = self._home / "secretaria.toml"
        silences = [n for n in TurnsSection.model_fields if n.endswith("_seconds") and n != "deadline_seconds"]
        hurried = "\n".join(f"{name} = 0.5" for name in silences)
        config.write_text(
            f'[business]\nfolder = "{SAMPLE_BUSINESS}"\n[server]\nport = {port}\n[turns]\n{hurried}\n'
            "[outbox]\ntyping_minimum_seconds = 0.1\ntyping_maximum_seconds = 0.1\n"
            '[whaticket]\nflavour = "saas"\n',
            encoding="utf-8",
        )
        own = {*ENVIRONMENT_NAMES, *ALIASES}
        return {
            **{name: value for name, value in os.environ.items() if name not in own},
            "SECRETARIA_CONFIG": str(config),
            "SECRETARIA_HOME": str(self._home / "data"),
            "WEBHOOK_SECRET": SECRET,
            "WEBHOOK_TOKEN": TOKEN,
            "WHATICKET_URL": whaticket_url,
            "WHATICKET_TOKEN": WHATICKET_TOKEN,
            "JWT_SECRET": "chave-de-teste-com-mais-de-32-bytes-1",
            "LLM_API_KEY": "chave-inventada",
            "LLM_BASE_URL": llm_url,
            "SECRETARIA__LLM__MODEL": "secretaria-simulada",
            "SECRETARIA__LLM__TIMEOUT_SECONDS": "2",
            "SECRETARIA__BACKUP__DAILY": "false",  # it would come in the middle of a test
            **self._extra,
        }

    def _read(self) -> None:
        if self._shop.process.stdout is not None:
            self._shop.said.extend(line.rstrip() for line in iter(self._shop.process.stdout.readline, ""))
