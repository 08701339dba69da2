"""Asks each dependency if it is well, all at once and never for longer than two seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import redis
from sqlalchemy import Engine

from secretaria import metrics
from secretaria.database.patience import within
from secretaria.database.schema import SchemaBehind, missing_revisions
from secretaria.errors import SecretariaError
from secretaria.queue.heartbeats import living_workers

LIMIT_SECONDS = 2.0
POSTGRESQL_SECONDS = 1.8  # under the limit, so that a server that hangs does not keep our few threads
Told = tuple[str, Mapping[str, Any]]
_POOL = ThreadPoolExecutor(max_workers=8, thread_name_prefix="health")


@dataclass(frozen=True, slots=True)
class Finding:
    """How one component is.

    Attributes:
        ok: Whether it does its part.
        latency_ms: How long it took to say so.
        detail: What was found, in Portuguese.
        facts: What a program may want of it: the migrations that are missing, the workers' heartbeats.
    """

    ok: bool
    latency_ms: float
    detail: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


class _Down(SecretariaError):
    """A component does not do its part, and something is known of it all the same."""

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.facts = facts


def check_health(engine: Engine, client: redis.Redis) -> dict[str, Finding]:
    """Ask PostgreSQL, Redis and the workers, counting each failure.

    Args:
        engine: With time-outs short enough that a dead server does not keep a thread for ever.
        client: The same.

    Returns:
        A finding by component.
    """
    checks: Mapping[str, Callable[[], Told]] = {
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


def timed(check: Callable[[], str | Told]) -> Finding:
    """Ask one component; whatever it raises is its finding."""
    begun = time.monotonic()
    facts: Mapping[str, Any] = {}
    try:
        told, ok = check(), True
        detail, facts = (told, facts) if isinstance(told, str) else told
    except _Down as error:
        detail, facts, ok = error.message, error.facts, False
    except SecretariaError as error:
        detail, ok = error.message, False
    except Exception as error:  # noqa: BLE001  # whatever is wrong with a component is the finding
        detail, ok = f"não respondeu ({type(error).__name__})", False
    return Finding(ok=ok, latency_ms=round((time.monotonic() - begun) * 1000, 1), detail=detail, facts=facts)


def _ask_postgresql(engine: Engine) -> Told:
    missing = within(POSTGRESQL_SECONDS, engine, partial(missing_revisions, engine))
    if missing:
        raise _Down(SchemaBehind().message, pending_migrations=missing)
    return "no ar, esquema em dia", {"pending_migrations": []}


def _ask_redis(client: redis.Redis) -> Told:
    client.ping()
    return "no ar", {}


def _ask_workers(client: redis.Redis) -> Told:
    living = living_workers(client)
    if not living:
        raise _Down("nenhum worker vivo: secretaria worker", heartbeat_age_seconds={})
    detail = f"{len(living)} vivos, o mais calado há {max(living.values()):.0f} s"
    return detail, {"heartbeat_age_seconds": living}


def _result(future: Future[Finding], begun: float) -> Finding:
    try:
        return future.result(timeout=max(LIMIT_SECONDS - (time.monotonic() - begun), 0.01))
    except StillWaiting:
        return Finding(ok=False, latency_ms=LIMIT_SECONDS * 1000, detail="não respondeu a tempo")
