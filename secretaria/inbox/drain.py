"""The thread of a server process that files the spool once PostgreSQL is back."""

from __future__ import annotations

import threading

from loguru import logger
from sqlalchemy import Engine

from secretaria.database.schema import SchemaBehind
from secretaria.errors import Unavailable
from secretaria.inbox.keeping import file_spool
from secretaria.inbox.spool import Spool
from secretaria.queue.publisher import Publisher

PAUSE_SECONDS = 1.0
STOP_SECONDS = 5.0


class Drain:
    """Tries once a second while something waits; a daemon, because a server that hangs must not hold our end up."""

    def __init__(self, engine: Engine, publisher: Publisher, spool: Spool) -> None:
        self._engine, self._publisher, self._spool = engine, publisher, spool
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="drain", daemon=True)

    def start(self) -> None:
        """Begin with what processes that are gone have left."""
        self._thread.start()

    def stop(self) -> None:
        """End; what still waits is left to the next process."""
        self._stopping.set()
        self._thread.join(STOP_SECONDS)
        if not self._thread.is_alive():
            self._spool.leave()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                filed = file_spool(self._engine, self._publisher, self._spool)
                if filed:
                    logger.bind(events=filed).info("spool_filed")
            except (Unavailable, SchemaBehind):
                pass  # told when it began; events wait
            except Exception as error:  # noqa: BLE001  # whatever it is, the next second tries again
                logger.opt(exception=error).error("spool_not_filed")
            self._stopping.wait(PAUSE_SECONDS)
