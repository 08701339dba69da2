"""The stage of the demo: embedded engines, the real service and worker, and the doubles of the outside world."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from secretaria.cli.processes import MULTIPROCESS_DIR, own_command, supervised
from secretaria.errors import Unavailable
from secretaria.local.engines import EmbeddedEngines
from secretaria.local.supervisor import Program, Supervisor
from secretaria.settings import ALIASES, CONFIG_FILE, CONFIG_VARIABLE, ENVIRONMENT_NAMES, OVERRIDE_PREFIX, TurnsSection
from secretaria.simulation import SAMPLE_BUSINESS

if TYPE_CHECKING:
    from secretaria.simulation.ledger import Ledger
    from secretaria.simulation.phone import Phone

QUIET_SECONDS = 1.0
THINKING_SECONDS = 0.2
PAUSE_SECONDS = 0.2  # between two bubbles
READY_SECONDS = 40.0
LAST_LINES = 40


class StageNotReady(Unavailable):
    """The service did not come up; what its processes said last stands in the hint."""

    def __init__(self, said: list[str]) -> None:
        super().__init__("o serviço da demonstração não ficou pronto", "últimas linhas:\n" + "\n".join(said))


class Stage:
    """Everything the demo runs, started side by side and stopped as one.

    Attributes:
        business: The folder whose base answers.
        quiet_seconds: The shortened quiet period.
        answers_by: What writes the answers, in Portuguese.
        phone: Posts what customers type.
        ledger: What the simulated Whaticket sent.
    """

    phone: Phone
    ledger: Ledger

    def __init__(self, real_model: Mapping[str, str]) -> None:
        """Describe the stage.

        Args:
            real_model: Environment that reaches the owner's model; empty for the simulated one.
        """
        self.business = SAMPLE_BUSINESS
        self.quiet_seconds = QUIET_SECONDS
        self.answers_by = f"modelo real, {real_model['SECRETARIA__LLM__MODEL']}" if real_model else ""
        self._real_model = real_model
        self._said: list[str] = []
        self._open = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _start(self) -> None:
        """Start everything that can start at once; the worker waits for the schema, the phone for the service."""
        home = Path(tempfile.mkdtemp(prefix="secretaria-demo-"))
        home.chmod(0o755)  # the engines, which never run as root, must be able to pass
        self._open.callback(shutil.rmtree, home, ignore_errors=True)
        engines = EmbeddedEngines(home, durable=False)
        waking = _Waking(engines)
        self._open.callback(waking.stop)
        port, token = _free_port(), secrets.token_urlsafe(24)
        whaticket_token = secrets.token_urlsafe(16)
        model_port, send_port = _free_port(), _free_port()
        environment = self._environment(home, engines, token, whaticket_token, model_port, send_port)
        programs = [
            Program("serve", own_command("serve", "--port", str(port)), environment),
            Program("worker", own_command("worker"), environment),
        ]
        supervisor = Supervisor(programs, self._listen)
        waking.start()  # first, because everything else waits for the engines
        outside = self._open.enter_context(
            ExitStack()
        )  # it ends after the programs: a turn in the making still calls it
        self._open.callback(supervisor.stop, 10.0)
        supervisor.start()
        self._open_outside_world(outside, whaticket_token, model_port, send_port, port, token)
        waking.join()
        self._wait_until_ready(supervisor, port)

    def _environment(
        self, home: Path, engines: EmbeddedEngines, token: str, whaticket_token: str, model_port: int, send_port: int
    ) -> dict[str, str]:
        """Describe the installation of the demo; nothing of the caller's own configuration leaks into it."""
        own = {*ENVIRONMENT_NAMES, *ALIASES, CONFIG_VARIABLE, MULTIPROCESS_DIR, "SECRETARIA_HOME"}
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in own and not name.startswith(OVERRIDE_PREFIX)
        }
        metrics = home / "metrics"
        metrics.mkdir()
        (home / CONFIG_FILE).write_text(
            f'[business]\nfolder = "{self.business}"\n'
            f"[turns]\n{_hurried(QUIET_SECONDS)}\n"
            f"[outbox]\ntyping_minimum_seconds = {PAUSE_SECONDS}\ntyping_maximum_seconds = {PAUSE_SECONDS}\n"
            '[whaticket]\nflavour = "saas"\n[log]\nformat = "console"\n',
            encoding="utf-8",
        )
        return {
            **supervised(kept),
            CONFIG_VARIABLE: str(home / CONFIG_FILE),
            MULTIPROCESS_DIR: str(metrics),
            "SECRETARIA_HOME": str(home),
            "DATABASE_URL": engines.urls.database_url,
            "REDIS_URL": engines.urls.redis_url,
            "WEBHOOK_TOKEN": token,
            "WHATICKET_URL": f"http://127.0.0.1:{send_port}",
            "WHATICKET_TOKEN": whaticket_token,
            "LLM_API_KEY": "simulada",
            "LLM_BASE_URL": f"http://127.0.0.1:{model_port}/v1",
            **self._real_model,
        }

    def _open_outside_world(
        self, outside: ExitStack, whaticket_token: str, model_port: int, send_port: int, port: int, token: str
    ) -> None:
        from secretaria.simulation.ledger import Ledger
        from secretaria.simulation.llm_server import create_llm
        from secretaria.simulation.phone import Phone
        from secretaria.simulation.serving import LocalServer
        from secretaria.simulation.whaticket_server import create_whaticket

        self.ledger = Ledger()
        whaticket = create_whaticket("saas", whaticket_token, self.ledger)
        outside.enter_context(LocalServer(whaticket, port=send_port))
        if not self._real_model:
            model = create_llm(self.business, delay_seconds=THINKING_SECONDS)
            outside.enter_context(LocalServer(model, port=model_port))
        self.phone = outside.enter_context(Phone(f"http://127.0.0.1:{port}", token=token))

    def _wait_until_ready(self, supervisor: Supervisor, port: int) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not _answers(port):
            supervisor.check()
            if time.monotonic() > deadline:
                raise StageNotReady(self._said[-LAST_LINES:])
            time.sleep(0.05)

    def _listen(self, name: str, line: str) -> None:
        self._said.append(f"{name} | {line}")
        del self._said[:-LAST_LINES]


class _Waking(threading.Thread):
    """Starts the engines and migrates beside everything else that starts."""

    def __init__(self, engines: EmbeddedEngines) -> None:
        super().__init__(name="engines", daemon=True)
        self._engines = engines
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            urls = self._engines.start()  # before anything is imported: they need as long as all imports together
            from secretaria.database.engine import build_engine
            from secretaria.database.migrate import upgrade

            database = build_engine(urls.database_url, pool_size=1)
            upgrade(database)
            database.dispose()
        except BaseException as error:  # noqa: BLE001  # told in the thread that waits
            self._error = error

    def join(self, timeout: float | None = None) -> None:
        super().join(timeout)
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        if self.ident is not None:
            super().join()
        self._engines.stop()


def _hurried(seconds: float) -> str:
    """Shorten every silence to so many seconds, so that nobody waits through a demo."""
    silences = [name for name in TurnsSection.model_fields if name.endswith("_seconds") and name != "deadline_seconds"]
    return "\n".join(f"{name} = {seconds}" for name in silences)


def _answers(port: int) -> bool:
    import httpx

    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2.0, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
