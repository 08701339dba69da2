"""Gauges that are read when they are scraped, because they belong to the whole installation and not to a process."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

import redis
from loguru import logger
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlmodel import Session

import secretaria
from secretaria.attendants.sessions import Sessions, SessionsUnavailable
from secretaria.bootstrap import HEALTH_SECONDS, Installation
from secretaria.breaker import Breaker
from secretaria.database.patience import within
from secretaria.errors import SecretariaError
from secretaria.health import Finding
from secretaria.inbox.spool import Spool
from secretaria.knowledge.business import BusinessCard
from secretaria.queue.heartbeats import living_workers
from secretaria.replies.indicators import Indicators, read_indicators
from secretaria.replies.pulse import Pulse, read_pulse


class HealthCollector(Collector):
    """Shows what the health check of this scrape found, and which version answers."""

    def __init__(self, findings: Mapping[str, Finding]) -> None:
        self._findings = findings

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges."""
        yield _labelled(
            "secretaria_component_up",
            "Whether a component is well: 1, or 0.",
            "component",
            {name: float(finding.ok) for name, finding in self._findings.items()},
        )
        yield _labelled(
            "secretaria_component_latency_seconds",
            "How long a component took to answer the health check.",
            "component",
            {name: finding.latency_ms / 1000 for name, finding in self._findings.items()},
        )
        version = {secretaria.__version__: 1.0}
        yield _labelled("secretaria_build_info", "The version that answers.", "version", version)


class SpoolCollector(Collector):
    """Shows what waits on the disk of this machine."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauge."""
        yield GaugeMetricFamily(
            "secretaria_inbox_spool_bytes",
            "Events on the disk of this machine that wait for PostgreSQL.",
            value=self._spool.size(),
        )


