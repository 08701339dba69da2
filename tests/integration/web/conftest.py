"""The web service on a real server, over the embedded engines."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from loguru import logger
from sqlalchemy import Engine

from secretaria import metrics
from secretaria.bootstrap import Installation
from secretaria.context.schema import INTENTIONS
from secretaria.local.engines import EngineUrls
from secretaria.logs import configure_logs
from secretaria.settings import LogSection, load_settings
from secretaria.simulation.serving import LocalServer
from secretaria.web.app import build_app
from secretaria.web.connections import PunctualProtocol
from tests.builders import SECRET, TOKEN

Start = Callable[..., httpx.Client]


@contextmanager
def service(
    config: Path, environment: dict[str, str], protocol: type[asyncio.Protocol] = PunctualProtocol
) -> Iterator[httpx.Client]:
    """Run one service and talk to it."""
    config.touch()
    installation = Installation(load_settings(config, environment))
    metrics.show_all(INTENTIONS)
    app = build_app(installation)
    with (
        LocalServer(app, protocol=protocol) as server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=15) as client,
    ):
        client.app = app  # type: ignore[attr-defined]  # for tests that walk its routes
        yield client
    installation.engine.dispose()
    installation.health_engine.dispose()
    installation.redis.close()
    installation.broker.close()


@pytest.fixture(scope="module")
def environment(engines: EngineUrls, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a healthy service, which has no spool unless a test gives it one."""
    return {
        "SECRETARIA_HOME": str(tmp_path_factory.mktemp("home")),
        "SECRETARIA__INBOX__SPOOL_MAX_BYTES": "0",
        "DATABASE_URL": engines.app_url,
        "REDIS_URL": engines.redis_url,
        "WEBHOOK_SECRET": SECRET,
        "WEBHOOK_TOKEN": TOKEN,
    }


@pytest.fixture(scope="module")
def healthy(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Run a healthy service for all tests of a module."""
    with service(tmp_path_factory.mktemp("healthy") / "secretaria.toml", environment) as client:
        yield client


@pytest.fixture
def site(healthy: httpx.Client, engine: Engine) -> httpx.Client:  # noqa: ARG001  # the engine empties the tables
    """Talk to a healthy service over an empty database."""
    return healthy


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Start services whose environment is the healthy one but for what a test changes."""
    with ExitStack() as stack:
        yield lambda **changes: stack.enter_context(service(tmp_path / "secretaria.toml", {**environment, **changes}))


@pytest.fixture(params=["json", "console"])
def log(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Catch all that the process writes to its log, as configured in production but for the level."""
    written = io.StringIO()
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    monkeypatch.setattr(sys, "stderr", written)
    for module, hook in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
        monkeypatch.setattr(module, hook, getattr(module, hook))  # put back, as what is set below is the process's
    configure_logs(LogSection(level="DEBUG", format=request.param), "serve")
    yield written
    configure_logs(LogSection(format="console"), "serve")  # nothing is told past loguru then
    logger.remove()
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    logger.configure(patcher=None, extra={})
