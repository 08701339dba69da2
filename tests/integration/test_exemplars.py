"""Which event stands for a bucket: the newest of all processes, whatever happens to their files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from secretaria.exemplars import EVERY_SECONDS, SLOT_BYTES, SUFFIX, Shelf, WithExemplars

EVENT = "01980000-0000-7000-8000-00000000000"
KEEP = """
import sys
from pathlib import Path
from secretaria.exemplars import Shelf
Shelf(Path(sys.argv[1])).keep("secretaria_example_seconds", "", 0.5, 0.3, sys.argv[2])
"""
OBSERVE = """
import sys
from uuid import UUID
from secretaria import metrics
metrics.WEBHOOK_LATENCY.observe(float(sys.argv[1]), UUID(sys.argv[2]))
metrics.observe_stage("llm", float(sys.argv[1]), UUID(sys.argv[2]))
"""
SCRAPE = """
from prometheus_client.openmetrics.exposition import generate_latest
from secretaria import metrics
print(generate_latest(metrics.scrape_registry()).decode(), end="")
"""


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Share a folder."""
    return Shelf(tmp_path)


def events(shelf: Shelf) -> dict[str, str]:
    """Return the events by the bound of their bucket."""
    return {bucket[2]: kept.event for bucket, kept in shelf.read().items()}


def test_the_newest_event_of_all_processes_stands(shelf: Shelf, tmp_path: Path) -> None:
    """Another process keeps its own file, which is read after it ended too."""
    shelf.keep("secretaria_example_seconds", "", 0.5, 0.4, EVENT + "1")
    subprocess.run([sys.executable, "-c", KEEP, tmp_path, EVENT + "2"], check=True)
    assert events(shelf) == {"0.5": EVENT + "2"}


def test_a_bucket_takes_one_event_a_second(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """The door may be busy; what it costs is a look at the clock."""
    now = 100.0
    monkeypatch.setattr("secretaria.exemplars.time.monotonic", lambda: now)
    shelf.keep("secretaria_example_seconds", "", 0.5, 0.4, EVENT + "1")
    shelf.keep("secretaria_example_seconds", "", 0.5, 0.4, EVENT + "2")
    shelf.keep("secretaria_example_seconds", "", 1.0, 0.9, EVENT + "3")
    assert events(shelf) == {"0.5": EVENT + "1", "1.0": EVENT + "3"}
    now += EVERY_SECONDS
    shelf.keep("secretaria_example_seconds", "", 0.5, 0.4, EVENT + "4")
    assert events(shelf)["0.5"] == EVENT + "4"


def test_what_is_half_written_is_skipped(shelf: Shelf, tmp_path: Path) -> None:
    """A scrape reads while a process writes; only whole slots count."""
    for bound in (0.5, 1.0):
        shelf.keep("secretaria_example_seconds", "", bound, 0.4, EVENT + "1")
    (file,) = tmp_path.glob(f"*{SUFFIX}")
    held = file.read_bytes()
    (tmp_path / f"torn{SUFFIX}").write_bytes(held[: SLOT_BYTES // 2] + bytes(SLOT_BYTES // 2) + held[SLOT_BYTES:-1])
    file.unlink()
    assert events(Shelf(tmp_path)) == {}


def test_a_folder_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    """This process still knows its own."""
    shelf = Shelf(tmp_path / "gone")
    shelf.keep("secretaria_example_seconds", "", 0.5, 0.4, EVENT + "1")
    shelf.keep("secretaria_example_seconds", "", 1.0, 0.9, EVENT + "2")
    assert events(shelf) == {"0.5": EVENT + "1", "1.0": EVENT + "2"}


def test_only_buckets_of_the_same_series_are_shown_with_it(shelf: Shelf) -> None:
    """Another stage, another bound and the sum stay bare."""
    histogram = Histogram("secretaria_example_seconds", "x", ["stage"], buckets=(0.5, 1.0), registry=None)
    for stage in ("llm", "guards"):
        histogram.labels(stage).observe(0.4)
    shelf.keep("secretaria_example_seconds", "llm", 0.5, 0.4, EVENT + "1")
    registry = CollectorRegistry()
    registry.register(WithExemplars(histogram, shelf))
    told = generate_latest(registry).decode()  # type: ignore[no-untyped-call]  # untyped there
    assert shown(told) == {("secretaria_example_seconds_bucket", "llm", "0.5"): EVENT + "1"}


def test_two_processes_are_one_exposition(tmp_path: Path) -> None:
    """What two processes observed and a third one shows: their counts together, with an event of each bucket."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    quick, slow = uuid4(), uuid4()
    for seconds, event in ((0.003, quick), (0.7, slow)):
        subprocess.run([sys.executable, "-c", OBSERVE, str(seconds), str(event)], check=True, env=environment)
    told = subprocess.run(
        [sys.executable, "-c", SCRAPE], check=True, env=environment, capture_output=True, text=True
    ).stdout
    found = shown(told)
    assert found["secretaria_webhook_latency_seconds_bucket", "", "0.005"] == str(quick)
    assert found["secretaria_webhook_latency_seconds_bucket", "", "1.0"] == str(slow)
    assert found["secretaria_stage_seconds_bucket", "llm", "1.0"] == str(slow)


def shown(exposition: str) -> dict[tuple[str, str, str], str]:
    """Return the events of an exposition by series, stage and bound."""
    return {
        (sample.name, sample.labels.get("stage", ""), sample.labels["le"]): sample.exemplar.labels["correlation_id"]
        for family in text_string_to_metric_families(exposition)  # type: ignore[no-untyped-call]  # untyped there
        for sample in family.samples
        if sample.exemplar
    }
