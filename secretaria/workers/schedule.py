"""What runs every so often in each worker: heartbeat, pauses, sweep, reminders and catching up; none of the workers is special."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from datetime import timedelta

import redis
from loguru import logger

from secretaria.agenda.reminders import place_reminders
from secretaria.bootstrap import Installation
from secretaria.errors import Unavailable
from secretaria.queue.heartbeats import beat, stop_beating, this_worker
from secretaria.queue.jobs import CATCH_UP
from secretaria.replies.recovery import recover_turns
from secretaria.replies.summarising import close_episodes
from secretaria.replies.sweep import sweep
from secretaria.rights.retention import run_daily

SWEEP_SECONDS = 1.0
BEAT_SECONDS = 5.0
CATCH_UP_SECONDS = 60.0
EXPIRE_SECONDS = 60.0
EPISODES_SECONDS = 15.0
FIRST_CATCH_UP_SECONDS = 15.0  # what was spooled while the database was away is filed first
RETAIN_SECONDS = 600.0
FIRST_RETAIN_SECONDS = 60.0
REMIND_SECONDS = 15.0
CATCH_UP_KEY = "secretaria:catch-up"


class Schedule:
    """A thread that beats and sweeps until it is stopped."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._reminders = installation.reminder_room()
        self._stopped = threading.Event()
        self._catch_up_at = time.monotonic() + FIRST_CATCH_UP_SECONDS
        self._expire_at = time.monotonic()
        self._retain_at = time.monotonic() + FIRST_RETAIN_SECONDS
        self._chore: threading.Thread | None = None
        self._episodes_at = time.monotonic()
        self._remind_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="schedule", daemon=True)

    def start(self) -> None:
        """Begin, with a heartbeat at once; what is paused is known before the first job runs."""
        with suppress(Unavailable):  # then every queue is held until the pauses can be read
            self._installation.pauses.refresh()
        self._thread.start()

    def stop(self) -> None:
        """End, and say that this worker has left."""
        self._stopped.set()
        self._thread.join()
        if self._chore is not None:
            self._chore.join()
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
            if time.monotonic() >= self._remind_at:
                self._remind_at = time.monotonic() + REMIND_SECONDS
                self._remind()
            if time.monotonic() >= self._catch_up_at:
                self._catch_up_at = time.monotonic() + CATCH_UP_SECONDS
                self._catch_up()
            if time.monotonic() >= self._retain_at:
                self._retain_at = time.monotonic() + RETAIN_SECONDS
                self._retain()
            self._stopped.wait(SWEEP_SECONDS)

    def _beat(self) -> None:
        try:
            beat(self._installation.redis, this_worker())
        except redis.RedisError as error:
            logger.bind(error=type(error).__name__).warning("heartbeat_not_published")

    def _catch_up(self) -> None:
        """Nudge one worker, whichever asks first in a minute."""
        if self._installation.panel is None:
            return
        try:
            elected = self._installation.redis.set(CATCH_UP_KEY, this_worker(), nx=True, ex=int(CATCH_UP_SECONDS) - 5)
        except redis.RedisError as error:
            logger.bind(error=type(error).__name__).warning("catch_up_not_elected")
            return
        if elected:
            self._installation.publisher.publish(CATCH_UP, self._installation.settings.whaticket.channel)

    def _retain(self) -> None:
        """Begin the day's retention beside the sweep, which must not wait for it."""
        if self._chore is None or not self._chore.is_alive():
            self._chore = threading.Thread(target=self._retain_now, name="retention", daemon=True)
            self._chore.start()

    def _retain_now(self) -> None:
        parts = self._installation
        try:
            run_daily(parts.engine, parts.settings.retention, parts.settings.home, parts.clock.now(), self._stopped)
        except Unavailable:
            logger.warning("retention_postponed")
        except Exception as error:  # noqa: BLE001  # it tells, and goes on tomorrow
            logger.opt(exception=error).error("retention_failed")

    def _remind(self) -> None:
        try:
            place_reminders(self._reminders)
        except Unavailable:
            logger.warning("reminders_postponed")
        except Exception as error:  # noqa: BLE001  # the sweep beside it must go on
            logger.opt(exception=error).error("reminding_failed")

    def _sweep(self) -> None:
        try:
            self._installation.pauses.refresh()
            sweep(
                self._installation.engine,
                self._installation.publisher,
                self._installation.clock,
                self._installation.settings.outbox.unconfirmed_policy,
            )
            recover_turns(
                self._installation.engine,
                self._installation.publisher,
                self._installation.clock,
                self._installation.model_state,
            )
            if time.monotonic() >= self._expire_at:
                self._installation.budget.expire()
                self._expire_at = time.monotonic() + EXPIRE_SECONDS
            if time.monotonic() >= self._episodes_at:
                self._episodes_at = time.monotonic() + EPISODES_SECONDS
                close_episodes(
                    self._installation.engine,
                    self._installation.publisher,
                    self._installation.clock,
                    timedelta(hours=self._installation.settings.episodes.silence_hours),
                )
        except Unavailable:
            self._catch_up_at = time.monotonic() + FIRST_CATCH_UP_SECONDS
            logger.warning("sweep_postponed")
        except Exception as error:  # noqa: BLE001  # the sweep is what recovers everything else; it must not end
            logger.opt(exception=error).error("sweep_failed")
