"""One log for everything, through loguru: readable in a terminal, JSON for machines, never with a traceback's values."""

from __future__ import annotations

import logging
import sys
from typing import Any

from loguru import logger

from secretaria.settings import LogSection

CONSOLE = (
    "<green>{time:HH:mm:ss.SSS}</green> <level>{level:<7}</level> <cyan>{extra[process]}</cyan> {message} "
    "<dim>{extra}</dim>"
)
QUIET_LIBRARIES = ("httpx", "httpcore", "httpx2", "httpcore2", "openai", "stamina", "alembic", "sqlalchemy")


def configure_logs(section: LogSection, process: str) -> None:
    """Send every log line of this process, the libraries' included, to standard error.

    Args:
        section: The ``[log]`` section.
        process: What this process is, for instance ``serve``; it stands in every line.
    """
    as_json = section.format == "json" or (section.format == "auto" and not sys.stderr.isatty())
    logger.remove()
    logger.configure(extra={"process": process, "correlation_id": "-"})
    logger.add(
        sys.stderr,
        level=section.level,
        format="{message}" if as_json else CONSOLE,
        serialize=as_json,
        backtrace=False,
        diagnose=False,  # a traceback with the values of variables would print what customers wrote
        enqueue=False,
    )
    logging.basicConfig(handlers=[_Forwarder()], level=logging.INFO, force=True)
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)  # at INFO they write addresses, numbers among them
    logging.getLogger("uvicorn.access").disabled = True  # its lines hold the path, and so the token of the webhook


class _Forwarder(logging.Handler):
    """Hands the records of the standard library's logging to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        level: Any = record.levelname if record.levelname in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"} else 20
        logger.bind(library=record.name).opt(exception=record.exc_info).log(level, record.getMessage())
