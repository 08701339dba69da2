"""The worker's own loop in a thread of the test, over engines that a test may take away."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from sqlalchemy import Engine

from secretaria.clock import SystemClock
from secretaria.database.engine import build_engine
from secretaria.inbox.receive import Door
from secretaria.local.engines import EngineUrls
from secretaria.queue.broker import build_broker
from secretaria.queue.publisher import QueuePublisher
from secretaria.settings import Settings, load_settings
from secretaria.simulation import SAMPLE_BUSINESS
from secretaria.workers import main
from tests.answering import LLM_KEY, WHATICKET_TOKEN, RunWorker, WhaticketSite
from tests.builders import NO_SPOOL, SECRET, TOKEN
from tests.scripted_model import ScriptedModel


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the sweep look for lost rows within a fraction of a second."""
    monkeypatch.setattr("secretaria.replies.sweep.FORGOTTEN_SECONDS", 0.5)
    monkeypatch.setattr("secretaria.workers.schedule.SWEEP_SECONDS", 0.1)


@pytest.fixture
def address(engines: EngineUrls) -> Iterator[Path]:
    """A way to PostgreSQL of the worker's own, which a test may take away and give back."""
    folder = Path(tempfile.mkdtemp(prefix="secretaria-way-", dir="/tmp"))
    way = folder / "pg"
    way.symlink_to(_socket_folder(engines))
    yield way
    shutil.rmtree(folder)


@pytest.fixture
def settings(
    engines: EngineUrls, address: Path, model: ScriptedModel, whaticket: WhaticketSite, tmp_path: Path
) -> Settings:
    """Configure an installation that hardly waits for the customer."""
    config = tmp_path / "secretaria.toml"
    config.write_text(f'[business]\nfolder = "{SAMPLE_BUSINESS}"\n', encoding="utf-8")
    return load_settings(
        config,
        {
            "DATABASE_URL": engines.app_url.replace(_socket_folder(engines), str(address)),
            "REDIS_URL": engines.redis_url,
            "WEBHOOK_SECRET": SECRET,
            "WEBHOOK_TOKEN": TOKEN,
            "WHATICKET_URL": whaticket.url,
            "WHATICKET_TOKEN": WHATICKET_TOKEN,
            "LLM_API_KEY": LLM_KEY,
            "LLM_BASE_URL": model.url,
            "SECRETARIA_HOME": str(tmp_path),
            "SECRETARIA__TURNS__QUIET_PERIOD_SECONDS": "0.3",
            "SECRETARIA__TURNS__DEADLINE_SECONDS": "2",
            "SECRETARIA__DATABASE__CONNECT_TIMEOUT_SECONDS": "1",
            "SECRETARIA__WHATICKET__READ_TIMEOUT_SECONDS": "1",
            "SECRETARIA__WORKER__THREADS": "4",
        },
    )


@pytest.fixture
def run_worker(settings: Settings, engine: Engine, valkey: redis.Redis) -> RunWorker:
    """Run the worker process's own loop in a thread, on empty engines, until the block ends."""
    del engine, valkey

    @contextmanager
    def run() -> Iterator[threading.Event]:
        stopping, failures = threading.Event(), list[BaseException]()

        def work() -> None:
            try:
                main.work(settings, stopping)
            except BaseException as error:  # noqa: BLE001  # told to the test below
                failures.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield stopping
        finally:
            stopping.set()
            thread.join()
        assert failures == []

    return run


@pytest.fixture
def door(engine: Engine, engines: EngineUrls) -> Iterator[Door]:
    """The webhook's side: it commits and nudges over its own connection to Valkey."""
    broker = build_broker(engines.redis_url, timeout_seconds=5)
    yield Door(
        engine, QueuePublisher(broker), SystemClock(), NO_SPOOL, channel="principal", secrets=[SECRET], tokens=[TOKEN]
    )
    broker.client.close()


def _socket_folder(engines: EngineUrls) -> str:
    (folder,) = build_engine(engines.database_url).url.normalized_query["host"]
    return folder
