"""Where events wait while PostgreSQL is away: append-only files of this machine, fsynced before the receipt.

Each server process writes a file of its own and holds a lock on it. A file whose lock is free belonged to a process that
is gone, and whoever lives takes it over.
"""

from __future__ import annotations

import fcntl
import json
import os
import struct
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from loguru import logger

from secretaria.errors import Unavailable
from secretaria.inbox.models import Arrival

SUFFIX = ".spool"
FRAME = struct.Struct(">II")  # how many bytes follow, and their CRC-32
USUAL_BYTES = 16 * 1024  # room for a usual event: with less the spool counts as full
REST_SECONDS = 2.0
Request = Sequence[Arrival]


class SpoolFull(Unavailable):
    """PostgreSQL is away and the event could not be kept here either."""

    def __init__(self) -> None:
        super().__init__(
            "o PostgreSQL não respondeu e não há espaço para guardar o evento neste servidor",
            "confira o banco com secretaria doctor, o disco e [inbox] spool_max_bytes",
        )


@dataclass(frozen=True, slots=True)
class SpoolFile:
    """One file that is locked by us for as long as its descriptor is open."""

    path: Path
    descriptor: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What waits to be filed: the requests, oldest first, and the files that hold them."""

    requests: Sequence[Request]
    files: Sequence[SpoolFile]


class Spool:
    """The spool of one process.

    While anything waits in it, or PostgreSQL has just failed, every new event goes here too: order is kept, and nobody
    waits for a server that is away.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        """Describe the spool; nothing is touched before the first event.

        Args:
            folder: Where the files are, shared by all processes of the machine.
            max_bytes: What all files together may hold.
        """
        self._folder = folder
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._growing: SpoolFile | None = None
        self._closed: list[SpoolFile] = []
        self._rests_until = 0.0
        self._refusing = False

    def in_use(self) -> bool:
        """Say whether events must go here without asking PostgreSQL."""
        return self._growing is not None or bool(self._closed) or time.monotonic() < self._rests_until

    def rest(self) -> None:
        """Leave PostgreSQL alone for two seconds after a failure, also where nothing could be kept here."""
        self._rests_until = time.monotonic() + REST_SECONDS

    def append(self, request: Request) -> None:
        """Keep the events of one request; when this returns they are on the disk.

        Raises:
            SpoolFull: They are not: no room, or the disk refused.
        """
        frame = _frame(request)
        with self._lock:
            begins = self._growing is None and not self._closed
            try:
                self._write(frame)
            except OSError as error:
                if not self._refusing:
                    logger.bind(error=error.strerror, bytes=self.size()).error("spool_full")
                self._refusing = True
                raise SpoolFull from error
            self._refusing = False
        if begins:
            logger.warning("spooling_began")

    def size(self) -> int:
        """Return how many bytes the files of all processes hold."""
        total = 0
        for path in self._folder.glob(f"*{SUFFIX}"):
            with suppress(FileNotFoundError):
                total += path.stat().st_size
        return total

    def has_room(self) -> bool:
        """Say whether a usual event could be kept now."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            disk = os.statvfs(self._folder)
        except OSError:
            return False
        free = min(disk.f_bavail * disk.f_frsize, self._max_bytes - self.size())
        return free >= USUAL_BYTES and os.access(self._folder, os.W_OK | os.X_OK)

    def adopt(self) -> bool:
        """Take over the files of processes that are gone.

        Returns:
            Whether anything waits here now.
        """
        adopted = list(_orphans(self._folder))
        if adopted:
            logger.bind(files=len(adopted)).info("spool_adopted")
        with self._lock:
            self._closed += adopted
            return self._growing is not None or bool(self._closed)

    def take(self) -> Taken:
        """Read all that waits; it waits on until it is told to be forgotten, and what comes now goes to a new file."""
        with self._lock:
            self._close_growing()
            files = tuple(self._closed)
        requests = [request for file in files for request in _read(file.path)]
        return Taken(sorted(requests, key=lambda request: request[0].received_at), files)

    def forget(self, taken: Taken) -> None:
        """Remove what is committed; killed before this, the next reader finds events that are there already."""
        for file in taken.files:
            _remove(file)
        with self._lock:
            self._closed = [file for file in self._closed if file not in taken.files]
            ended = self._growing is None and not self._closed
            if ended:
                self._rests_until = 0.0
        if ended:
            logger.info("spooling_ended")

    def leave(self) -> None:
        """Give the files back, as the end of this process would."""
        with self._lock:
            self._close_growing()
            for file in self._closed:
                os.close(file.descriptor)
            self._closed = []

    def _write(self, frame: bytes) -> None:
        if self.size() + len(frame) > self._max_bytes:
            raise OSError(None, "spool_max_bytes")
        if self._growing is None:
            self._growing = _create(self._folder)
        whole = os.fstat(self._growing.descriptor).st_size
        try:
            _write_out(self._growing.descriptor, frame)
        except OSError:
            self._cut_growing(whole)
            raise

    def _cut_growing(self, whole: int) -> None:
        """Undo half a frame, and let nothing come after what may be left of it."""
        if self._growing is not None and whole == 0:
            _remove(self._growing)
            self._growing = None
        elif self._growing is not None:
            with suppress(OSError):
                os.ftruncate(self._growing.descriptor, whole)
            self._close_growing()

    def _close_growing(self) -> None:
        if self._growing is not None:
            self._closed.append(self._growing)
            self._growing = None


def _frame(request: Request) -> bytes:
    """A body is kept once, however many messages it carries."""
    body = next((event.body for event in request if event.body), b"")
    content = json.dumps([_told(event) for event in request]).encode() + b"\n" + body
    return FRAME.pack(len(content), zlib.crc32(content)) + content


def _told(event: Arrival) -> dict[str, object]:
    told = {field.name: getattr(event, field.name) for field in fields(event) if field.name != "body"}
    return {**told, "id": str(event.id), "received_at": event.received_at.isoformat(), "has_body": bool(event.body)}


def _heard(told: dict[str, Any], body: bytes) -> Arrival:
    kept = body if told.pop("has_body") else b""
    arrived = {"id": UUID(told["id"]), "received_at": datetime.fromisoformat(told["received_at"])}
    return Arrival(**{**told, **arrived, "body": kept})


def _read(path: Path) -> Iterator[Request]:
    """Yield the requests of a file up to where it was torn; what comes after was never acknowledged."""
    kept, position = path.read_bytes(), 0
    while position < len(kept):
        content = _content(kept, position)
        if content is None:
            logger.bind(bytes=len(kept) - position).warning("spool_tail_cut")
            return
        position += FRAME.size + len(content)
        told, _, body = content.partition(b"\n")
        yield [_heard(event, body) for event in json.loads(told)]


def _content(kept: bytes, position: int) -> bytes | None:
    if len(kept) - position < FRAME.size:
        return None
    length, checksum = FRAME.unpack_from(kept, position)
    begin = position + FRAME.size
    content = kept[begin : begin + length]
    if not content or len(content) < length or zlib.crc32(content) != checksum:
        return None
    return content


def _create(folder: Path) -> SpoolFile:
    """Create a file that is ours; another process may take it for an orphan in the moment before it is locked."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        path = folder / f"{time.time_ns():020d}-{os.getpid()}{SUFFIX}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            break
        os.close(descriptor)
    created = SpoolFile(path, descriptor)
    try:
        for parent in (folder, folder.parent):  # the names must survive a power cut as well
            entry = os.open(parent, os.O_RDONLY | os.O_DIRECTORY)
            os.fsync(entry)
            os.close(entry)
    except OSError:
        _remove(created)
        raise
    return created


def _write_out(descriptor: int, frame: bytes) -> None:
    written = 0
    while written < len(frame):
        written += os.write(descriptor, frame[written:])
    os.fsync(descriptor)


def _remove(file: SpoolFile) -> None:
    """The lock goes last: whoever gets it then sees that the file has no name any more."""
    file.path.unlink(missing_ok=True)
    os.close(file.descriptor)


def _orphans(folder: Path) -> Iterator[SpoolFile]:
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            descriptor = os.open(path, os.O_RDWR)
        except OSError:  # filed by another process meanwhile, or kept by another user
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        if os.fstat(descriptor).st_nlink:
            yield SpoolFile(path, descriptor)
        else:
            os.close(descriptor)
