"""Asks each dependency if it is well, all at once and never for longer than two seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting
from dataclasses import dataclass
from functools import partial

import redis
from sqlalchemy import Engine

from secretaria import metrics
from secretaria.database.patience import within
from secretaria.database.schema import require_schema
from secretaria.errors import SecretariaError
from secretaria.queue.heartbeats import living_workers

LIMIT_SECONDS = 2.0
POSTGRESQL_SECONDS = 1.8  # under the limit, so that a server that hangs does not keep our few threads
_POOL = ThreadPoolExecutor(max_workers=8, thread_name_prefix="health")


@dataclass(frozen=True, slots=True)
class Finding:
    """How one component is.

    Attributes:
        ok: Whether it does its part.
        latency_ms: How long it took to say so.
        detail: What was found, in Portuguese.
    """

    ok: bool
    latency_ms: float
    detail: str = ""


def check_health(engine: Engine, client: redis.Redis) -> dict[str, Finding]:
    """Ask PostgreSQL, Redis and the workers, counting each failure.

    Args:
        engine: With time-outs short enough that a dead server does not keep a thread for ever.
        client: The same.

    Returns:
        A finding by component.
    """
    checks: Mapping[str, Callable[[], str]] = {
        "postgresql": lambda: _ask_postgresql(engine),
        "redis": lambda: _ask_redis(client),
        "workers": lambda: _ask_workers(client),
    }
    begun = time.monotonic()
    asked = {name: _POOL.submit(timed, check) for name, check in checks.items()}
    findings = {name: _result(future, begun) for name, future in asked.items()}
    for name, finding in findings.items():
        if not finding.ok:
            metrics.HEALTHCHECK_FAILURES.labels(component=name).inc()
    return findings


def timed(check: Callable[[], str]) -> Finding:
    """Ask one component; whatever it raises is its finding."""
    begun = time.monotonic()
    try:
        detail, ok = check(), True
    except SecretariaError as error:
        detail, ok = error.message, False
    except Exception as error:  # noqa: BLE001  # whatever is wrong with a component is the finding
        detail, ok = f"não respondeu ({type(error).__name__})", False
    return Finding(ok=ok, latency_ms=round((time.monotonic() - begun) * 1000, 1), detail=detail)


def _ask_postgresql(engine: Engine) -> str:
    within(POSTGRESQL_SECONDS, engine, partial(require_schema, engine))
    return "no ar, esquema em dia"


def _ask_redis(client: redis.Redis) -> str:
    client.ping()
    return "no ar"


def _ask_workers(client: redis.Redis) -> str:
    living = living_workers(client)
    if not living:
        raise SecretariaError("nenhum worker vivo: secretaria worker")
    return f"{len(living)} vivos, o mais calado há {max(living.values()):.0f} s"


def _result(future: Future[Finding], begun: float) -> Finding:
    try:
        return future.result(timeout=max(LIMIT_SECONDS - (time.monotonic() - begun), 0.01))
    except StillWaiting:
        return Finding(ok=False, latency_ms=LIMIT_SECONDS * 1000, detail="não respondeu a tempo")
