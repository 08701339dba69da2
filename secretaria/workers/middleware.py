"""What surrounds every job: its time is measured, and the jobs of a paused queue end at once."""

from __future__ import annotations

import threading
import time

import dramatiq
from dramatiq.middleware import Middleware, SkipMessage

from secretaria import metrics
from secretaria.queue.pauses import PauseBoard


class Latency(Middleware):
    """Observes how long each job took in its thread."""

    def __init__(self) -> None:
        self._thread = threading.local()

    def before_process_message(self, broker: dramatiq.Broker, message: dramatiq.MessageProxy) -> None:  # noqa: ARG002  # dramatiq's hook
        """Start the watch."""
        self._thread.begun = time.perf_counter()

    def after_process_message(
        self,
        broker: dramatiq.Broker,  # noqa: ARG002  # dramatiq's hook
        message: dramatiq.MessageProxy,
        *,
        result: object = None,  # noqa: ARG002  # dramatiq's hook
        exception: BaseException | None = None,  # noqa: ARG002  # dramatiq's hook
    ) -> None:
        """Stop the watch."""
        metrics.TASK_LATENCY.labels(task=message.actor_name).observe(time.perf_counter() - self._thread.begun)


class HoldPaused(Middleware):
    """Ends the jobs of a paused queue before they begin; their rows wait, and the sweep brings them back."""

    def __init__(self, pauses: PauseBoard) -> None:
        self._pauses = pauses

    def before_process_message(self, broker: dramatiq.Broker, message: dramatiq.MessageProxy) -> None:  # noqa: ARG002  # dramatiq's hook
        """Let the job through or not."""
        if self._pauses.holds(message.queue_name):
            raise SkipMessage
