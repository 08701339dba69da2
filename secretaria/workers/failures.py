"""What a worker does with an error: the row is the truth, so a job may simply end and the sweep brings it back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from loguru import logger

from secretaria.errors import Unavailable


@contextmanager
def leave_to_the_sweep() -> Iterator[None]:
    """End the job quietly whatever happens; nothing is retried by the queue, which would keep tracebacks in Redis."""
    try:
        yield
    except Unavailable as error:
        logger.bind(error=type(error).__name__).warning("job_postponed")
    except Exception as error:  # noqa: BLE001  # our mistake: say so, and go on with the next job
        logger.opt(exception=error).error("job_failed")
