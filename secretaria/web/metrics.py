"""The scrape: what the processes counted, and what PostgreSQL and Redis know at this moment."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.exposition import choose_encoder

from secretaria.bootstrap import Installation
from secretaria.health import check_health
from secretaria.metrics import scrape_registry
from secretaria.web.access import for_internal
from secretaria.web.live_metrics import BreakerCollector, HealthCollector, RedisCollector, RowCollector, SpoolCollector

OPENMETRICS = "application/openmetrics-text"


@get("/metrics", sync_to_thread=True, media_type="text/plain", **for_internal())
def scrape(request: Request[Any, Any, Any], installation: NamedDependency[Installation]) -> Response[bytes]:
    """Show every metric; a scrape is a health check too, so that failures are counted.

    Whoever asks for OpenMetrics, as Prometheus does, is shown exemplars; others get Prometheus's older text.

    What is known to be away is not asked again: a scrape never takes much longer than the health check.
    """
    registry = scrape_registry()
    findings = check_health(installation.health_engine, installation.redis)
    registry.register(HealthCollector(findings))
    registry.register(SpoolCollector(installation.spool))
    if findings["postgresql"].ok:
        registry.register(RowCollector(installation))
    if findings["redis"].ok:
        registry.register(BreakerCollector(installation.breaker, installation.breakers()))
        registry.register(RedisCollector(installation.redis, installation.sessions))
    accepted = request.headers.get("accept", "")
    encode, told = choose_encoder(accepted) if OPENMETRICS in accepted else (generate_latest, CONTENT_TYPE_LATEST)
    return Response(encode(registry), headers={"Content-Type": told})
