"""The last event that fell into each bucket of a histogram: from a slow bucket on a dashboard to the log of one message.

prometheus-client keeps no exemplars where several processes share their counters through files, so each process keeps its own
beside them: one file, one slot for each bucket, overwritten in place. A slot carries its checksum, so that a scrape that
reads while a process writes skips what is half there. A bucket takes one event a second at most: it needs one, and the door is busy.
"""

from __future__ import annotations

import json
import os
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

from prometheus_client import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar, Sample
from prometheus_client.utils import floatToGoString

MULTIPROCESS_DIR = "PROMETHEUS_MULTIPROC_DIR"  # must be set before prometheus_client is imported
SUFFIX = ".exemplars"
LABEL = "correlation_id"
SLOT_BYTES, CHECKSUM_BYTES = 256, 8
MOST_SLOTS = 512
EVERY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Kept:
    """One event in a bucket.

    Attributes:
        bucket: The series it stands for: name of the histogram, its one label or "", and the bound as Prometheus spells it.
        event: The correlation id.
        seconds: What was observed.
        at: When, in seconds since 1970.
    """

    bucket: tuple[str, str, str]
    event: str
    seconds: float
    at: float


class Shelf:
    """The exemplars of one process, in its memory, and in its file where others may read them."""

    def __init__(self, folder: Path | None) -> None:
        """Open nothing yet; the file is made by the first event.

        Args:
            folder: Where the processes share what they counted; None where this one is alone.
        """
        self._folder = folder
        self._kept: dict[tuple[str, str, str], Kept] = {}
        self._slots: dict[tuple[str, str, str], int] = {}
        self._taken_at: dict[tuple[str, str, float], float] = {}
        self._lock = threading.Lock()
        self._file: int | None = None

    def keep(self, name: str, label: str, bound: float, seconds: float, event: UUID | str) -> None:
        """Let an event stand for a bucket."""
        place, now = (name, label, bound), time.monotonic()
        if now < self._taken_at.get(place, -EVERY_SECONDS) + EVERY_SECONDS:
            return
        self._taken_at[place] = now
        bucket = (name, label, floatToGoString(bound))  # type: ignore[no-untyped-call]  # untyped there
        kept = Kept(bucket, str(event), seconds, round(time.time(), 3))
        with self._lock:
            self._kept[bucket] = kept
            if self._folder is not None and len(self._slots) < MOST_SLOTS:
                self._write(self._folder, kept)

    def read(self) -> dict[tuple[str, str, str], Kept]:
        """Return the newest event of each bucket, of all processes that share the folder, those that ended among them."""
        with self._lock:
            found = list(self._kept.values())
        if self._folder is not None:
            found += [kept for path in self._folder.glob(f"*{SUFFIX}") for kept in _slots_of(path)]
        return {kept.bucket: kept for kept in sorted(found, key=lambda one: one.at)}

    def _write(self, folder: Path, kept: Kept) -> None:
        """A folder that cannot be written costs the exemplars of other processes, never an observation."""
        try:
            if self._file is None:
                path = folder / f"{os.getpid()}{SUFFIX}"
                self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
            record = _record(kept)
            if len(record) == SLOT_BYTES:
                slot = self._slots.setdefault(kept.bucket, len(self._slots))
                os.pwrite(self._file, record, slot * SLOT_BYTES)
        except OSError:
            self._folder = None


class WithExemplars(Collector):
    """Shows the families of another collector, the buckets of histograms with the event that fell into them last."""

    def __init__(self, inner: Collector, shelf: Shelf) -> None:
        self._inner, self._shelf = inner, shelf

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        kept = self._shelf.read()
        for family in self._inner.collect():
            if family.type == "histogram":
                family.samples = [_shown(family.name, sample, kept) for sample in family.samples]
            yield family


def _shown(name: str, sample: Sample, kept: dict[tuple[str, str, str], Kept]) -> Sample:
    bound = sample.labels.get("le")
    if bound is None:
        return sample
    label = next((value for key, value in sample.labels.items() if key != "le"), "")
    found = kept.get((name, label, bound))
    if found is None:
        return sample
    return sample._replace(exemplar=Exemplar({LABEL: found.event}, found.seconds, found.at))


def _record(kept: Kept) -> bytes:
    written = json.dumps(asdict(kept)).encode().ljust(SLOT_BYTES - CHECKSUM_BYTES)
    return f"{zlib.crc32(written):08x}".encode() + written


def _slots_of(path: Path) -> Iterable[Kept]:
    try:
        held = path.read_bytes()
    except OSError:  # its process ended with the folder
        return
    for begin in range(0, len(held) - SLOT_BYTES + 1, SLOT_BYTES):
        checksum, written = held[begin : begin + CHECKSUM_BYTES], held[begin + CHECKSUM_BYTES : begin + SLOT_BYTES]
        if f"{zlib.crc32(written):08x}".encode() == checksum:
            told = json.loads(written)
            yield Kept(**{**told, "bucket": tuple(told["bucket"])})


def _shared_folder() -> Path | None:
    folder = os.environ.get(MULTIPROCESS_DIR)
    return Path(folder) if folder else None


SHELF = Shelf(_shared_folder())
