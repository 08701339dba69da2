"""The scrape: what the processes counted, and what PostgreSQL and Redis know at this moment."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from litestar import Response, get
from litestar.di import NamedDependency
from loguru import logger
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlmodel import Session

from secretaria.bootstrap import HEALTH_SECONDS, Installation
from secretaria.breaker import Breaker
from secretaria.database.patience import within
from secretaria.errors import SecretariaError
from secretaria.inbox.spool import Spool
from secretaria.llm.budget import Budget
from secretaria.metrics import scrape_registry
from secretaria.replies.indicators import Indicators, read_indicators
from secretaria.web.access import for_internal


@get("/metrics", sync_to_thread=True, media_type="text/plain", **for_internal())
def scrape(installation: NamedDependency[Installation]) -> Response[bytes]:
    """Show every metric in Prometheus's text format."""
    registry = scrape_registry()
    registry.register(LiveCollector(installation.health_engine, installation.spool, installation.budget))
    registry.register(BreakerCollector(installation.breaker, installation.breakers()))
    return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


class LiveCollector(Collector):
    """Reads at scrape time what would be wrong to count: queues and averages belong to the whole installation."""

    def __init__(self, engine: Engine, spool: Spool, budget: Budget) -> None:
        self._engine = engine
        self._spool = spool
        self._budget = budget

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges; those of PostgreSQL not while it does not answer, because a zero would be a lie."""
        yield GaugeMetricFamily(
            "secretaria_inbox_spool_bytes",
            "Events on the disk of this machine that wait for PostgreSQL.",
            value=self._spool.size(),
        )
        try:
            indicators, shares = within(HEALTH_SECONDS, self._engine, self._read)
        except Exception as error:  # noqa: BLE001  # the rest of the scrape is worth more than the reason
            logger.bind(error=type(error).__name__).warning("indicators_not_read")
            return
        queue = GaugeMetricFamily("secretaria_queue_size", "Rows that wait for a worker.", labels=["queue"])
        for name, size in indicators.waiting.items():
            queue.add_metric([name], size)
        yield queue
        yield GaugeMetricFamily(
            "secretaria_sentiment_average_gauge",
            "Mean sentiment, -1 to 1, of the last 200 labelled turns; NaN while there is none.",
            value=_or_nan(indicators.sentiment_average),
        )
        satisfaction = GaugeMetricFamily(
            "secretaria_satisfaction_ratio_gauge",
            "Share of satisfied, last 200: explicit, who said so; inferred, from ended conversations. NaN while unknown.",
            labels=["source"],
        )
        for source, ratio in indicators.satisfaction.items():
            satisfaction.add_metric([source], _or_nan(ratio))
        yield satisfaction
        yield GaugeMetricFamily(
            "secretaria_unlabelled_ratio_gauge",
            "Share of the last 200 decided turns of which the model told nothing; NaN while there is none.",
            value=_or_nan(indicators.unlabelled),
        )
        used = GaugeMetricFamily(
            "secretaria_budget_used_ratio",
            "Part of the model's budget that is used: of the day, the month and the conversation that used most today.",
            labels=["scope"],
        )
        for scope, share in shares.items():
            used.add_metric([scope], share)
        yield used

    def _read(self) -> tuple[Indicators, Mapping[str, float]]:
        with Session(self._engine) as session:
            indicators = read_indicators(session)
            try:
                return indicators, self._budget.shares(session)
            except SecretariaError as error:  # without a business nobody knows when its day begins
                logger.bind(error=type(error).__name__).warning("budget_not_read")
                return indicators, {}


def _or_nan(value: float | None) -> float:
    """Show what is unknown as no number: a zero would say neutral, or nobody satisfied."""
    return math.nan if value is None else value


class BreakerCollector(Collector):
    """Reads at scrape time how the circuit breakers stand, which all processes share."""

    def __init__(self, breaker: Breaker, names: Iterable[str]) -> None:
        self._breaker = breaker
        self._names = tuple(names)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield one gauge for each configured service; none while Redis does not answer."""
        gauge = GaugeMetricFamily(
            "secretaria_breaker_state", "Circuit breaker: 0 closed, 1 half-open, 2 open.", labels=["name"]
        )
        for name, state in self._breaker.states(self._names).items():
            gauge.add_metric([name], state)
        yield gauge