class RowCollector(Collector):
    """Reads what the rows of PostgreSQL say; nothing while they cannot be read, because a zero would be a lie."""

    def __init__(self, installation: Installation) -> None:
        self._parts = installation

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges."""
        try:
            read = within(HEALTH_SECONDS, self._parts.health_engine, self._read)
        except Exception as error:  # noqa: BLE001  # the rest of the scrape is worth more than the reason
            logger.bind(error=type(error).__name__).warning("indicators_not_read")
            return
        indicators, pulse, shares = read
        yield from _queues(indicators, pulse)
        yield from _labels_of_turns(indicators)
        yield from _retention(pulse)
        if self._parts.settings.backup.daily:  # whoever copies in another way is not told that it is missing
            yield from _copies(pulse)
        yield _labelled(
            "secretaria_budget_used_ratio",
            "Part of the model's budget that is used: of the day, the month and the conversation that used most today.",
            "scope",
            shares,
        )

    def _read(self) -> tuple[Indicators, Pulse, Mapping[str, float]]:
        card = self._card()
        with Session(self._parts.health_engine) as session:
            channel = self._parts.settings.whaticket.channel
            pulse = read_pulse(session, self._parts.clock.now(), card, channel)
            shares = {} if card is None else self._parts.budget.shares(session)
            return read_indicators(session), pulse, shares

    def _card(self) -> BusinessCard | None:
        try:
            return self._parts.business.card
        except SecretariaError as error:  # without a business nobody knows when its day begins
            logger.bind(error=type(error).__name__).warning("business_not_read")
            return None


def _queues(indicators: Indicators, pulse: Pulse) -> Iterator[GaugeMetricFamily]:
    yield _labelled("secretaria_queue_size", "Rows that wait for a worker.", "queue", indicators.waiting)
    oldest = {stats.queue: stats.oldest_seconds or 0.0 for stats in pulse.queues}
    yield _labelled("secretaria_queue_oldest_seconds", "Age of the oldest open row; 0 for none.", "queue", oldest)
    paused = {stats.queue: float(stats.paused_at is not None) for stats in pulse.queues}
    yield _labelled("secretaria_queue_paused", "Whether an operator stopped a queue.", "queue", paused)
    standing = GaugeMetricFamily(
        "secretaria_rows_standing",
        "Rows that have not come to their end, or need a person: parked, held, dead.",
        labels=["queue", "state"],
    )
    for stats in pulse.queues:
        for state, count in stats.states.items():
            standing.add_metric([stats.queue, state], count)
    yield standing
    yield GaugeMetricFamily("secretaria_turns_due", "Turns that are due and not at their end.", value=pulse.due_turns)
    yield GaugeMetricFamily(
        "secretaria_turn_lateness_seconds",
        "For how long the longest due turn is due; 0 where none is.",
        value=pulse.latest_seconds,
    )
    yield GaugeMetricFamily(
        "secretaria_silent_business_seconds",
        "Business hours, in seconds, since the last event of Whaticket; NaN where none has come yet.",
        value=_or_nan(pulse.silent_seconds),
    )


def _labels_of_turns(indicators: Indicators) -> Iterator[GaugeMetricFamily]:
    yield GaugeMetricFamily(
        "secretaria_sentiment_average_gauge",
        "Mean sentiment, -1 to 1, of the last 200 labelled turns; NaN while there is none.",
        value=_or_nan(indicators.sentiment_average),
    )
    yield _labelled(
        "secretaria_satisfaction_ratio_gauge",
        "Share of satisfied, last 200: explicit, who said so; inferred, from ended conversations. NaN while unknown.",
        "source",
        {source: _or_nan(ratio) for source, ratio in indicators.satisfaction.items()},
    )
    yield GaugeMetricFamily(
        "secretaria_unlabelled_ratio_gauge",
        "Share of the last 200 decided turns of which the model told nothing; NaN while there is none.",
        value=_or_nan(indicators.unlabelled),
    )


def _retention(pulse: Pulse) -> Iterator[GaugeMetricFamily]:
    at = None if pulse.retained_at is None else pulse.retained_at.timestamp()
    yield GaugeMetricFamily(
        "secretaria_retention_last_run_timestamp_seconds",
        "When the last daily retention ended; NaN where none has.",
        value=_or_nan(at),
    )
    yield _labelled("secretaria_retention_removed_rows", "What it removed, by kind.", "kind", pulse.retained)


def _copies(pulse: Pulse) -> Iterator[GaugeMetricFamily]:
    taken, proved = (None if at is None else at.timestamp() for at in (pulse.copied_at, pulse.proved_at))
    yield GaugeMetricFamily(
        "secretaria_backup_last_timestamp_seconds",
        "The moment that the newest backup shows; NaN where none was made.",
        value=_or_nan(taken),
    )
    yield GaugeMetricFamily("secretaria_backup_last_bytes", "Its size; 0 for none.", value=pulse.copied_bytes)
    yield GaugeMetricFamily(
        "secretaria_backup_verified_timestamp_seconds",
        "When a backup was last restored aside and was the same; NaN where none was.",
        value=_or_nan(proved),
    )


class RedisCollector(Collector):
    """Reads who is there: workers by their heartbeats, people by their sessions."""

    def __init__(self, client: redis.Redis, sessions: Sessions) -> None:
        self._client, self._sessions = client, sessions

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges; none while Redis does not answer."""
        try:
            living, open_sessions = living_workers(self._client), self._sessions.count()
        except (redis.RedisError, SessionsUnavailable) as error:
            logger.bind(error=type(error).__name__).warning("heartbeats_not_read")
            return
        yield GaugeMetricFamily("secretaria_workers_alive", "Workers with a heartbeat.", value=len(living))
        yield GaugeMetricFamily(
            "secretaria_worker_heartbeat_age_seconds",
            "Age of the oldest heartbeat of a living worker; 0 where none lives.",
            value=max(living.values(), default=0.0),
        )
        yield GaugeMetricFamily("secretaria_panel_sessions", "Open sessions of the panel.", value=open_sessions)


class BreakerCollector(Collector):
    """Reads how the circuit breakers stand, which all processes share."""

    def __init__(self, breaker: Breaker, names: Iterable[str]) -> None:
        self._breaker = breaker
        self._names = tuple(names)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield one gauge for each configured service; none while Redis does not answer."""
        states = {name: float(state) for name, state in self._breaker.states(self._names).items()}
        yield _labelled("secretaria_breaker_state", "Circuit breaker: 0 closed, 1 half-open, 2 open.", "name", states)


def _labelled(name: str, told: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, told, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family


def _or_nan(value: float | None) -> float:
    """Show what is unknown as no number: a zero would say neutral, or nobody satisfied."""
    return math.nan if value is None else value
