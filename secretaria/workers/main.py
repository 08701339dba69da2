"""One worker process: it builds its parts, waits for a database it can work on, and works until told to stop."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time

os.environ.setdefault("dramatiq_queue_prefetch", "512")  # dramatiq's spelling; its default leaves it idle half the time

from loguru import logger

from secretaria import metrics
from secretaria.bootstrap import WORKER_REDIS_SECONDS, Installation
from secretaria.context.schema import INTENTIONS
from secretaria.crashpoints import crashpoint
from secretaria.database.schema import SchemaBehind, require_schema
from secretaria.errors import Unavailable
from secretaria.garbage import spare_what_stays
from secretaria.logs import configure_logs
from secretaria.settings import Settings, load_settings, privacy_key
from secretaria.traces import configure_traces
from secretaria.workers import answering, catching_up, delivery, filing, hearing, reconciling, summarising
from secretaria.workers.crew import Crew
from secretaria.workers.middleware import HoldPaused, Latency
from secretaria.workers.schedule import Schedule

DATABASE_POLL_SECONDS = 0.1


def main() -> None:
    """Run one worker process until SIGTERM or SIGINT."""
    settings = load_settings()
    configure_logs(settings.log, "worker", privacy_key(settings), settings.home / "logs")
    configure_traces(settings.traces.endpoint, "worker")
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    work(settings, stopping)


def work(settings: Settings, stopping: threading.Event) -> None:
    """Take jobs until told to stop; then finish what runs and give back what was only fetched.

    Raises:
        SchemaBehind: The database was not migrated in time.
        BusinessInvalid: Nothing is published yet and the configured folder cannot be.
        DatabaseUnavailable: PostgreSQL did not come up in time.
    """
    installation = Installation(settings, redis_timeout_seconds=WORKER_REDIS_SECONDS)
    metrics.show_all(INTENTIONS)
    broker = installation.broker
    broker.add_middleware(Latency())
    broker.add_middleware(HoldPaused(installation.pauses))
    filing.declare(broker, installation.filing_room())
    catching_up.declare(broker, installation.catch_up_room())
    answering.declare(broker, installation.answering_room())
    hearing.declare(broker, installation.hearing_room())
    summarising.declare(broker, installation.summary_room())
    delivery.declare(broker, installation.dispatch_room())
    reconciling.declare(broker, installation.reconcile_room())
    _wait_for_database(installation, stopping)
    crashpoint("K21")
    section = settings.worker
    crew = Crew(broker, queues=set(section.queues), most_threads=section.threads, seats=settings.database.pool_size)
    schedule = Schedule(installation)
    schedule.start()
    gc.collect()
    gc.freeze()  # what was imported lives as long as the process; no collection needs to look at it again
    crew.start()
    logger.bind(threads=section.threads, queues=",".join(section.queues)).info("worker_started")
    spare_what_stays()
    stopping.wait()
    crashpoint("K21")
    logger.info("worker_stopping")
    crew.stop(timeout=section.shutdown_seconds * 1000)
    schedule.stop()
    installation.lease_keeper.stop()
    installation.gateway.close()
    if installation.panel is not None:
        installation.panel.close()
    installation.chat.close()
    installation.transcriber.close()


def _wait_for_database(installation: Installation, stopping: threading.Event) -> None:
    """Engines, migrations and workers may start side by side; the worker is the one that waits."""
    deadline = time.monotonic() + installation.settings.database.startup_wait_seconds
    logger.info("waiting_for_database")
    while not stopping.is_set():
        try:
            require_schema(installation.engine)
            installation.library.ensure()
        except (Unavailable, SchemaBehind) as error:
            problem = error
        else:
            return
        if time.monotonic() >= deadline:
            raise problem
        stopping.wait(DATABASE_POLL_SECONDS)


if __name__ == "__main__":
    sys.exit(main())  # type: ignore[func-returns-value]  # None is exit code 0
