"""One log for everything, through loguru: readable in a terminal, JSON for machines, and nobody's personal data in either."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TextIO

import msgspec
from loguru import logger

from secretaria.log_files import LogFile
from secretaria.privacy import mask_fields, mask_told, tell_exception, use_key
from secretaria.settings import LogSection

if TYPE_CHECKING:
    from loguru import Message, Record

CONSOLE = (
    "<green>{time:HH:mm:ss.SSS}</green> <level>{level:<7}</level> <cyan>{extra[process]}</cyan> {message} "
    "<dim>{extra[shown]}</dim>\n"
)
QUIET_LIBRARIES = ("httpx", "httpcore", "httpx2", "httpcore2", "openai", "stamina", "alembic", "sqlalchemy")
LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}
INFORMED = {"DEBUG", "INFO"}
TALKATIVE = ("asyncio",)  # below its first line it prints tasks with what they hold
LONGEST_LINE = 8192
LONGEST_MESSAGE = 2000
LONGEST_VALUE = 1000
LONGEST_TRACEBACK = 6000
CUT = "…[cortado]"
TRACEBACK = "traceback"
_TOLD_OF: ContextVar[Mapping[str, object]] = ContextVar("told_of", default=MappingProxyType({"correlation_id": "-"}))


def configure_logs(section: LogSection, process: str, key: bytes | None = None, folder: Path | None = None) -> None:
    """Send every log line of this process, the libraries', warnings' and unhandled errors' included, to standard error.

    Args:
        section: The ``[log]`` section.
        process: What this process is, for instance ``serve``; it stands in every line.
        key: With what contacts are hashed; processes that share it write joinable lines.
        folder: Where the lines are kept as well, for ``secretaria logs``; None keeps them nowhere.
    """
    as_json = section.format == "json" or (section.format == "auto" and not sys.stderr.isatty())
    if key is not None:
        use_key(key)
    logger.remove()
    logger.configure(extra={"process": process, "correlation_id": "-"}, patcher=_hide)
    takes = [_one_by_one(_to(sys.stderr))] if as_json else []
    if not as_json:
        logger.add(sys.stderr, level=section.level, format=_console, backtrace=False, diagnose=False)
    if folder is not None and section.kept_megabytes:
        takes.append(_one_by_one(LogFile(folder, section.kept_megabytes * 1024 * 1024 // 2).write))
    for take in takes:
        logger.add(_json_writer(take), level=section.level, format="{message}", backtrace=False, diagnose=False)
    _PLAIN.begin(process, takes if as_json and section.level in INFORMED else [])
    logging.basicConfig(handlers=[_Forwarder()], level=logging.INFO, force=True)
    logging.captureWarnings(capture=True)
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)  # at INFO they write addresses, numbers among them
    logging.getLogger("uvicorn.access").disabled = True  # its lines hold the path, and so the token of the webhook
    sys.excepthook = _tell_unhandled
    threading.excepthook = lambda told: _tell_unhandled(told.exc_type, told.exc_value, told.exc_traceback)
    sys.unraisablehook = lambda told: _tell_unhandled(told.exc_type, told.exc_value, told.exc_traceback)


def _hide(record: Record) -> None:
    """Mask a record before any sink sees it; the traceback becomes a text, without the values of variables."""
    try:
        message = _one_line(mask_told(record["message"][: 4 * LONGEST_LINE]), LONGEST_MESSAGE)
        extra = {name: _short(value) for name, value in mask_fields(record["extra"]).items()}
        thrown = record["exception"]
        if thrown is not None and thrown.value is not None:
            extra[TRACEBACK] = _cut(tell_exception(thrown.value), LONGEST_TRACEBACK)
    except Exception as error:  # noqa: BLE001  # a line must not fail whoever writes it, nor go out as it came
        message, extra = "line_not_readable", {"process": "-", "correlation_id": "-", "error": type(error).__name__}
    record["message"], record["exception"] = message, None
    record["extra"].clear()
    record["extra"].update(extra)


@contextmanager
def telling_of(**fields: object) -> Iterator[None]:
    """Add fields to every line that is written meanwhile by this thread or task: whose turn it is, for instance."""
    before = _TOLD_OF.set({**_TOLD_OF.get(), **fields})
    try:
        with logger.contextualize(**fields):
            yield
    finally:
        _TOLD_OF.reset(before)


def tell_plainly(message: str, fields: Mapping[str, object], *, where: str) -> None:
    """Write a line at level INFO whose fields are ids, numbers and words of closed sets, so that nobody need mask them.

    For what is told of every event: masking and formatting such a line cost as much as keeping the event. What is told
    in one turn of an event loop is written with one call, what a thread tells at once. In a terminal it is a line like
    all others.

    Args:
        message: The name of what happened.
        fields: By name; nothing of a customer. What ``telling_of`` surrounds is added.
        where: The module that tells it.
    """
    if _PLAIN.takes:
        _PLAIN.tell({"message": message, "where": where, "process": _PLAIN.process, **_TOLD_OF.get(), **fields})
    else:
        logger.opt(depth=1).bind(**fields).info(message)


def _json_writer(take: Callable[[str], None]) -> Callable[[Message], None]:
    return lambda line: take(encode(line.record))


def _to(stream: TextIO) -> Callable[[str], None]:
    def write(line: str) -> None:
        stream.write(f"{line}\n")
        stream.flush()

    return write


def _one_by_one(take: Callable[[str], None]) -> Callable[[str], None]:
    """Let one thread write at a time: plain lines do not wait for loguru, nor loguru for them."""
    alone = threading.Lock()

    def write(line: str) -> None:
        with alone:
            take(line)

    return write


def encode(record: Record) -> str:
    """Return a record as one line of JSON, escaped and no longer than a log's reader takes."""
    fields = {
        "time": record["time"].isoformat(timespec="milliseconds"),
        "level": record["level"].name,
        "message": record["message"],
        "where": f"{record['name']}:{record['line']}",
        **{name: value for name, value in record["extra"].items() if name != "shown"},
    }
    line = json.dumps(fields, default=str)
    while len(line) > LONGEST_LINE:
        longest = max(fields, key=lambda name: len(json.dumps(fields[name], default=str)))
        told = fields[longest] if isinstance(fields[longest], str) else json.dumps(fields[longest], default=str)
        fields[longest] = told[: len(told) // 2].removesuffix(CUT) + CUT
        line = json.dumps(fields, default=str)
    return line


def _console(record: Record) -> str:
    """Return the format of one line in a terminal; the traceback stands under it."""
    hidden = {"process", "shown", TRACEBACK}
    shown = {name: value for name, value in record["extra"].items() if name not in hidden}
    record["extra"]["shown"] = _one_line(str(shown), LONGEST_MESSAGE)
    return CONSOLE + ("{extra[traceback]}\n" if TRACEBACK in record["extra"] else "")


def _short(value: Any) -> Any:  # noqa: ANN401  # a log line takes anything
    return _one_line(value, LONGEST_VALUE) if isinstance(value, str) else value


def _one_line(text: str, limit: int) -> str:
    """Escape what would begin a new line, colour a terminal or turn the direction of writing."""
    shown = text[:limit]
    escaped = shown if shown.isprintable() else "".join(map(_escaped, shown))
    return _cut(escaped if len(text) <= limit else escaped + CUT, limit + len(CUT))


def _escaped(character: str) -> str:
    return character if character.isprintable() else repr(character)[1:-1]


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - len(CUT)] + CUT


