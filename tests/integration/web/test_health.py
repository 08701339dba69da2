"""Alive, ready and well are three questions, and none of them ever hangs."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
import redis
from prometheus_client import REGISTRY
from sqlalchemy import Engine, make_url, text

import secretaria
from secretaria.local.engines import EngineUrls
from secretaria.queue.heartbeats import beat, stop_beating

Start = Callable[..., httpx.Client]
NO_POSTGRESQL = "postgresql://ninguem@/nada?host=/nonexistent"
NO_REDIS = "unix:///nonexistent/redis.sock"
COMPONENTS = ("postgresql", "redis", "workers")


def failures() -> dict[str, float]:
    """Return how often each component was found down so far."""
    name = "secretaria_healthcheck_failures_total"
    return {component: REGISTRY.get_sample_value(name, {"component": component}) or 0.0 for component in COMPONENTS}


@contextmanager
def mute_server() -> Iterator[int]:
    """Listen on a port where everybody is accepted and nobody is answered."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as mute:
        yield mute.getsockname()[1]


def test_a_process_lives_without_its_engines(start: Start) -> None:
    """The answer to 'are you alive' depends on nobody else."""
    answer = start(DATABASE_URL=NO_POSTGRESQL, REDIS_URL=NO_REDIS).get("/livez")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": secretaria.__version__})


def test_a_service_is_ready_when_an_event_would_be_kept(site: httpx.Client, start: Start) -> None:
    """A migrated database is all that it takes: neither Redis nor a worker is needed to keep an event."""
    for service in (site, start(REDIS_URL=NO_REDIS)):
        answer = service.get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_without_its_database_and_without_a_spool_a_service_is_not_ready(start: Start) -> None:
    """The proxy is told to send traffic elsewhere, and the operator why."""
    answer = start(DATABASE_URL=NO_POSTGRESQL).get("/readyz")
    assert (answer.status_code, answer.json()) == (
        503,
        {"status": "unavailable", "detail": "o PostgreSQL não respondeu"},
    )


def test_before_its_migrations_a_service_is_not_ready(owner: Engine, engines: EngineUrls, start: Start) -> None:
    """An empty database keeps nothing, and the answer says what is missing."""
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE DATABASE sem_tabelas"))
        empty = make_url(engines.database_url).set(database="sem_tabelas").render_as_string(hide_password=False)
        site = start(DATABASE_URL=empty)
        ready, well = site.get("/readyz"), site.get("/healthz")
        connection.execute(text("DROP DATABASE sem_tabelas WITH (FORCE)"))
    assert ready.status_code == well.status_code == 503
    assert ready.json()["detail"] == "o banco não tem o esquema desta versão"
    postgresql = well.json()["components"]["postgresql"]
    assert postgresql["detail"] == ready.json()["detail"]
    assert postgresql["facts"]["pending_migrations"][0].startswith("0001_")


def test_a_database_migrated_by_the_next_version_still_serves(
    site: httpx.Client, owner: Engine, valkey: redis.Redis
) -> None:
    """While a newer version is rolled out, the one before it goes on taking traffic."""
    beat(valkey, "maquina:1")
    with owner.begin() as connection:
        before = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = '9999_do_futuro'"))
    try:
        answers = site.get("/readyz"), site.get("/healthz")
    finally:
        with owner.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :before"), {"before": before})
    assert [answer.status_code for answer in answers] == [200, 200]


def test_all_is_well(site: httpx.Client, valkey: redis.Redis) -> None:
    """With engines and a worker alive every component is told with its latency, and nothing is counted."""
    beat(valkey, "maquina:1")
    before = failures()
    answer = site.get("/healthz")
    body = answer.json()
    assert (answer.status_code, body["status"], body["version"]) == (200, "ok", secretaria.__version__)
    assert set(body["components"]) == set(COMPONENTS)
    for component in body["components"].values():
        assert component["ok"] is True
        assert 0 <= component["latency_ms"] < 2_000
        assert component["detail"]
    assert body["components"]["postgresql"]["facts"] == {"pending_migrations": []}
    (age,) = body["components"]["workers"]["facts"]["heartbeat_age_seconds"].values()
    assert 0 <= age < 5
    assert failures() == before


@pytest.mark.parametrize(
    ("changes", "down"),
    [
        ({}, {"workers"}),
        ({"REDIS_URL": NO_REDIS}, {"redis", "workers"}),
        ({"DATABASE_URL": NO_POSTGRESQL}, {"postgresql", "workers"}),
        ({"DATABASE_URL": NO_POSTGRESQL, "REDIS_URL": NO_REDIS}, set(COMPONENTS)),
    ],
)
def test_what_is_dead_is_named_and_counted(
    start: Start, valkey: redis.Redis, changes: dict[str, str], down: set[str]
) -> None:
    """A dead component makes the whole 503, by name, and one more failure of it and of no other is counted."""
    beat(valkey, "maquina:1")
    stop_beating(valkey, "maquina:1")
    before = failures()
    answer = start(**changes).get("/healthz")
    body = answer.json()
    assert (answer.status_code, body["status"]) == (503, "unavailable")
    assert {name for name, component in body["components"].items() if not component["ok"]} == down
    after = failures()
    assert {name for name in COMPONENTS if after[name] != before[name]} == down
    assert all(after[name] == before[name] + 1 for name in down)


def test_engines_that_accept_and_never_answer_do_not_hang_the_question(start: Start) -> None:
    """Asked again and again at the same time, the answer comes in seconds: nobody answered in time."""
    with mute_server() as port:
        site = start(
            DATABASE_URL=f"postgresql://ninguem@127.0.0.1:{port}/nada", REDIS_URL=f"redis://127.0.0.1:{port}/0"
        )
        begun = time.monotonic()
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(site.get, ["/healthz", "/readyz"] * 4))
        assert time.monotonic() - begun < 14
        assert {answer.status_code for answer in answers} == {503}
        for answer in answers[::2]:
            assert not any(component["ok"] for component in answer.json()["components"].values())
        assert site.get("/livez").status_code == 200


def test_what_recovers_is_well_again(site: httpx.Client, valkey: redis.Redis) -> None:
    """A worker that comes back is seen at the next question."""
    assert site.get("/healthz").status_code == 503
    beat(valkey, "maquina:2")
    assert site.get("/healthz").status_code == 200
