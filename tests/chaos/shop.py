"""A shop to be broken: real processes and engines, the doubles behind proxies, and a way to kill each at a named point.

It is put together from the parts of ``secretaria up`` instead of being started by it: its supervisor waits longer after
every death of a program, which is right for an operator and would be all that these tests measure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from signal import Signals
from typing import Self
from unittest import mock
from urllib.parse import unquote

import httpx
import psutil
import redis
from sqlalchemy import Engine, text

from secretaria.cli.processes import own_command
from secretaria.clock import SystemClock
from secretaria.database.engine import build_engine
from secretaria.database.migrate import upgrade
from secretaria.errors import Unavailable
from secretaria.local import supervisor as supervision
from secretaria.local.engine_process import EngineFailed
from secretaria.local.engines import EmbeddedEngines
from secretaria.local.supervisor import Program, Supervisor
from secretaria.queue.broker import build_redis
from secretaria.settings import Flavour
from secretaria.simulation import SAMPLE_BUSINESS
from secretaria.simulation.faults import LlmFaults, SendFaults
from secretaria.simulation.ledger import Ledger
from secretaria.simulation.llm_server import create_llm
from secretaria.simulation.phone import Event, Phone, text_event
from secretaria.simulation.serving import LocalServer
from secretaria.simulation.tickets import TicketBook
from secretaria.simulation.whaticket_server import create_whaticket
from tests.acceptance.commands import free_port
from tests.builders import TOKEN
from tests.chaos.configuration import WHATICKET_TOKEN, Addresses, environment_of
from tests.chaos.proxy import TcpProxy

EMAIL, PASSWORD = "atendente@exemplo.test", "senha-inventada"
START_SECONDS = 180.0
POST_SECONDS = 240.0
RETRY_SECONDS = 0.2
RESTART_SECONDS = 0.5
ACCEPTED = 202
MIGRATING = threading.Lock()  # alembic keeps one migration of a process in globals


@dataclass(frozen=True, slots=True)
class Accepted:
    """One message that was answered with 202."""

    number: str
    message_id: str
    at: datetime


@contextmanager
def quick_restarts() -> Iterator[None]:
    """Bring back dead programs after half a second however often they die, in all shops opened meanwhile."""
    with mock.patch.object(supervision, "LONGEST_PAUSE_SECONDS", RESTART_SECONDS):
        yield


class ChaosShop:
    """One installation with everything around it; a context manager.

    Attributes:
        flavour: The edition of its Whaticket.
        readable: Whether a send can be read back: ticketz is given no panel login here.
        engine: A connection of ours to its database.
        accepted: The 202 log.
        whaticket: The proxy in front of Whaticket.
        llm: The proxy in front of the model.
        valkey: The proxy in front of Valkey.
        unposted: Customers of whom Whaticket told nobody.
        spoken: When it was accepted that a person wrote to a customer.
    """

    def __init__(
        self,
        flavour: Flavour = "saas",
        *,
        workers: int = 2,
        home: Path | None = None,
        variables: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """Describe a shop.

        Args:
            flavour: The edition of its Whaticket.
            workers: How many worker processes there are.
            home: Where everything is kept; a folder of its own when left out.
            variables: What is added to the environment of a program, by its name.
        """
        self._given_home = home
        self._added = variables or {}
        self.flavour: Flavour = flavour
        self.readable = flavour != "ticketz"
        self._names = ["serve", *(f"worker-{number}" for number in range(workers))]
        self.ledger, self.send_faults, self.llm_faults = Ledger(), SendFaults(), LlmFaults()
        self.unposted: list[str] = []
        self.spoken: dict[str, datetime] = {}
        self.book = TicketBook(SystemClock())
        self.accepted: list[Accepted] = []
        self.said: list[str] = []
        self._stopping = threading.Event()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with self._stack as stack:
            self._open(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def write(
        self, number: str, said: str, *, at: datetime | None = None, repeated: int = 1, posted: bool = True
    ) -> None:
        """Let a customer write: Whaticket has it, and posts it until it is told 202, as a relay with a memory does.

        Args:
            number: The customer.
            said: What is written.
            at: When it was written, by Whaticket; now when left out.
            repeated: How often Whaticket posts it although it was told 202.
            posted: Whether Whaticket posts it at all.
        """
        identifier = _new_id()
        self.book.receive(number, said, identifier)
        if not posted:
            self.unposted.append(number)
            return
        for _ in range(repeated):
            self._post(number, said, identifier, at or datetime.now(UTC))

    def arm(self, name: str) -> None:
        """Let the next process that passes this point die there."""
        draft = self._crash_file.with_suffix(".draft")
        draft.write_text(name, encoding="utf-8")
        draft.rename(self._crash_file)

    @property
    def armed(self) -> bool:
        """Whether the armed point has not been passed yet."""
        return self._crash_file.exists()

    def kill_caller(self, port: int) -> None:
        """Kill the program that holds the other end of a connection."""
        self.signal_caller(port, Signals.SIGKILL)

    def signal_caller(self, port: int, number: Signals) -> psutil.Process | None:
        """Send a signal to the program that holds the other end of a connection, and return it."""
        for process in self.processes().values():
            with suppress(psutil.Error):
                if any(one.laddr and one.laddr.port == port for one in process.net_connections("tcp4")):
                    process.send_signal(number)
                    return process
        return None

    def processes(self) -> dict[str, psutil.Process]:
        """Return the programs that run."""
        found = {}
        for name, status in self._supervisor.statuses().items():
            if status.pid is not None:
                with suppress(psutil.Error):
                    found[name] = psutil.Process(status.pid)
        return found

    def signal(self, name: str, number: Signals = Signals.SIGKILL) -> None:
        """Send a signal to a program, if it runs."""
        process = self.processes().get(name)
        if process is not None:
            with suppress(psutil.Error):
                process.send_signal(number)

    def kill_valkey(self) -> None:
        """Kill Valkey with -9; it is brought back with what its file holds."""
        self.signal_valkey(Signals.SIGKILL)

    def signal_valkey(self, number: Signals) -> None:
        """Send a signal to Valkey, if it runs."""
        if self._engines.valkey_pid is not None:
            os.kill(self._engines.valkey_pid, number)

    def kill_postgres(self) -> None:
        """Kill PostgreSQL with -9; it is brought back and recovers."""
        self.signal_postgres(Signals.SIGKILL)

    def signal_postgres(self, number: Signals, *, sessions: bool = False) -> None:
        """Send a signal to PostgreSQL, if it runs, and to the processes of its sessions where that is asked."""
        if self._engines.postgres_pid is not None:
            with suppress(psutil.Error):
                server = psutil.Process(self._engines.postgres_pid)
                for process in [server, *(server.children() if sessions else [])]:
                    process.send_signal(number)

    def flush_valkey(self) -> None:
        """Let Valkey forget everything."""
        with self.redis() as client:
            client.flushall()

    def redis(self) -> redis.Redis:
        """Connect to Valkey itself, not through its proxy."""
        return build_redis(self.redis_url, timeout_seconds=5.0)

    @property
    def redis_url(self) -> str:
        """Where Valkey itself answers."""
        return self._engines.urls.redis_url

    def scrape(self) -> str:
        """Return the metrics of all its programs."""
        return httpx.get(f"{self._url}/metrics", timeout=10, trust_env=False).text

    def migrate_another(self, name: str) -> int:
        """Run our own command on another database of the same server, made when it is not there; return how it ended."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if (
                connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}).first()
                is None
            ):
                connection.execute(text(f'CREATE DATABASE "{name}"'))
        url = self.engine.url.set(database=name).render_as_string(hide_password=False)
        environment = {**self._variables, "DATABASE_URL": url}
        return subprocess.run(own_command("migrate"), env=environment, capture_output=True, check=False).returncode

    def person_writes(self, number: str, said: str = "Oi, aqui é a Renata da recepção.") -> None:
        """Let a person write from the phone, and Whaticket post it until it is told 202."""
        identifier = _new_id()
        event = text_event(number, said, identifier, datetime.now(UTC), "Clínica")
        event["key"]["fromMe"] = True
        self._post_until_accepted(event, identifier)
        self.spoken[number] = datetime.now(UTC)

    def wait_until_ready(self) -> None:
        """Wait for a service that takes traffic and for a worker that lives."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with suppress(httpx.HTTPError):
                if httpx.get(f"{self._url}/healthz", timeout=3, trust_env=False).is_success:
                    return
            time.sleep(0.1)
        raise AssertionError("\n".join(self.said[-40:]))

    def _post(self, number: str, said: str, message_id: str, at: datetime) -> None:
        self._post_until_accepted(text_event(number, said, message_id, at, "Juliana Prates"), message_id)
        self.accepted.append(Accepted(number, message_id, datetime.now(UTC)))

    def _post_until_accepted(self, event: Event, message_id: str) -> None:
        deadline = time.monotonic() + POST_SECONDS
        while time.monotonic() < deadline:
            with suppress(Unavailable):
                if self._phone.post(event)[0] == ACCEPTED:
                    return
            time.sleep(RETRY_SECONDS)
        raise AssertionError(f"{message_id} was never accepted")

    def _open(self, stack: ExitStack) -> None:
        home = self._given_home or Path(tempfile.mkdtemp(prefix="secretaria-chaos-", dir="/tmp"))
        self.home = home
        home.chmod(0o755)
        (home / "metrics").mkdir()
        if self._given_home is None:
            stack.callback(shutil.rmtree, home, ignore_errors=True)
        self._crash_file = home / "crash"
        self._engines = stack.enter_context(EmbeddedEngines(home / "data"))
        self.engine: Engine = build_engine(self._engines.urls.database_url, pool_size=5)
        stack.callback(self.engine.dispose)
        with MIGRATING:
            upgrade(self.engine)
        email, password = (EMAIL, PASSWORD) if self.readable else ("", "")
        self.whaticket = self._behind_proxy(
            stack,
            create_whaticket(
                self.flavour,
                WHATICKET_TOKEN,
                self.ledger,
                faults=self.send_faults,
                book=self.book,
                email=email,
                password=password,
            ),
        )
        self.llm = self._behind_proxy(stack, create_llm(SAMPLE_BUSINESS, delay_seconds=0.1, faults=self.llm_faults))
        self.valkey = stack.enter_context(TcpProxy(unquote(self._engines.urls.redis_url.removeprefix("unix://"))))
        port = free_port()
        self._url = f"http://127.0.0.1:{port}"
        self._phone = stack.enter_context(Phone(self._url, token=TOKEN))
        environment = self._variables = environment_of(
            Addresses(
                home=home,
                crash_file=self._crash_file,
                port=port,
                database_url=self._engines.urls.database_url,
                valkey_port=self.valkey.port,
                whaticket_port=self.whaticket.port,
                llm_port=self.llm.port,
                panel=(email, password),
            ),
            self.flavour,
        )
        commands = {"serve": own_command("serve", "--port", str(port))}
        worker = own_command("worker", "--processes", "1")
        programs = [
            Program(name, commands.get(name, worker), {**environment, **self._added.get(name, {})})
            for name in self._names
        ]
        self._supervisor = Supervisor(programs, lambda name, line: self.said.append(f"{name} | {line}"))
        stack.callback(self._supervisor.stop, 20.0)
        self._supervisor.start()
        watcher = threading.Thread(target=self._watch, daemon=True)
        watcher.start()
        stack.callback(watcher.join)
        stack.callback(self._stopping.set)
        self.wait_until_ready()

    def _behind_proxy(self, stack: ExitStack, application: object) -> TcpProxy:
        server = stack.enter_context(LocalServer(application))
        return stack.enter_context(TcpProxy(("127.0.0.1", int(server.url.rpartition(":")[2]))))

    def _watch(self) -> None:
        while not self._stopping.wait(0.1):
            self._supervisor.check()
            with suppress(EngineFailed):  # a full disk, for instance; the next round tries again
                self._engines.restart_dead()


def _new_id() -> str:
    return f"3EB0{uuid.uuid4().hex[:16].upper()}"
