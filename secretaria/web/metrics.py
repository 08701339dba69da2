"""The scrape: what the processes counted, and what PostgreSQL knows at this moment."""

from __future__ import annotations

from collections.abc import Iterator

from litestar import Response, get
from litestar.di import NamedDependency
from loguru import logger
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlmodel import Session

from secretaria.bootstrap import Installation
from secretaria.metrics import scrape_registry
from secretaria.replies.indicators import read_indicators


@get("/metrics", sync_to_thread=True, media_type="text/plain")
def scrape(installation: NamedDependency[Installation]) -> Response[bytes]:
    """Show every metric in Prometheus's text format."""
    registry = scrape_registry()
    registry.register(LiveCollector(installation.health_engine))
    return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


class LiveCollector(Collector):
    """Reads at scrape time what would be wrong to count: queues and averages belong to the whole installation."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges; none of them while PostgreSQL does not answer, because a zero would be a lie."""
        try:
            with Session(self._engine) as session:
                indicators = read_indicators(session)
        except Exception as error:  # noqa: BLE001  # the rest of the scrape is worth more than the reason
            logger.bind(error=type(error).__name__).warning("indicators_not_read")
            return
        queue = GaugeMetricFamily("secretaria_queue_size", "Rows that wait for a worker.", labels=["queue"])
        for name, size in indicators.waiting.items():
            queue.add_metric([name], size)
        yield queue
        yield GaugeMetricFamily(
            "secretaria_sentiment_average_gauge",
            "Mean sentiment, -1 to 1, of the last 200 labelled turns; 0 while there is none.",
            value=indicators.sentiment_average,
        )
        yield GaugeMetricFamily(
            "secretaria_satisfaction_ratio_gauge",
            "Share of satisfied among those who said so, last 200; 0 while nobody did.",
            value=indicators.satisfaction_ratio,
        )