def _tell_unhandled(kind: type[BaseException], value: BaseException | None, _: object) -> None:
    if value is None or issubclass(kind, KeyboardInterrupt):
        return
    logger.opt(exception=value).critical("unhandled_error")


class _Forwarder(logging.Handler):
    """Hands the records of the standard library's logging to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        level: Any = record.levelname if record.levelname in LEVELS else 20
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # a library's mistake in its own format
            message = str(record.msg)
        if record.name.startswith(TALKATIVE):
            message = message.partition("\n")[0]
        thrown = record.exc_info[1] if record.exc_info else None
        logger.bind(library=record.name).opt(exception=thrown).log(level, "{}", message)


class _PlainLines:
    """Lines that wait to be written together, and who takes them."""

    def __init__(self) -> None:
        self.begin("-", [])

    def begin(self, process: str, takes: Sequence[Callable[[str], None]]) -> None:
        self.process, self.takes = process, takes
        self._waiting: list[Mapping[str, object]] = []

    def tell(self, fields: Mapping[str, object]) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a thread, beside others
            self._write([fields])
            return
        self._waiting.append(fields)
        if len(self._waiting) == 1:
            loop.call_soon(self._write_waiting)

    def _write_waiting(self) -> None:
        told, self._waiting = self._waiting, []
        self._write(told)

    def _write(self, told: Sequence[Mapping[str, object]]) -> None:
        head = {"time": datetime.now().astimezone().isoformat(timespec="milliseconds"), "level": "INFO"}
        lines = b"\n".join([msgspec.json.encode({**head, **fields}) for fields in told]).decode()
        for take in self.takes:
            take(lines)


_PLAIN = _PlainLines()
