"""The log as files of this machine: every process appends whole lines to one, which makes way for the next when it is full."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

NAME = "secretaria.jsonl"
OLDER = "secretaria.1.jsonl"
PRIVATE = 0o600


class LogFile:
    """Where the processes of one home append their lines; at most twice its size is kept.

    A line is written with one call to a file opened for appending, so lines of several processes never mix. A disk that
    is full or a folder that cannot be written costs lines here and nothing else: the log's own stream has them too.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder, self._most = folder, most_bytes
        self._handle: int | None = None

    def write(self, line: str) -> None:
        """Append one line."""
        with suppress(OSError):
            os.write(self._open(), f"{line}\n".encode())

    def _open(self) -> int:
        """Return the file that is in use now: another process may have turned it over."""
        path = self._folder / NAME
        if self._handle is not None:
            ours = os.fstat(self._handle)
            if _is(path, ours) and ours.st_size < self._most:
                return self._handle
            os.close(self._handle)
            self._handle = None
        self._folder.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        if os.fstat(self._handle).st_size >= self._most:
            self._turn_over(path)
        return self._handle

    def _turn_over(self, path: Path) -> None:
        """Make room, unless another process has just done it: the lock decides which of two does."""
        full = self._handle
        if full is None:
            return
        fcntl.flock(full, fcntl.LOCK_EX)
        try:
            if _is(path, os.fstat(full)):
                path.replace(self._folder / OLDER)
            self._handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        finally:
            os.close(full)


def _is(path: Path, held: os.stat_result) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return (found.st_dev, found.st_ino) == (held.st_dev, held.st_ino)


def kept_lines(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines that are kept in a folder, oldest first."""
    for name in (OLDER, NAME):
        with suppress(FileNotFoundError), (folder / name).open(encoding="utf-8", errors="replace") as file:
            yield from parsed(file)


def parsed(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield what is a line of ours, whatever stands before it: compose and ``up`` write the name of the program there."""
    for line in lines:
        start = line.find("{")
        if start < 0:
            continue
        with suppress(ValueError):
            found = json.loads(line[start:])
            if isinstance(found, dict) and {"time", "level", "message"} <= found.keys():
                yield found
