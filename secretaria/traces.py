"""Optional traces: one for each message through all processes, under the id that its log lines carry; off, they cost nothing."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from secretaria.errors import ConfigurationError

REQUEST = "webhook"

Tell = Callable[[str, UUID, float, float], None]
_tell: Tell | None = None


def configure_traces(endpoint: str, process: str) -> None:
    """Send the spans of this process to a collector, in batches and beside the work.

    Args:
        endpoint: Of OTLP over HTTP, for instance ``http://collector:4318``; empty leaves traces off.
        process: What this process is, for instance ``serve``.

    Raises:
        ConfigurationError: The libraries of the extra ``otel`` are not installed.
    """
    global _tell  # noqa: PLW0603  # one exporter a process, as there is one log
    if not endpoint:
        return
    try:
        from secretaria.spans import exporting  # noqa: PLC0415  # an extra, which nobody pays for who does not trace
    except ImportError as error:
        raise ConfigurationError(
            "[traces] endpoint está preenchido, e as bibliotecas de rastros não estão instaladas",
            "instale o extra: pip install 'secretaria[otel]'",
        ) from error
    _tell = exporting(endpoint, process)


def trace_stage(stage: str, event: UUID, seconds: float, ended_ago: float = 0.0) -> None:
    """Tell one stage of a message's way that is over; nothing while traces are off.

    Args:
        stage: Its name, from a closed set; ``REQUEST`` is what all others belong to.
        event: The correlation id.
        seconds: How long it took.
        ended_ago: Seconds since it ended.
    """
    if _tell is not None:
        _tell(stage, event, seconds, ended_ago)
