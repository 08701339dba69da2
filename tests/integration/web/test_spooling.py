"""A service whose PostgreSQL is away goes on taking traffic, says so, and files everything when it is back."""

from __future__ import annotations

import io
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, make_url

from secretaria.local.engines import EngineUrls
from tests.builders import TOKEN, a_text, rows

Start = Callable[..., httpx.Client]
PATH = f"/webhook/whaticket/{TOKEN}"
NO_POSTGRESQL = "postgresql://ninguem@/nada?host=/nonexistent"
SPOOLING = {"status": "spooling", "detail": "o PostgreSQL não respondeu"}
PLENTY = "1000000"


@pytest.fixture
def sockets() -> Iterator[Path]:
    """Make a short folder where PostgreSQL will answer later."""
    folder = Path(tempfile.mkdtemp(prefix="secretaria-door-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


def spool_bytes(site: httpx.Client) -> float:
    """Scrape how much waits on the disk."""
    (line,) = [
        line for line in site.get("/metrics").text.splitlines() if line.startswith("secretaria_inbox_spool_bytes ")
    ]
    return float(line.split()[-1])


def test_it_is_ready_while_the_spool_has_room(start: Start, tmp_path: Path) -> None:
    """Without PostgreSQL traffic is still sent here, before the first event and after; only the deep look says 503."""
    site = start(DATABASE_URL=NO_POSTGRESQL, SECRETARIA_HOME=str(tmp_path), SECRETARIA__INBOX__SPOOL_MAX_BYTES=PLENTY)
    assert spool_bytes(site) == 0
    for message_id in ("M1", "M2"):
        ready = site.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, SPOOLING)
        answer = site.post(PATH, json=a_text(message_id=message_id))
        assert (answer.status_code, answer.json()["queued"]) == (202, True)
    assert site.get("/healthz").status_code == 503
    assert spool_bytes(site) == sum(file.stat().st_size for file in (tmp_path / "spool").iterdir()) > 0


def test_it_is_not_ready_when_an_event_could_not_be_kept(start: Start, tmp_path: Path) -> None:
    """With the spool full a sender is asked to come again and the proxy to look elsewhere; no connection is refused."""
    site = start(DATABASE_URL=NO_POSTGRESQL, SECRETARIA_HOME=str(tmp_path), SECRETARIA__INBOX__SPOOL_MAX_BYTES="20000")
    answers = [site.post(PATH, json=a_text("x" * 3_000, message_id=f"M{position}")) for position in range(12)]
    codes = [answer.status_code for answer in answers]
    assert codes == sorted(codes)
    assert set(codes) == {202, 503}
    assert {answer.headers.get("retry-after") for answer in answers if answer.status_code == 503} == {"5"}
    ready = site.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
    assert site.get("/livez").status_code == 200


def test_a_folder_that_cannot_be_made_is_no_room(start: Start, tmp_path: Path) -> None:
    """Where nothing can be written, nothing is acknowledged and nothing is promised."""
    (tmp_path / "arquivo").touch()
    site = start(
        DATABASE_URL=NO_POSTGRESQL,
        SECRETARIA_HOME=str(tmp_path / "arquivo"),
        SECRETARIA__INBOX__SPOOL_MAX_BYTES=PLENTY,
    )
    assert site.post(PATH, json=a_text()).status_code == 503
    assert site.get("/readyz").status_code == 503


def test_all_is_filed_when_it_is_back(
    start: Start, engine: Engine, engines: EngineUrls, tmp_path: Path, sockets: Path, log: io.StringIO
) -> None:
    """The service finds PostgreSQL again by itself; the log says once that it began to wait and once that it ended."""
    url = make_url(engines.database_url)
    site = start(
        DATABASE_URL=url.update_query_dict({"host": str(sockets)}).render_as_string(),
        SECRETARIA_HOME=str(tmp_path),
        SECRETARIA__INBOX__SPOOL_MAX_BYTES=PLENTY,
    )
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda position: site.post(PATH, json=a_text(message_id=f"M{position}")), range(40)))
    assert {answer.status_code for answer in answers} == {202}
    (real,) = url.normalized_query["host"]
    (sockets / ".s.PGSQL.5432").symlink_to(Path(real) / ".s.PGSQL.5432")
    deadline = time.monotonic() + 30
    while site.get("/readyz").json() != {"status": "ok"}:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    kept = rows(engine, "inbox_event")
    assert sorted(str(row["id"]) for row in kept) == sorted(answer.json()["event"] for answer in answers)
    assert spool_bytes(site) == 0
    written = log.getvalue()
    assert [written.count(event) > 0 for event in ("spooling_began", "spooling_ended", "spool_filed")] == [True] * 3
    assert len([line for line in written.splitlines() if "spooling_began" in line]) == 1
    assert len([line for line in written.splitlines() if "spooling_ended" in line]) == 1
    assert site.post(PATH, json=a_text(message_id="DEPOIS")).json()["event"] == str(
        rows(engine, "inbox_event")[-1]["id"]
    )


def test_the_next_start_files_what_the_last_one_left(
    start: Start, engine: Engine, engines: EngineUrls, tmp_path: Path
) -> None:
    """A service that ends while PostgreSQL is away leaves its events to any service that starts on this machine."""
    place = {"SECRETARIA_HOME": str(tmp_path), "SECRETARIA__INBOX__SPOOL_MAX_BYTES": PLENTY}
    cut_off = start(DATABASE_URL=NO_POSTGRESQL, **place)
    event = cut_off.post(PATH, json=a_text()).json()["event"]
    (file,) = (tmp_path / "spool").iterdir()
    left = tmp_path / "next" / "spool"
    left.mkdir(parents=True)
    shutil.copy(file, left)  # as it is found after a kill: without a lock
    site = start(DATABASE_URL=engines.database_url, **{**place, "SECRETARIA_HOME": str(left.parent)})
    deadline = time.monotonic() + 30
    while spool_bytes(site) > 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert [str(row["id"]) for row in rows(engine, "inbox_event")] == [event]
