"""What runs every so often in each worker: the heartbeat and the sweep; none of the workers is special."""

from __future__ import annotations

import threading
import time

import redis
from loguru import logger

from secretaria.bootstrap import Installation
from secretaria.errors import Unavailable
from secretaria.queue.heartbeats import beat, stop_beating, this_worker
from secretaria.replies.sweep import sweep

SWEEP_SECONDS = 1.0
BEAT_SECONDS = 5.0


class Schedule:
    """A thread that beats and sweeps until it is stopped."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedule", daemon=True)

    def start(self) -> None:
        """Begin, with a heartbeat at once."""
        self._thread.start()

    def stop(self) -> None:
        """End, and say that this worker has left."""
        self._stopped.set()
        self._thread.join()
        try:
            stop_beating(self._installation.redis, this_worker())
        except redis.RedisError:
            logger.warning("farewell_not_said")

    def _run(self) -> None:
        last_beat = float("-inf")
        while not self._stopped.is_set():
            if time.monotonic() - last_beat >= BEAT_SECONDS:
                last_beat = time.monotonic()
                self._beat()
            self._sweep()
            self._stopped.wait(SWEEP_SECONDS)

    def _beat(self) -> None:
        try:
            beat(self._installation.redis, this_worker())
        except redis.RedisError as error:
            logger.bind(error=type(error).__name__).warning("heartbeat_not_published")

    def _sweep(self) -> None:
        try:
            sweep(self._installation.engine, self._installation.publisher, self._installation.clock)
        except Unavailable:
            logger.warning("sweep_postponed")
        except Exception as error:  # noqa: BLE001  # the sweep is what recovers everything else; it must not end
            logger.opt(exception=error).error("sweep_failed")
